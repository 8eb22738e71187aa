#pragma once

#include "proto/result.hpp"

#include <cstddef>
#include <memory>

namespace vmcbridge::bridge {

/// Bytes of one stream between its reader and its writer: first in, first out, in one block that grows to what is
/// needed.
///
/// The caller bounds what it puts in (by credit); nothing is allocated in the steady state, nothing is held when
/// cleared.
class ByteRing {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    void append(Bytes bytes);
    /// The oldest bytes that lie together: at most `most`, at least one where there is any.
    [[nodiscard]] Bytes front(std::size_t most) const noexcept;
    /// As front(), of the bytes from the `offset`th oldest on. REQUIRES: offset <= size().
    [[nodiscard]] Bytes from(std::size_t offset, std::size_t most) const noexcept;
    /// Drops the oldest `count`. REQUIRES: count <= size().
    void consume(std::size_t count) noexcept;
    /// Drops the newest, all but `count`. REQUIRES: count <= size().
    void truncate(std::size_t count) noexcept { size_ = count; }
    /// Forgets everything and gives the memory back.
    void clear() noexcept { *this = ByteRing{}; }

private:
    void grow(std::size_t needed);

    std::unique_ptr<std::byte[]> block_;
    std::size_t capacity_ = 0;  ///< a power of two, or 0
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace vmcbridge::bridge
