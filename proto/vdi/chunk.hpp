#pragma once

#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "proto/result.hpp"

#include <array>
#include <optional>

namespace vmcbridge::vdi {

/// A piece of a chunk's body; empty never.
struct ChunkSlice {
    ChunkPort port;
    Bytes bytes;  ///< views the input
};

/// Cuts the guest port's byte stream into pieces of chunk bodies, whatever the reads were cut into.
///
/// Chunk, little-endian: [port u32] [size u32] [size bytes]. A guest's chunk may have any size, zero included; nothing
/// is kept but a header under way, so no size meets an allocator.
class ChunkReader {
public:
    /// Takes the next piece from `input`, which shrinks. nullopt: the input is used up.
    /// Errors: bad_port. The stream can't be read on after an error: reset() with a new connection.
    [[nodiscard]] Result<std::optional<ChunkSlice>> next(Bytes& input);
    void reset() noexcept { *this = ChunkReader{}; }

private:
    std::array<std::byte, limits::chunk_header> header_{};
    std::size_t have_ = 0;  ///< header bytes so far
    std::size_t left_ = 0;  ///< body bytes of the current chunk still to come
    ChunkPort port_ = ChunkPort::client;
};

}  // namespace vmcbridge::vdi
