#include "tests/bench/peers.hpp"

#include <spice/enums.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace vmcbridge::bench {
namespace {

using namespace std::chrono_literals;

std::string contents(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

/// The last lines of a log, for a Failure.
std::string log_end(const std::filesystem::path& log) {
    const auto text = contents(log);
    constexpr std::size_t enough = 600;
    return text.size() > enough ? text.substr(text.size() - enough) : text;
}

/// Waits until `ready` says so. Errors: Failure if the process ends or takes longer than `patience`.
void wait_until(const std::string& name, Process& process, const std::filesystem::path& log,
                const std::function<bool()>& ready) {
    for (const auto end = Clock::now() + patience; !ready(); std::this_thread::sleep_for(10ms)) {
        if (!process.is_running()) throw Failure{name + " ended at its start: " + log_end(log)};
        if (Clock::now() > end) throw Failure{name + " is not ready: " + log_end(log)};
    }
}

bool accepts(std::uint16_t port) {
    try {
        return static_cast<bool>(connect_tcp(port));
    } catch (const Failure&) {
        return false;
    }
}

Relay start_own(const ScratchDirectory& scratch, const std::string& kind, std::string name, std::string path) {
    const std::string target = scratch / (kind + ".sock");
    const Fd listener = listen_tcp();
    Relay::Parts parts{std::move(name), nullptr, port_of(listener), listen_unix(target), std::move(path), {}};
    parts.process = std::make_unique<Process>(
        std::vector<std::string>{"/proc/self/exe", "--relay", kind, std::to_string(listener.get()), target},
        scratch / (kind + ".log"), &listener);
    return Relay{std::move(parts)};
}

/// The port behind the last colon of a line that holds all of `words`, or 0.
std::uint16_t announced_port(const std::filesystem::path& log, std::initializer_list<std::string_view> words) {
    std::istringstream lines{contents(log)};
    for (std::string line; std::getline(lines, line);) {
        const auto holds = [&](std::string_view word) { return line.find(word) != line.npos; };
        const auto address = line.find("address=");
        if (lines.eof() || address == line.npos || !std::ranges::all_of(words, holds)) continue;
        return static_cast<std::uint16_t>(std::strtoul(line.c_str() + line.find(':', address) + 1, nullptr, 10));
    }
    return 0;
}

std::vector<std::string> serve(const std::filesystem::path& program, const std::string& guest,
                               const std::string& admin) {
    if (!std::filesystem::exists(program)) throw Failure{program.string() + " is not built"};
    return {program,    "serve",       "--vm",    "bench=unix-listen:" + guest,
            "--listen", "127.0.0.1:0", "--admin", "unix:" + admin};
}

}  // namespace

Bytes ClientEnd::receive() {
    if (socket_) {
        for (;;)
            if (const auto slice = socket_->next(); !slice.bytes.empty()) return slice.bytes;
    }
    const auto count = receive_some(fd_.get(), buffer_);
    if (count == 0) throw Failure{"the relay closed the connection"};
    return Bytes{buffer_}.first(count);
}

std::chrono::nanoseconds Relay::cpu() const { return parts_.process ? parts_.process->cpu() : 0ns; }

Link Relay::connect_inputs() const {
    if (!has_session()) return connect();
    auto channel = parts_.session->open(SPICE_CHANNEL_INPUTS);
    return {ClientEnd{std::move(channel.viewer), {}}, std::move(channel.server)};
}

Link Relay::connect() const {
    if (has_session()) {
        auto channel = parts_.session->open(SPICE_CHANNEL_DISPLAY);
        return {ClientEnd{std::move(channel.viewer), {}}, std::move(channel.server)};
    }
    Fd client = connect_tcp(parts_.port);
    std::optional<WebSocket> socket;
    if (is_framed()) socket.emplace(client.get(), parts_.port, parts_.path, "binary");
    return {ClientEnd{std::move(client), std::move(socket)}, accept_one(parts_.target)};
}

Relay start_direct() {
    Fd target = listen_tcp();
    const auto port = port_of(target);
    return Relay{{"direct", nullptr, port, std::move(target), {}, {}}};
}

Relay start_copy(const ScratchDirectory& scratch) { return start_own(scratch, "copy", "copy", ""); }

Relay start_hand_written(const ScratchDirectory& scratch) {
    return start_own(scratch, "websocket", "hand-written", "/");
}

Relay start_websockify(const ScratchDirectory& scratch) {
    const auto program = find_program("websockify");
    if (!program) throw Failure{"not installed"};
    const std::string target = scratch / "websockify.sock";
    const auto port = port_of(listen_tcp());  // free a moment ago: websockify can't choose its own
    Relay::Parts parts{"websockify", nullptr, port, listen_unix(target), "/", {}};
    const auto log = scratch / "websockify.log";
    parts.process = std::make_unique<Process>(
        std::vector<std::string>{*program, "--unix-target=" + target, "127.0.0.1:" + std::to_string(port)}, log);
    wait_until("websockify", *parts.process, log, [&] { return accepts(port); });
    return Relay{std::move(parts)};
}

Relay start_vmcbridge(const ScratchDirectory& scratch, const std::filesystem::path& program, const std::string& name) {
    const std::string target = scratch / (name + "-display.sock");
    const std::string guest = scratch / (name + "-agent.sock");
    auto command = serve(program, guest, scratch / (name + "-admin.sock"));
    command.insert(command.end(), {"--display", "bench=vnc+unix:" + target});
    Relay::Parts parts{"vmcbridge", nullptr, 0, listen_unix(target), "/vms/bench/display", guest};
    const auto log = scratch / (name + ".log");
    parts.process = std::make_unique<Process>(command, log);
    const auto ready = [&] { return (parts.port = announced_port(log, {"event=listening", "service=http "})) != 0; };
    wait_until("vmcbridge", *parts.process, log, ready);
    return Relay{std::move(parts)};
}

Relay start_vmcbridge_spice(const ScratchDirectory& scratch, const std::filesystem::path& program) {
    const std::string guest = scratch / "spice-agent.sock";
    auto command = serve(program, guest, scratch / "spice-admin.sock");
    command.insert(command.end(), {"--spice-listen", "127.0.0.1:0"});
    Relay::Parts parts{"vmcbridge", nullptr, 0, {}, {}, guest};
    const auto log = scratch / "spice.log";
    parts.process = std::make_unique<Process>(command, log);
    const auto ready = [&] {
        return (parts.spice_port = announced_port(log, {"event=listening", "service=spice "})) != 0;
    };
    wait_until("vmcbridge", *parts.process, log, ready);
    return Relay{std::move(parts)};
}

Relay start_vmcbridge_session(const ScratchDirectory& scratch, const std::filesystem::path& program) {
    if (!std::filesystem::exists(program)) throw Failure{program.string() + " is not built"};
    const std::string server = scratch / "session.sock";
    Fd listener = listen_unix(server);
    Relay::Parts parts{"vmcbridge", nullptr, 0, {}, {}, {}};
    const auto log = scratch / "session.log";
    parts.process = std::make_unique<Process>(
        std::vector<std::string>{program, "serve", "--vm", "bench=spice+unix:" + server, "--listen", "127.0.0.1:0",
                                 "--admin", "unix:" + std::string{scratch / "session-admin.sock"}, "--spice-listen",
                                 "127.0.0.1:0"},
        log);
    std::uint16_t port = 0;
    const auto ready = [&] { return (port = announced_port(log, {"event=listening", "service=spice "})) != 0; };
    wait_until("vmcbridge", *parts.process, log, ready);
    parts.session = std::make_unique<SpiceSession>(std::move(listener), port);
    return Relay{std::move(parts)};
}

Relay start_spice_server(const ScratchDirectory& scratch) {
    const auto program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "vmcbridge_spice_server";
    if (!std::filesystem::exists(program)) throw Failure{"libspice-server-dev is not installed"};
    const std::string guest = scratch / "spice-server.sock";
    Relay::Parts parts{"spice-server", nullptr, 0, {}, {}, guest};
    const auto log = scratch / "spice-server.log";
    parts.process = std::make_unique<Process>(std::vector<std::string>{program, guest}, log);
    const auto ready = [&] { return (parts.spice_port = announced_port(log, {"event=listening"})) != 0; };
    wait_until("spice-server", *parts.process, log, ready);
    return Relay{std::move(parts)};
}

}  // namespace vmcbridge::bench
