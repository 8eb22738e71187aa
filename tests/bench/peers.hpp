#pragma once

#include "tests/bench/process.hpp"
#include "tests/bench/spice_session.hpp"
#include "tests/bench/websocket.hpp"

#include <memory>

namespace vmcbridge::bench {

/// The client's end of a relayed connection: payload, with or without WebSocket frames around it.
class ClientEnd {
public:
    ClientEnd(Fd fd, std::optional<WebSocket> socket)
        : fd_{std::move(fd)}, socket_{std::move(socket)}, buffer_(read_size) {}

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// The next payload bytes; they live until the next call. Errors: Failure, also at the relay's end.
    [[nodiscard]] Bytes receive();

private:
    Fd fd_;
    std::optional<WebSocket> socket_;
    std::vector<std::byte> buffer_;
};

/// One connection through a relay, both ends in our hands.
struct Link {
    ClientEnd client;
    Fd guest;
};

/// A relay under test, running until it is destroyed.
class Relay {
public:
    struct Parts {
        std::string name;
        std::unique_ptr<Process> process;  // none: the generator against itself
        std::uint16_t port = 0;
        Fd target;                                // where it connects for each client
        std::string path;                         // of the WebSocket; empty: bare bytes
        std::string guest;                        // where the agent belongs; empty: a relay of bytes alone
        std::uint16_t spice_port = 0;             // where SPICE clients connect; 0: nowhere
        std::unique_ptr<SpiceSession> session{};  // what it relays are this one's channels
    };
    explicit Relay(Parts parts) : parts_{std::move(parts)} {}

    [[nodiscard]] const std::string& name() const noexcept { return parts_.name; }
    [[nodiscard]] bool is_framed() const noexcept { return !parts_.path.empty(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return parts_.port; }
    [[nodiscard]] const std::string& guest_path() const noexcept { return parts_.guest; }
    [[nodiscard]] std::uint16_t spice_port() const noexcept { return parts_.spice_port; }

    /// Null for the generator against itself.
    [[nodiscard]] const Process* process() const noexcept { return parts_.process.get(); }
    [[nodiscard]] std::chrono::nanoseconds cpu() const;

    /// Relays the channels of a SPICE session.
    [[nodiscard]] bool has_session() const noexcept { return parts_.session != nullptr; }

    [[nodiscard]] Link connect() const;
    /// The same for keys and clicks, which some relays treat apart.
    [[nodiscard]] Link connect_inputs() const;

private:
    Parts parts_;
};

/// Each starts one relay and returns once it accepts clients. Errors: Failure, with the end of the relay's log.
[[nodiscard]] Relay start_direct();
[[nodiscard]] Relay start_copy(const ScratchDirectory& scratch);
[[nodiscard]] Relay start_hand_written(const ScratchDirectory& scratch);
[[nodiscard]] Relay start_websockify(const ScratchDirectory& scratch);
/// `name` keeps the sockets and logs of several daemons apart.
[[nodiscard]] Relay start_vmcbridge(const ScratchDirectory& scratch, const std::filesystem::path& program,
                                    const std::string& name);
/// The daemon before a SPICE server, whose display it relays.
[[nodiscard]] Relay start_vmcbridge_session(const ScratchDirectory& scratch, const std::filesystem::path& program);
/// The daemon as a SPICE server, and nothing else.
[[nodiscard]] Relay start_vmcbridge_spice(const ScratchDirectory& scratch, const std::filesystem::path& program);
/// libspice-server in the process that is built beside this one.
[[nodiscard]] Relay start_spice_server(const ScratchDirectory& scratch);

}  // namespace vmcbridge::bench
