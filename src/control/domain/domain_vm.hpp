#pragma once

#include "src/control/config_file.hpp"
#include "src/control/domain/domain_xml.hpp"

#include <optional>

/// A domain as a machine of the bridge. Pure.
namespace vmcbridge::control {

struct DomainVm {
    VmConfig vm;                               ///< name, uuid, guest, display, ports; the rest as it begins
    ConfigFaults faults;                       ///< not empty: the machine can't be taken over
    std::optional<ConfigFault> name_problem;   ///< why the machine can't have the domain's name
    std::optional<ConfigFault> agent_problem;  ///< why there is no guest: the agent's channel can't be attached to,
    bool has_agent = false;                    ///< or there is none
    ConfigFaults notes;                        ///< what is left out, and what to know
};

[[nodiscard]] DomainVm to_vm(const Domain& domain);

/// "x.xml:12": for the API.
[[nodiscard]] std::string place(const Domain& domain, std::size_t line);

}  // namespace vmcbridge::control
