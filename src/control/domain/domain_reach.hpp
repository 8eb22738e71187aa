#pragma once

#include "src/control/domain/domain_xml.hpp"
#include "src/control/problem.hpp"

#include <cstddef>

/// How what a domain has is reached: directly where it is on this host, and libvirt opens what the bridge may not;
/// through libvirt alone where it is on another host, listens nowhere, or is wanted so. Pure.
namespace vmcbridge::control {

/// REQUIRES: it is not malformed, and QEMU's SPICE server does not hold it.
[[nodiscard]] Parsed<Guest> reach(const Domain& domain, const CharDevice& device);

/// VNC graphics; `index`: their place among all graphics. REQUIRES: they are not malformed.
[[nodiscard]] Parsed<Display> reach_display(const Domain& domain, std::size_t index);
/// SPICE graphics, as the server that holds the agent's port. REQUIRES: they are not malformed.
[[nodiscard]] Parsed<Guest> reach_server(const Domain& domain, std::size_t index);

}  // namespace vmcbridge::control
