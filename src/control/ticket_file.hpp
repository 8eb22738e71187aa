#pragma once

#include "src/control/config_file.hpp"
#include "src/control/problem.hpp"

#include <string>

/// spice-ticket-file: a password for SPICE clients that lies in a file of its own.
namespace vmcbridge::control {

/// What SPICE has room for, bytes.
inline constexpr std::size_t ticket_max = 60;

/// The first line of a regular file that others than its owner and group can neither read nor write: 1 to `most` bytes
/// without control characters. A Problem never says what stands in it.
[[nodiscard]] Parsed<std::string> read_ticket_file(const std::string& path, std::size_t most = ticket_max);

/// Reads the files that the machines of `config` name into its spice_passwords. Faults: those that can't be read, and
/// passwords of two machines that are equal, since the password says which machine is meant.
[[nodiscard]] ConfigFaults read_tickets(Config& config, const ConfigFile& origin);

}  // namespace vmcbridge::control
