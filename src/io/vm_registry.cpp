#include "src/io/vm_registry.hpp"

#include "src/io/data_plane.hpp"
#include "src/io/vm.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace vmcbridge::io {
namespace {

struct Entry {
    VmConfig config;
    std::shared_ptr<Vm> vm;
    std::size_t lane = 0;
};

/// Counts what has yet to end, for a thread that waits for it. Shared: an end may come after the wait was given up.
class Countdown {
public:
    explicit Countdown(std::size_t count) : left_{count} {}
    void ended() {
        const std::scoped_lock lock{mutex_};
        if (--left_ == 0) none_left_.notify_all();
    }
    [[nodiscard]] bool wait(milliseconds at_most) {
        std::unique_lock lock{mutex_};
        return none_left_.wait_for(lock, at_most, [&] { return left_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable none_left_;
    std::size_t left_;
};

}  // namespace

/// The lock guards the table, which is read when a client or a request comes; no byte of a connection passes it.
struct VmRegistry::Impl {
    explicit Impl(DataPlane& plane_of) : plane{plane_of}, load(plane_of.size(), 0) {}

    DataPlane& plane;
    mutable std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;
    std::vector<std::size_t> load;  // machines on each context

    void attach(const VmConfig& config) {
        const auto least = std::ranges::min_element(load);
        const auto lane = static_cast<std::size_t>(least - load.begin());
        ++*least;
        auto vm = std::make_shared<Vm>(plane.context(lane), config);
        vm->start();
        entries.insert_or_assign(config.name, Entry{config, std::move(vm), lane});
        log::info("vm-attached", {{"vm", config.name}, {"guest", config.guest ? config.guest->text : "none"}});
    }

    void detach(const Entry& entry) {
        --load[entry.lane];
        entry.vm->close(browser::CloseCode::vm_gone, "detached", bounds::close_deadline + bounds::close_deadline,
                        [name = entry.config.name] { log::info("vm-detached", {{"vm", name}}); });
    }
};

VmRegistry::VmRegistry(DataPlane& plane) : impl_{std::make_unique<Impl>(plane)} {}
VmRegistry::~VmRegistry() = default;

void VmRegistry::apply(const std::map<std::string, VmConfig>& vms) {
    const std::scoped_lock lock{impl_->mutex};
    std::erase_if(impl_->entries, [&](const auto& each) {
        const bool gone = !vms.contains(each.first);
        if (gone) impl_->detach(each.second);
        return gone;
    });
    for (const auto& [name, config] : vms) {
        const auto known = impl_->entries.find(name);
        if (known == impl_->entries.end()) {
            impl_->attach(config);
        } else if (known->second.config != config) {
            known->second.config = config;
            known->second.vm->update(config);
        }
    }
}

std::shared_ptr<Vm> VmRegistry::find(std::string_view name) const {
    const std::scoped_lock lock{impl_->mutex};
    const auto found = impl_->entries.find(name);
    return found == impl_->entries.end() ? nullptr : found->second.vm;
}

std::vector<std::shared_ptr<Vm>> VmRegistry::all() const {
    const std::scoped_lock lock{impl_->mutex};
    std::vector<std::shared_ptr<Vm>> out;
    for (const auto& [name, entry] : impl_->entries) out.push_back(entry.vm);
    return out;
}

bool VmRegistry::stop(milliseconds grace) {
    const auto vms = all();
    const auto countdown = std::make_shared<Countdown>(vms.size());
    if (vms.empty()) return true;
    for (const auto& vm : vms) {
        vm->close(browser::CloseCode::stopping, std::string{browser::name(browser::Code::stopping)}, grace,
                  [countdown] { countdown->ended(); });
    }
    return countdown->wait(grace + 2 * bounds::guest_farewell + bounds::guest_farewell);
}

}  // namespace vmcbridge::io
