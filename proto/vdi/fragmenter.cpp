// Body -> chunks, straight into the caller's buffer:
//   1. begin() notes the message; nothing is written.
//   2. write() opens a chunk as long as one may be: its header, with the first one the message's header too.
//   3. write() fills the chunk from the body, then opens the next one.
#include "proto/vdi/fragmenter.hpp"

#include "proto/agent/header.hpp"

#include <algorithm>
#include <cassert>

namespace vmcbridge::vdi {

void Fragmenter::begin(ChunkPort port, AgentType type, std::uint32_t body_size) noexcept {
    assert(is_idle());
    port_ = port;
    type_ = type;
    body_size_ = body_size;
    body_left_ = body_size;
    chunk_left_ = 0;
    header_due_ = true;
}

void Fragmenter::write(MutableBytes& out, Bytes& body) noexcept {
    while (!is_idle()) {
        if (chunk_left_ == 0) {
            // A later chunk waits for something to put in it: one that stands open and empty would serve nobody.
            if (!header_due_ && body.empty()) return;
            if (!open_chunk(out)) return;
        }
        const auto count = std::min({chunk_left_, body.size(), out.size()});
        copy_bytes(out.data(), body.first(count));
        out = out.subspan(count);
        body = body.subspan(count);
        chunk_left_ -= count;
        body_left_ -= count;
        if (count == 0 && chunk_left_ > 0) return;
    }
}

bool Fragmenter::open_chunk(MutableBytes& out) noexcept {
    const auto message_header = header_due_ ? limits::agent_header : 0;
    const auto headers = limits::chunk_header + message_header;
    if (out.size() < headers) return false;

    chunk_left_ = std::min(limits::chunk_to_guest - message_header, body_left_);
    const auto size = static_cast<std::uint32_t>(message_header + chunk_left_);
    agent::store(out.data(), agent::ChunkHeader{.port = static_cast<std::uint32_t>(port_), .size = size});
    if (header_due_) {
        agent::store(out.data() + limits::chunk_header, agent::MessageHeader{.type = type_, .size = body_size_});
        header_due_ = false;
    }
    out = out.subspan(headers);
    return true;
}

}  // namespace vmcbridge::vdi
