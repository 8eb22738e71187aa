// The process of a stream: open -> two threads, one for each direction -> the end of either, or of the bridge.
#include "src/control/glib.hpp"
#include "src/control/libvirt/stream_process.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace vmcbridge::control {
namespace {

using ConnectionPtr = GPtr<virConnect, virConnectClose>;
using DomainPtr = GPtr<virDomain, virDomainFree>;
using StreamPtr = GPtr<virStream, virStreamFree>;

constexpr int socket_fd = STDIN_FILENO;
constexpr int report_fd = STDOUT_FILENO;
/// libvirt sends no more than this in one packet.
constexpr std::size_t piece = 256 * 1024 - 24;
/// How long what the bridge has sent last may take to get to the daemon.
constexpr unsigned last_seconds = 5;

/// While it sends, libvirt takes in what comes too, and keeps that until it is asked for. A guest that makes it more
/// than this, with the process' own needs, ends its stream.
constexpr rlim_t memory_max = 256 * 1024 * 1024;

void stay_quiet(void* /*none*/, virError* /*error*/) noexcept {}

void report(std::string_view text) {
    [[maybe_unused]] const auto written = ::write(report_fd, text.data(), text.size());
    ::close(report_fd);
}

int refuse() {
    report(virGetLastErrorMessage());
    return 1;
}

/// Other threads may be within libvirt: nothing of it is taken down.
[[noreturn]] void leave() { ::_exit(0); }

void to_stream(virStream* stream) {
    std::array<char, piece> bytes{};
    for (;;) {
        const auto count = ::read(socket_fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        for (ssize_t sent = 0; sent < count;) {
            const auto part = virStreamSend(stream, &bytes.at(static_cast<std::size_t>(sent)),
                                            static_cast<std::size_t>(count - sent));
            if (part < 0) leave();
            sent += part;
        }
    }
    virStreamAbort(stream);
    leave();
}

void from_stream(virStream* stream) {
    std::array<char, piece> bytes{};
    for (;;) {
        const auto count = virStreamRecv(stream, bytes.data(), bytes.size());
        if (count <= 0) leave();
        for (ssize_t sent = 0; sent < count;) {
            const auto part = ::send(socket_fd, &bytes.at(static_cast<std::size_t>(sent)),
                                     static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
            if (part < 0 && errno == EINTR) continue;
            if (part < 0) leave();
            sent += part;
        }
    }
}

/// Whether or not somebody reads the socket: a thread that is within libvirt, with a daemon that hangs, doesn't.
void wait_for_the_bridge_to_leave() {
    pollfd state{socket_fd, 0, 0};
    while ((state.revents & (POLLHUP | POLLERR)) == 0) ::poll(&state, 1, -1);
    ::alarm(last_seconds);
    for (;;) ::pause();
}

}  // namespace

int run_stream(std::span<const char* const> arguments) {
    if (arguments.size() != 4) return 2;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit memory{memory_max, memory_max};
    ::setrlimit(RLIMIT_DATA, &memory);
    std::signal(SIGALRM, SIG_DFL);
    virSetErrorFunc(nullptr, stay_quiet);
    const ConnectionPtr connection{virConnectOpen(arguments[0])};
    if (!connection) return refuse();
    const DomainPtr domain{virDomainLookupByUUIDString(connection.get(), arguments[1])};
    if (!domain) return refuse();
    const StreamPtr stream{virStreamNew(connection.get(), 0)};
    if (!stream) return refuse();
    const auto open = std::string_view{arguments[2]} == "console" ? virDomainOpenConsole : virDomainOpenChannel;
    if (open(domain.get(), arguments[3], stream.get(), 0) != 0) return refuse();
    report(stream_is_open);
    std::thread{to_stream, stream.get()}.detach();
    std::thread{from_stream, stream.get()}.detach();
    wait_for_the_bridge_to_leave();
    return 0;
}

}  // namespace vmcbridge::control
