#pragma once

#include "src/control/config_file.hpp"
#include "src/control/domain/domain_merge.hpp"

#include <string>
#include <vector>

/// Domain XML files among the machines of a configuration.
namespace vmcbridge::control {

/// Reads the domains and adds each to the machines of `config`: to the one of its name, where there is one, else to
/// what all machines start from. A guest that stands in both places is a fault, unless they are the same one.
[[nodiscard]] Findings add_domains(const std::vector<std::string>& paths, ConfigFile& config);

}  // namespace vmcbridge::control
