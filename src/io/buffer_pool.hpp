#pragma once

#include "proto/result.hpp"
#include "src/io/bounds.hpp"

#include <memory>
#include <utility>

namespace vmcbridge::io {

/// A buffer of bounds::buffer bytes, borrowed while bytes move and given back while nothing does, so that idle
/// connections cost none. Spare ones are kept by each thread for itself; any thread may give one back.
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
            bytes_ = std::move(other.bytes_);
        }
        return *this;
    }
    ~Buffer() { give_back(); }

    void give_back() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_ != nullptr; }
    /// REQUIRES: borrowed.
    [[nodiscard]] MutableBytes bytes() const noexcept { return {bytes_.get(), bounds::buffer}; }

private:
    std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace vmcbridge::io
