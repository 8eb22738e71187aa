#pragma once

#include "src/config.hpp"
#include "src/control/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The configuration file: key file text -> validated Config, or every fault of it.
namespace vmcbridge::control {

struct ConfigFault {
    std::string file;
    std::size_t line = 0;  ///< from 1; 0: the fault has no line
    std::string group;     ///< without brackets; empty: none
    std::string key;       ///< empty: the group or the file itself
    std::string text;      ///< what is wrong and what to do

    friend bool operator==(const ConfigFault&, const ConfigFault&) = default;
};
using ConfigFaults = std::vector<ConfigFault>;

/// "FILE:LINE: [group] key: text", without what the fault does not have.
[[nodiscard]] std::string to_text(const ConfigFault& fault);

/// Parses `text`; `file` names it in faults. Each value is checked by itself; what must hold between values is
/// check_config()'s.
[[nodiscard]] Result<Config, ConfigFaults> parse_config(std::string_view text, const std::string& file);

/// Reads and parses the file at `path`, at most 1 MiB.
[[nodiscard]] Result<Config, ConfigFaults> read_config(const std::string& path);

/// What must hold between the values of a whole configuration, command line included. Empty: all is well.
[[nodiscard]] ConfigFaults check_config(const Config& config, const std::string& file);

}  // namespace vmcbridge::control
