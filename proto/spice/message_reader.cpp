#include "proto/spice/message_reader.hpp"

#include "proto/wire.hpp"

#include <algorithm>

namespace vmcbridge::spice {

Result<std::optional<Message>> MessageReader::next(Bytes& input) {
    if (!in_body_) {
        const auto complete = take_header(input);
        if (!complete) return complete.error();
        if (!*complete) return std::nullopt;
    }
    const auto piece = input.first(std::min(input.size(), size_ - held_.size()));
    input = input.subspan(piece.size());
    if (piece.size() == size_) {
        in_body_ = false;
        return Message{.type = type_, .body = piece};
    }
    if (held_.empty()) held_.reserve(size_);
    held_.insert(held_.end(), piece.begin(), piece.end());
    if (held_.size() < size_) return std::nullopt;
    in_body_ = false;
    return Message{.type = type_, .body = held_};
}

Result<bool> MessageReader::take_header(Bytes& input) {
    const auto wanted = size_of(kind_);
    const auto* bytes = input.data();
    if (have_ == 0 && input.size() >= wanted) {
        input = input.subspan(wanted);
    } else {
        const auto piece = input.first(std::min(input.size(), wanted - have_));
        copy_bytes(header_.data() + have_, piece);
        input = input.subspan(piece.size());
        have_ += piece.size();
        if (have_ < wanted) return false;
        bytes = header_.data();
    }
    const std::size_t type_at = kind_ == HeaderKind::mini ? 0 : sizeof(std::uint64_t);
    type_ = load_le<std::uint16_t>(bytes + type_at);
    size_ = load_le<std::uint32_t>(bytes + type_at + sizeof(std::uint16_t));
    const auto most = limit_(type_);
    if (!most) return ParseError{.fault = Fault::bad_value, .field = "type", .offset = type_at};
    if (size_ > *most)
        return ParseError{.fault = Fault::too_large, .field = "size", .offset = type_at + sizeof(std::uint16_t)};
    have_ = 0;
    held_.clear();
    in_body_ = true;
    return true;
}

void HeaderWriter::write(std::byte* to, MessageType type, std::uint32_t body_size) noexcept {
    if (kind_ == HeaderKind::full) {
        store_le(to, ++serial_);
        to += sizeof(std::uint64_t);
    }
    store_le(to, type);
    store_le(to + sizeof(std::uint16_t), body_size);
    if (kind_ == HeaderKind::full) store_le(to + sizeof(std::uint16_t) + sizeof(std::uint32_t), std::uint32_t{0});
}

}  // namespace vmcbridge::spice
