#include "src/control/x_server.hpp"

#include <glib-unix.h>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <utility>

// 1. the cookie; 2. Xvnc, which writes the number of the display that it took into a pipe; 3. the number, then ready.

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;

constexpr auto start_deadline = 20s;
constexpr std::size_t display_digits_max = 16;

/// A text of an Xauthority file: its length in two bytes, the high one first, then itself.
void append_counted(std::string& out, const std::string& text) {
    out.push_back(static_cast<char>(text.size() >> 8));
    out.push_back(static_cast<char>(text.size() & 0xff));
    out += text;
}

/// One entry for every address and display (family 0xffff, Xauth.h), since Xvnc chooses the display after this.
std::string write_authority(const std::string& path) {
    std::array<char, 16> cookie{};
    if (getrandom(cookie.data(), cookie.size(), 0) != static_cast<ssize_t>(cookie.size())) return std::strerror(errno);
    std::string entry{"\xff\xff"};
    append_counted(entry, "");
    append_counted(entry, "");
    append_counted(entry, "MIT-MAGIC-COOKIE-1");
    append_counted(entry, {cookie.data(), cookie.size()});
    std::ofstream file{path, std::ios::binary};  // the folder is this user's alone
    return file << entry << std::flush ? std::string{} : path + ": " + std::strerror(errno);
}

std::vector<std::string> arguments(const std::string& executable, const std::string& folder) {
    return {executable, "-displayfd", "3", "-auth", XServer::authority(folder), "-geometry", "1280x800", "-depth", "24",
            "-desktop", "vmcbridge demo", "-nolisten", "tcp", "-noreset", "-rfbport", "-1", "-rfbunixpath",
            XServer::vnc_socket(folder), "-rfbunixmode", "0600", "-SecurityTypes", "None",
            // The clipboard and the size of the screen are the agent's business here.
            "-AcceptCutText=0", "-SendCutText=0", "-AcceptSetDesktopSize=0"};
}

}  // namespace

XServer::~XServer() {
    if (display_pipe_ >= 0) close(display_pipe_);
}

void XServer::start(Program program) {
    if (auto why = write_authority(authority(folder_)); !why.empty()) return fail(why);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(std::strerror(errno));
    display_pipe_ = ends[0];
    program.arguments = arguments(program.arguments.front(), folder_);
    auto child = Child::start(program, [this](const std::string& how) { fail("ended with " + how); }, ends[1]);
    if (!child) return fail(child.error().text);
    child_ = std::move(*child);
    readable_ =
        SourceGuard{g_unix_fd_add(display_pipe_, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP), on_readable, this)};
    deadline_.start(start_deadline, [this] { fail("took no display within 20 s"); });
}

gboolean XServer::on_readable(int, GIOCondition, gpointer self) noexcept {
    auto& server = *static_cast<XServer*>(self);
    if (!server.read_display()) return G_SOURCE_CONTINUE;
    server.readable_.release();
    return G_SOURCE_REMOVE;
}

/// false: there is more to come. The pipe stays open until then: Xvnc writes the newline by itself, and dies if nobody
/// reads it.
bool XServer::read_display() {
    std::array<char, display_digits_max> buffer{};
    const auto count = read(display_pipe_, buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) return true;  // it ends without a number, and fail() is called for that
    display_.append(buffer.data(), static_cast<std::size_t>(count));
    const auto newline = display_.find('\n');
    if (newline == std::string::npos) return display_.size() > display_digits_max;
    display_.resize(newline);
    deadline_.stop();
    events_.ready(":" + display_);
    return true;
}

void XServer::fail(const std::string& why) {
    deadline_.stop();
    if (events_.failed) std::exchange(events_.failed, nullptr)("Xvnc: " + why);
}

void XServer::signal(int number) {
    events_.failed = nullptr;
    if (child_) child_->signal(number);
}

}  // namespace vmcbridge::control
