// Slices of one port -> messages:
//   1. take_header() collects 20 bytes, refuses what must not come, and chooses the way of the body:
//   2. take_body(): whole, under the cap of its row;   take_skipped(): counted, for a type that we don't know;
//   3. take_prefix(), then take_bulk(): bulk passes by in the slices in which it came.
#include "proto/vdi/assembler.hpp"

#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "proto/wire.hpp"

#include <algorithm>

namespace vmcbridge::vdi {

Result<std::optional<PortEvent>> Assembler::next(Bytes& slice, agent::Dialect dialect) {
    if (state_ == State::header) {
        const auto complete = take_header(slice, dialect);
        if (!complete) return complete.error();
        if (!*complete) return std::nullopt;
    }
    switch (state_) {
        case State::body: return take_body(slice);
        case State::prefix: return take_prefix(slice);
        case State::bulk: return take_bulk(slice);
        case State::skip: return take_skipped(slice);
        case State::header: break;
    }
    return std::nullopt;
}

Result<bool> Assembler::take_header(Bytes& slice, agent::Dialect dialect) {
    const auto* bytes = slice.data();
    if (have_ == 0 && slice.size() >= header_.size()) {
        slice = slice.subspan(header_.size());
    } else {
        const auto piece = slice.first(std::min(slice.size(), header_.size() - have_));
        copy_bytes(header_.data() + have_, piece);
        slice = slice.subspan(piece.size());
        have_ += piece.size();
        if (have_ < header_.size()) return false;
        bytes = header_.data();
    }
    const auto header = agent::load_message_header(bytes);
    if (header.protocol != VD_AGENT_PROTOCOL)
        return ParseError{.fault = Fault::bad_protocol, .field = "protocol", .offset = 0};

    const auto* row = agent::find_codec(header.type);
    const auto prefix = agent::bulk_prefix(header.type, dialect);
    const bool bulk = row != nullptr && row->bulk && header.size >= prefix;
    const auto most = row != nullptr ? row->max_body : limits::unknown_body;
    if (!bulk && header.size > most)
        return ParseError{.fault = Fault::too_large, .field = "size", .offset = offsetof(VDAgentMessage, size)};

    have_ = 0;
    held_.clear();
    type_ = header.type;
    size_ = header.size;
    want_ = bulk ? prefix : size_;
    left_ = size_ - (bulk ? prefix : 0);
    state_ = row == nullptr ? State::skip : bulk ? State::prefix : State::body;
    return true;
}

std::optional<Bytes> Assembler::take_whole(Bytes& slice) {
    const auto piece = slice.first(std::min(slice.size(), want_ - held_.size()));
    slice = slice.subspan(piece.size());
    if (piece.size() == want_) return piece;
    if (held_.empty()) held_.reserve(want_);
    held_.insert(held_.end(), piece.begin(), piece.end());
    if (held_.size() < want_) return std::nullopt;
    return Bytes{held_};
}

std::optional<PortEvent> Assembler::take_body(Bytes& slice) {
    const auto body = take_whole(slice);
    if (!body) return std::nullopt;
    state_ = State::header;
    return WholeMessage{.type = type_, .body = *body};
}

std::optional<PortEvent> Assembler::take_prefix(Bytes& slice) {
    const auto prefix = take_whole(slice);
    if (!prefix) return std::nullopt;
    state_ = left_ > 0 ? State::bulk : State::header;
    return BulkBegin{.type = type_, .prefix = *prefix, .size = left_};
}

std::optional<PortEvent> Assembler::take_bulk(Bytes& slice) {
    if (slice.empty()) return std::nullopt;
    const auto bytes = slice.first(std::min(slice.size(), left_));
    slice = slice.subspan(bytes.size());
    left_ -= bytes.size();
    if (left_ == 0) state_ = State::header;
    return BulkSlice{.bytes = bytes, .left = left_};
}

std::optional<PortEvent> Assembler::take_skipped(Bytes& slice) {
    const auto count = std::min(slice.size(), left_);
    slice = slice.subspan(count);
    left_ -= count;
    if (left_ > 0) return std::nullopt;
    state_ = State::header;
    return SkippedMessage{.type = type_, .size = size_};
}

}  // namespace vmcbridge::vdi
