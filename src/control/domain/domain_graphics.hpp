#pragma once

#include "src/control/domain/domain_xml.hpp"
#include "src/control/problem.hpp"

#include <optional>

/// <graphics> of a domain: where its VNC or SPICE server listens. Pure.
namespace vmcbridge::control {

/// What libvirt itself would refuse of it.
[[nodiscard]] std::optional<Problem> malformed(const Graphics& graphics);

/// Can nobody but libvirt connect to them? REQUIRES: they are not malformed.
[[nodiscard]] bool listens_nowhere(const Graphics& graphics);
/// Why nobody is let in with the password that stands there; nullopt: they are.
[[nodiscard]] std::optional<Problem> unusable_password(const Graphics& graphics);

/// Where the picture of VNC graphics comes from, or why it can't. REQUIRES: they are not malformed.
[[nodiscard]] Parsed<Display> display_of(const Graphics& graphics, bool is_running);

/// The SPICE server of SPICE graphics as the one who holds the agent's port. Its password, where the XML has it, is in
/// `password` and nowhere else. REQUIRES: they are not malformed.
[[nodiscard]] Parsed<Guest> spice_server_of(const Graphics& graphics, bool is_running);

}  // namespace vmcbridge::control
