#include "src/io/buffer_pool.hpp"

#include <array>

namespace vmcbridge::io {
namespace {

struct Spares {
    std::array<Buffer::Lines, bounds::spare_buffers> buffers;
    std::size_t count = 0;
};
thread_local Spares spares;

}  // namespace

Buffer Buffer::borrow() {
    Buffer buffer;
    buffer.lines_ = spares.count > 0 ? std::move(spares.buffers[--spares.count])
                                     : std::make_unique_for_overwrite<CacheLine[]>(bounds::buffer / sizeof(CacheLine));
    return buffer;
}

void Buffer::give_back() noexcept {
    if (!lines_) return;
    if (spares.count < spares.buffers.size()) {
        spares.buffers[spares.count++] = std::move(lines_);
    } else {
        lines_.reset();
    }
}

}  // namespace vmcbridge::io
