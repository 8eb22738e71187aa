#pragma once

#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"

#include <array>
#include <optional>

namespace vmcbridge::bridge {

/// What the guest said, and on which port.
struct GuestEvent {
    ChunkPort port;
    vdi::PortEvent event;
};

/// The guest's byte stream as messages: chunks apart by port, each port's messages put together on its own.
class GuestReader {
public:
    /// The next message, or piece of one, in `input`, which shrinks. nullopt: the input is used up.
    /// Errors are final: the connection must be dropped, then reset().
    [[nodiscard]] Result<std::optional<GuestEvent>> next(Bytes& input, agent::Dialect dialect);
    void reset() noexcept { *this = GuestReader{}; }

private:
    vdi::ChunkReader chunks_;
    std::optional<vdi::ChunkSlice> slice_;  ///< views the input: lives within one run of calls over it
    std::array<vdi::Assembler, 3> ports_;
};

}  // namespace vmcbridge::bridge
