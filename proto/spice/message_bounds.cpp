#include "proto/spice/message_bounds.hpp"

#include "proto/wire.hpp"

#include <algorithm>

namespace vmcbridge::spice {
namespace {

std::size_t body_size(HeaderKind kind, Bytes header) noexcept {
    const std::size_t type_at = kind == HeaderKind::mini ? 0 : sizeof(std::uint64_t);
    return load_le<std::uint32_t>(header.data() + type_at + sizeof(MessageType));
}

}  // namespace

std::size_t MessageBounds::together(Bytes next) const noexcept {
    if (left_ > 0) return std::min(left_, next.size());
    const auto missing = size_of(kind_) - have_;
    if (next.size() <= missing) return next.size();
    auto header = header_;
    copy_bytes(header.data() + have_, next.first(missing));
    return std::min(missing + body_size(kind_, header), next.size());
}

void MessageBounds::took(Bytes bytes) noexcept {
    if (left_ == 0) {
        const auto piece = bytes.first(std::min(size_of(kind_) - have_, bytes.size()));
        copy_bytes(header_.data() + have_, piece);
        have_ += piece.size();
        bytes = bytes.subspan(piece.size());
        if (have_ < size_of(kind_)) return;
        have_ = 0;
        left_ = body_size(kind_, header_);
    }
    left_ -= bytes.size();
}

}  // namespace vmcbridge::spice
