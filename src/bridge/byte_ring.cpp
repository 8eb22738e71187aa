#include "src/bridge/byte_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace vmcbridge::bridge {

namespace {
constexpr std::size_t smallest_block = 16 * 1024;
}

void ByteRing::append(Bytes bytes) {
    if (bytes.empty()) return;
    if (size_ + bytes.size() > capacity_) grow(size_ + bytes.size());
    const auto tail = (head_ + size_) & (capacity_ - 1);
    const auto first = std::min(bytes.size(), capacity_ - tail);
    std::memcpy(block_.get() + tail, bytes.data(), first);
    if (first < bytes.size()) std::memcpy(block_.get(), bytes.data() + first, bytes.size() - first);
    size_ += bytes.size();
}

Bytes ByteRing::front(std::size_t most) const noexcept { return from(0, most); }

Bytes ByteRing::from(std::size_t offset, std::size_t most) const noexcept {
    if (offset == size_) return {};
    const auto start = (head_ + offset) & (capacity_ - 1);
    return {block_.get() + start, std::min({most, size_ - offset, capacity_ - start})};
}

void ByteRing::consume(std::size_t count) noexcept {
    size_ -= count;
    head_ = size_ == 0 ? 0 : (head_ + count) & (capacity_ - 1);
}

void ByteRing::grow(std::size_t needed) {
    const auto capacity = std::bit_ceil(std::max(needed, smallest_block));
    auto block = std::make_unique_for_overwrite<std::byte[]>(capacity);
    const auto first = front(size_);
    if (!first.empty()) std::memcpy(block.get(), first.data(), first.size());
    if (first.size() < size_) std::memcpy(block.get() + first.size(), block_.get(), size_ - first.size());
    block_ = std::move(block);
    capacity_ = capacity;
    head_ = 0;
}

}  // namespace vmcbridge::bridge
