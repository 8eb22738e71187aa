#pragma once

#include "proto/result.hpp"
#include "src/io/bounds.hpp"

#include <memory>
#include <span>
#include <utility>

namespace vmcbridge::io {

/// A buffer of bounds::buffer bytes, borrowed while bytes move and given back while nothing does, so that idle
/// connections cost none. Spare ones are kept by each thread for itself; any thread may give one back. It begins with a
/// cache line: the kernel copies twice as fast to one as to the 16th byte behind it, where the heap would have it
/// begin.
class Buffer {
public:
    /// Borrows nothing yet.
    Buffer() noexcept = default;
    /// From this thread's spares, else from the heap; its bytes are not cleared.
    [[nodiscard]] static Buffer borrow();
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            give_back();
            lines_ = std::move(other.lines_);
        }
        return *this;
    }
    ~Buffer() { give_back(); }

    void give_back() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return lines_ != nullptr; }
    /// REQUIRES: borrowed.
    [[nodiscard]] MutableBytes bytes() const noexcept {
        return std::as_writable_bytes(std::span{lines_.get(), bounds::buffer / sizeof(CacheLine)});
    }

    struct alignas(64) CacheLine {
        std::byte bytes[64];
    };
    using Lines = std::unique_ptr<CacheLine[]>;

private:
    static_assert(bounds::buffer % sizeof(CacheLine) == 0);
    Lines lines_;
};

}  // namespace vmcbridge::io
