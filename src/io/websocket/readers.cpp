#include "src/io/websocket/readers.hpp"

#include "proto/text.hpp"

#include <algorithm>

namespace vmcbridge::io::websocket {
namespace {

std::size_t fitting(std::uint64_t wanted, std::size_t there) noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, there));
}

/// A control frame whose header is known; nullopt: its payload is not all here.
std::optional<Control> take_control(const FrameHeader& header, MutableBytes& bytes) noexcept {
    const auto length = static_cast<std::size_t>(header.length);
    if (bytes.size() - header.size < length) return std::nullopt;
    const auto payload = bytes.subspan(header.size, length);
    unmask(payload.data(), payload.data(), length, header.mask);
    bytes = bytes.subspan(header.size + length);
    return Control{header.opcode, payload};
}

}  // namespace

Result<Opcode, FrameFault> FrameOrder::follow(const FrameHeader& header) noexcept {
    if ((header.opcode == Opcode::continuation) != is_inside()) return FrameFault::out_of_order;
    const auto kind = is_inside() ? message_ : header.opcode;
    message_ = header.fin ? Opcode::continuation : kind;
    return kind;
}

Result<std::optional<Message>, FrameFault> MessageReader::next(MutableBytes& bytes) {
    using Nothing = std::optional<Message>;
    if (std::exchange(done_, false)) parts_ = {};
    for (;;) {
        if (left_ > 0) {
            collect(bytes);
            if (left_ > 0) return Nothing{};
            if (last_) return finish(opcode_, parts_);
        }
        const auto header = decode_header(bytes);
        if (!header) return header.error();
        if (!*header) return Nothing{};
        if (is_control((*header)->opcode)) {
            const auto control = take_control(**header, bytes);
            if (!control) return Nothing{};
            return std::optional{Message{control->opcode, control->payload}};
        }
        const bool whole = bytes.size() - (*header)->size >= (*header)->length;
        const bool awaited = (*header)->size + (*header)->length <= limits_.contiguous;
        const auto limit = order_.is_inside() ? opcode_ : (*header)->opcode;
        if (parts_.size() + (*header)->length > (limit == Opcode::text ? limits_.text : limits_.binary)) {
            return FrameFault::too_large;
        }
        if (!whole && awaited) return Nothing{};
        auto message = begin(**header, bytes);
        if (!message || *message) return message;
    }
}

// A data frame that is here, or of which what is here is to be copied. nullopt: go on reading.
Result<std::optional<Message>, FrameFault> MessageReader::begin(const FrameHeader& header, MutableBytes& bytes) {
    using Nothing = std::optional<Message>;
    const auto kind = order_.follow(header);
    if (!kind) return kind.error();
    opcode_ = *kind;
    bytes = bytes.subspan(header.size);
    if (header.fin && parts_.empty() && bytes.size() >= header.length) {
        const auto payload = bytes.first(static_cast<std::size_t>(header.length));
        unmask(payload.data(), payload.data(), payload.size(), header.mask);
        bytes = bytes.subspan(payload.size());
        return finish(opcode_, payload);
    }
    left_ = header.length;
    last_ = header.fin;
    mask_ = header.mask;
    if (left_ == 0 && last_) return finish(opcode_, parts_);
    return Nothing{};
}

void MessageReader::collect(MutableBytes& bytes) {
    const auto count = fitting(left_, bytes.size());
    const auto before = parts_.size();
    parts_.resize(before + count);
    mask_ = unmask(parts_.data() + before, bytes.data(), count, mask_);
    bytes = bytes.subspan(count);
    left_ -= count;
}

Result<std::optional<Message>, FrameFault> MessageReader::finish(Opcode opcode, Bytes payload) {
    done_ = !parts_.empty();
    if (opcode == Opcode::text && !is_utf8(as_text(payload))) return FrameFault::not_utf8;
    return std::optional{Message{opcode, payload}};
}

Result<PayloadReader::Step, FrameFault> PayloadReader::next(MutableBytes& in, std::byte* out) {
    Step step;
    for (;;) {
        const auto count = fitting(left_, in.size());
        mask_ = unmask(out + step.payload, in.data(), count, mask_);
        in = in.subspan(count);
        step.payload += count;
        left_ -= count;
        if (left_ > 0) return step;

        const auto header = decode_header(in);
        if (!header) return header.error();
        if (!*header) return step;
        if (is_control((*header)->opcode)) {
            step.control = take_control(**header, in);
            return step;
        }
        const auto kind = order_.follow(**header);
        if (!kind) return kind.error();
        if (*kind != Opcode::binary) return FrameFault::unexpected_kind;
        in = in.subspan((*header)->size);
        left_ = (*header)->length;
        mask_ = (*header)->mask;
    }
}

}  // namespace vmcbridge::io::websocket
