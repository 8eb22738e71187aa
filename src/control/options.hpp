#pragma once

#include "src/config.hpp"
#include "src/control/config_file.hpp"
#include "src/control/domain/domain_file.hpp"
#include "src/control/problem.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The command line as values. Parsing touches nothing; load_config() reads the file it names.
namespace vmcbridge::control {

/// A port that the command line adds to a machine.
struct NamedPort {
    std::string vm;
    Port port;
};

/// `vmcbridge serve`
struct ServeCommand {
    std::string config;  ///< path; empty: the default file if it exists
    std::vector<std::pair<std::string, Guest>> vms;
    std::vector<std::pair<std::string, Display>> displays;  ///< names of VMs that --vm, --domain or the file gives
    std::vector<NamedPort> ports;                           ///< likewise
    std::vector<std::string> domains;                       ///< files with libvirt's XML of machines
    std::vector<std::string> libvirt_uris;                  ///< in place of all the file's
    std::vector<Address> listen;                            ///< in place of all the file's listeners
    std::vector<Address> spice_listen;                      ///< likewise
    std::optional<Address> admin;
    std::optional<std::string> web_root;
    std::optional<unsigned> threads;
    bool verbose = false;
};

/// `vmcbridge demo`
struct DemoCommand {
    std::optional<Address> listen;  ///< unset: 127.0.0.1:8006, or any free port where that one is taken
    std::optional<std::string> web_root;
    bool verbose = false;
};

/// `vmcbridge check-config FILE`
struct CheckConfigCommand {
    std::string file;  ///< empty: only domains are looked at
    std::vector<std::string> domains;
};

/// --help and --version: text for stdout, and done.
struct PrintCommand {
    std::string text;
};

using Command = std::variant<ServeCommand, DemoCommand, CheckConfigCommand, PrintCommand>;

/// `arguments` are those of main() without the program's name. A Problem is a usage error: exit code 2.
[[nodiscard]] Parsed<Command> parse_command_line(std::span<const char* const> arguments, std::string_view version);

/// The file, the domains and the command line merged and checked: what `serve` starts with, and what SIGHUP loads anew.
/// What is worth knowing of the domains is logged.
[[nodiscard]] Result<ConfigFile, ConfigFaults> load_config(const ServeCommand& command);

/// All that is wrong with the files that `command` names, and what is worth knowing; no faults: `serve` would take
/// them.
[[nodiscard]] Findings findings_of(const CheckConfigCommand& command, TlsCheck check_tls);

/// The admin socket where nobody names one: in `folder` if that is there and writable, else none.
[[nodiscard]] std::optional<Address> default_admin(const std::string& folder);

inline constexpr std::string_view default_admin_folder = "/run/vmcbridge";
inline constexpr std::string_view default_config_file = "/etc/vmcbridge/vmcbridge.conf";
inline constexpr std::uint16_t default_port = 8006;

}  // namespace vmcbridge::control
