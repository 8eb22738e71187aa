#include "tests/bench/guest_wire.hpp"

#include <spice/vd_agent.h>

#include <algorithm>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t chunk_header = sizeof(VDIChunkHeader);
constexpr std::size_t message_header = sizeof(VDAgentMessage);
constexpr std::size_t size_field = 16;

}  // namespace

void append_u32(std::vector<std::byte>& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

std::uint32_t read_u32(Bytes bytes, std::size_t at) {
    if (bytes.size() < at + 4) throw Failure{"a message from the bridge is too short"};
    std::uint32_t value = 0;
    for (std::size_t n = 4; n-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + n]);
    return value;
}

std::vector<std::byte> message_head(std::uint32_t type, std::size_t body) {
    std::vector<std::byte> out;
    append_u32(out, VDP_CLIENT_PORT);
    append_u32(out, static_cast<std::uint32_t>(message_header + body));
    append_u32(out, VD_AGENT_PROTOCOL);
    append_u32(out, type);
    append_u32(out, 0);
    append_u32(out, 0);
    append_u32(out, static_cast<std::uint32_t>(body));
    return out;
}

std::vector<std::byte> whole_message(std::uint32_t type, Bytes body) {
    auto out = message_head(type, body.size());
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

void MessageReader::feed(Bytes bytes, const Handle& handle) {
    while (!bytes.empty()) {
        if (chunk_left_ == 0)
            take_header(bytes);
        else
            take_part(bytes, handle);
    }
}

void MessageReader::take_header(Bytes& bytes) {
    const auto part = std::min(chunk_header - header_.size(), bytes.size());
    header_.insert(header_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (header_.size() < chunk_header) return;
    port_ = read_u32(header_, 0);
    chunk_left_ = read_u32(header_, 4);
    header_.clear();
    if (port_ == 0 || port_ >= ports) throw Failure{"the bridge sent a chunk for port " + std::to_string(port_)};
    if (chunk_left_ == 0 || chunk_left_ > VD_AGENT_MAX_DATA_SIZE)
        throw Failure{"the bridge sent a chunk of " + std::to_string(chunk_left_) + " bytes"};
}

void MessageReader::take_part(Bytes& bytes, const Handle& handle) {
    auto& message = messages_[port_];
    const auto part = std::min(chunk_left_, bytes.size());
    message.insert(message.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    chunk_left_ -= part;
    if (message.size() < message_header) return;
    const auto whole = message_header + read_u32(message, size_field);
    if (message.size() > whole) throw Failure{"the bridge sent a chunk past the end of its message"};
    if (message.size() < whole) return;
    handle(read_u32(message, 4), Bytes{message}.subspan(message_header));
    message.clear();
}

}  // namespace vmcbridge::bench
