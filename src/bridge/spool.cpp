#include "src/bridge/spool.hpp"

#include "proto/limits.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vmcbridge::bridge {

bool MemorySpool::append(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return true;
}

std::size_t MemorySpool::read(std::uint64_t offset, MutableBytes out) const {
    if (offset >= bytes_.size()) return 0;
    const auto count = std::min(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
}

SpoolPool::SpoolPool(std::uint64_t memory_budget, SpoolFactory factory)
    : budget_{memory_budget}, used_{std::make_shared<std::uint64_t>(0)}, factory_{std::move(factory)} {}

std::shared_ptr<Spool> SpoolPool::make(std::uint64_t size) {
    if (size > budget_ - std::min(*used_, budget_)) {
        if (!factory_ || *files_ >= limits::vm_clipboard_files) return nullptr;
        auto spool = factory_();
        if (!spool) return nullptr;
        ++*files_;
        return {spool.release(), [files = files_](Spool* each) {
                    --*files;
                    delete each;
                }};
    }
    *used_ += size;
    return {new MemorySpool, [used = used_, size](Spool* spool) {
                *used -= size;
                delete spool;
            }};
}

}  // namespace vmcbridge::bridge
