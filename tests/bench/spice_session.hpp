#pragma once

#include "tests/bench/socket.hpp"

#include <cstdint>
#include <vector>

namespace vmcbridge::bench {

/// Both ends of the session of a SPICE server with a relay between them: the server that holds the display, and the
/// viewer that has it. Blocking, one thread. Errors: Failure.
class SpiceSession {
public:
    /// Links both main channels: the relay connects to `server`, the viewer to the relay's `port`.
    SpiceSession(Fd server, std::uint16_t port);

    struct Channel {
        Fd viewer;
        Fd server;
    };
    /// A further channel, linked: what is written to one end comes out of the other.
    [[nodiscard]] Channel open(std::uint8_t type) const;

private:
    Fd listener_;
    std::uint16_t port_;
    std::vector<std::byte> key_;
    Fd server_main_;
    Fd viewer_main_;
    std::uint32_t session_ = 0;  // of the viewer
};

}  // namespace vmcbridge::bench
