#pragma once

#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "proto/wire.hpp"

#include <spice/vd_agent.h>

#include <cstddef>

/// The two headers of the guest's port, little-endian:
///
///     chunk    port u32 | size u32                                 then `size` bytes of one port's stream
///     message  protocol u32 = 1 | type u32 | opaque u64 = 0 | size u32    then `size` bytes of body
///
/// Source: vd_agent.h, VDIChunkHeader and VDAgentMessage.
namespace vmcbridge::agent {

static_assert(sizeof(VDIChunkHeader) == limits::chunk_header && offsetof(VDIChunkHeader, size) == 4);
static_assert(sizeof(VDAgentMessage) == limits::agent_header && offsetof(VDAgentMessage, type) == 4 &&
              offsetof(VDAgentMessage, opaque) == 8 && offsetof(VDAgentMessage, size) == 16);

struct ChunkHeader {
    std::uint32_t port;  ///< as it came: any number
    std::uint32_t size;  ///< bytes after the header
};

struct MessageHeader {
    std::uint32_t protocol = VD_AGENT_PROTOCOL;
    AgentType type{};
    std::uint32_t size = 0;  ///< bytes after the header
};

/// REQUIRES: limits::chunk_header bytes at `from`.
[[nodiscard]] constexpr ChunkHeader load_chunk_header(const std::byte* from) noexcept {
    return {.port = load_le<std::uint32_t>(from), .size = load_le<std::uint32_t>(from + 4)};
}
/// REQUIRES: room for limits::chunk_header bytes at `to`.
constexpr void store(std::byte* to, ChunkHeader header) noexcept {
    store_le(to, header.port);
    store_le(to + 4, header.size);
}

/// REQUIRES: limits::agent_header bytes at `from`. The opaque field is nobody's.
[[nodiscard]] constexpr MessageHeader load_message_header(const std::byte* from) noexcept {
    return {.protocol = load_le<std::uint32_t>(from),
            .type = static_cast<AgentType>(load_le<std::uint32_t>(from + 4)),
            .size = load_le<std::uint32_t>(from + 16)};
}
/// REQUIRES: room for limits::agent_header bytes at `to`.
constexpr void store(std::byte* to, const MessageHeader& header) noexcept {
    store_le(to, header.protocol);
    store_le(to + 4, static_cast<std::uint32_t>(header.type));
    store_le(to + 8, std::uint64_t{0});
    store_le(to + 16, header.size);
}

}  // namespace vmcbridge::agent
