#include "src/io/spice/sessions.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::io::spice {

std::shared_ptr<const KnownSession> Sessions::add(std::uint32_t id, KnownSession session) {
    if (sessions_.size() >= sweep_at_) {
        std::erase_if(sessions_, [](const auto& each) { return each.second.expired(); });
        sweep_at_ = std::max<std::size_t>(64, sessions_.size() * 2);
    }
    auto entry = std::make_shared<const KnownSession>(std::move(session));
    sessions_[id] = entry;
    return entry;
}

std::shared_ptr<const KnownSession> Sessions::find(std::uint32_t id) const {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.lock();
}

}  // namespace vmcbridge::io::spice
