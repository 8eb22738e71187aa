#pragma once

#include "src/control/domain/domain_xml.hpp"
#include "src/control/problem.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Character devices of a domain: which port of the machine each one is, and how its host end is reached. Pure.
namespace vmcbridge::control {

inline constexpr std::string_view agent_port = "com.redhat.spice.0";

/// What libvirt itself would refuse of it.
[[nodiscard]] std::optional<Problem> malformed(const CharDevice& device);

/// REQUIRES: it is not malformed. A port without a name of its own has that of libvirt's alias: "serial0".
[[nodiscard]] std::string port_name(const CharDevice& device);

/// Is it the port of the SPICE agent?
[[nodiscard]] bool is_agent(const CharDevice& device);
/// Is it that of the agent, held by QEMU's SPICE server?
[[nodiscard]] bool is_behind_spice(const CharDevice& device);

/// How its host end is reached, or why it can't be. REQUIRES: it is not malformed.
[[nodiscard]] Parsed<Guest> host_end(const CharDevice& device, bool is_running);

/// What a domain that isn't running does not tell, and what to do.
[[nodiscard]] std::string not_yet_known(std::string_view what, bool is_running);

/// An address that a server listens at, as one on this machine connects to it; "[::1]" in brackets.
[[nodiscard]] std::string reachable_host(std::string_view address);

}  // namespace vmcbridge::control
