#pragma once

#include "src/control/domain/domain_vm.hpp"

/// A domain together with what the configuration says of the machine of its name.
namespace vmcbridge::control {

/// What is wrong with files, and what is only worth knowing.
struct Findings {
    ConfigFaults faults;
    ConfigFaults notes;
};

/// Adds what `made` of `domain` says to `vm`, which holds what `origin` says of that machine, or what all machines
/// start from. A guest that stands in both is a fault, unless they are the same one.
[[nodiscard]] Findings merge_domain(const Domain& domain, DomainVm made, VmConfig& vm, const ConfigFile& origin);

}  // namespace vmcbridge::control
