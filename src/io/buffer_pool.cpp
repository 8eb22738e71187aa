#include "src/io/buffer_pool.hpp"

#include <array>

namespace vmcbridge::io {
namespace {

struct Spares {
    std::array<std::unique_ptr<std::byte[]>, bounds::spare_buffers> buffers;
    std::size_t count = 0;
};
thread_local Spares spares;

}  // namespace

Buffer Buffer::borrow() {
    Buffer buffer;
    buffer.bytes_ = spares.count > 0 ? std::move(spares.buffers[--spares.count])
                                     : std::make_unique_for_overwrite<std::byte[]>(bounds::buffer);
    return buffer;
}

void Buffer::give_back() noexcept {
    if (!bytes_) return;
    if (spares.count < spares.buffers.size()) {
        spares.buffers[spares.count++] = std::move(bytes_);
    } else {
        bytes_.reset();
    }
}

}  // namespace vmcbridge::io
