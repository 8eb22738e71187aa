#pragma once

#include "src/config.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vmcbridge::io {

class DataPlane;
class Vm;

/// The machines by name, each pinned to one context of the data plane.
class VmRegistry {
public:
    /// `plane` outlives the registry.
    explicit VmRegistry(DataPlane& plane);
    VmRegistry(const VmRegistry&) = delete;
    VmRegistry& operator=(const VmRegistry&) = delete;
    ~VmRegistry();

    /// Makes the machines equal to `vms`: new ones are attached, those not named any more are detached (their clients
    /// get 4001), changed ones take over what changed. What did not change keeps its connections.
    /// From any thread; returns at once, the work is done in the data plane.
    void apply(const std::map<std::string, VmConfig>& vms);

    /// From any thread; nullptr: no such machine.
    [[nodiscard]] std::shared_ptr<Vm> find(std::string_view name) const;
    /// From any thread; in the order of the names.
    [[nodiscard]] std::vector<std::shared_ptr<Vm>> all() const;

    /// Closes every client (1001) and every guest's port, and waits for that at most `grace`; false: some did not end
    /// in time. Not from a thread of the data plane.
    [[nodiscard]] bool stop(std::chrono::milliseconds grace);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmcbridge::io
