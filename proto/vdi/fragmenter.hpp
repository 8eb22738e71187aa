#pragma once

#include "proto/ids.hpp"
#include "proto/result.hpp"

#include <cstdint>

namespace vmcbridge::vdi {

/// Writes one agent message after the other as chunks of at most limits::chunk_to_guest bytes, cut at message bounds:
/// the 20-byte header whole in the first chunk, no chunk with parts of two messages, as few chunks as possible.
///
/// The mirror of ChunkReader and Assembler. It holds no message: the body comes in pieces, straight into the caller's
/// buffer.
class Fragmenter {
public:
    /// Begins a message of `body_size` bytes (header excluded). REQUIRES: is_idle().
    void begin(ChunkPort port, AgentType type, std::uint32_t body_size) noexcept;

    /// Writes headers and as much of `body` as fits into `out`; both shrink by what was used. A header is written whole
    /// or not at all. Call again with more room, or with the next piece of the body, until is_idle().
    void write(MutableBytes& out, Bytes& body) noexcept;

    /// No message is under way.
    [[nodiscard]] bool is_idle() const noexcept { return body_left_ == 0 && !header_due_; }
    /// Body bytes of the message under way that are still to come.
    [[nodiscard]] std::size_t body_left() const noexcept { return body_left_; }
    /// Body bytes that the chunk under way still takes: until they are there, the peer reads whatever comes as them.
    [[nodiscard]] std::size_t chunk_left() const noexcept { return chunk_left_; }
    /// Forgets the message under way: the connection is gone.
    void reset() noexcept { *this = Fragmenter{}; }

private:
    /// Writes the headers of the next chunk; false: they don't fit.
    bool open_chunk(MutableBytes& out) noexcept;

    ChunkPort port_ = ChunkPort::client;
    AgentType type_{};
    std::uint32_t body_size_ = 0;
    std::size_t body_left_ = 0;
    std::size_t chunk_left_ = 0;  ///< bytes that the chunk under way still takes
    bool header_due_ = false;     ///< the agent header is not written yet
};

}  // namespace vmcbridge::vdi
