#pragma once

#include "src/control/domain/domain_merge.hpp"

/// The rules that a domain's metadata have for its machine: they narrow what the configuration allows, never widen it.
namespace vmcbridge::control {

/// Applies them to `policy`, which is the configuration's. One that would let more pass is noted and left out; one that
/// is no rule is a fault: nobody knows what it was to forbid.
void narrow(const Domain& domain, policy::Policy& policy, Findings& findings);

}  // namespace vmcbridge::control
