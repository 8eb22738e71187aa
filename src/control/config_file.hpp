#pragma once

#include "src/config.hpp"
#include "src/control/problem.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The configuration file: key file text -> validated Config, or every fault of it.
namespace vmcbridge::control {

struct ConfigFault {
    std::string file;      ///< or "command line"
    std::size_t line = 0;  ///< from 1; 0: the fault has no line
    std::string group;     ///< without brackets; empty: none
    std::string key;       ///< empty: the group or the file itself
    std::string text;      ///< what is wrong and what to do

    friend bool operator==(const ConfigFault&, const ConfigFault&) = default;
};
using ConfigFaults = std::vector<ConfigFault>;

/// "FILE:LINE: [group] key: text", without what the fault does not have.
[[nodiscard]] std::string to_text(const ConfigFault& fault);

/// A configuration and where its values stand.
struct ConfigFile {
    std::string path;
    Config config;
    VmConfig every_vm;                                                 ///< [policy] and [limits]: what a VM starts from
    std::map<std::pair<std::string, std::string>, std::size_t> lines;  ///< (group, key) -> line; no key: of the group
};

/// Parses `text`; `path` names it in faults. Each value is checked by itself; what must hold between values is
/// conflicts()'s.
[[nodiscard]] Result<ConfigFile, ConfigFaults> parse_config(std::string_view text, const std::string& path);

/// Reads and parses the file at `path`.
[[nodiscard]] Result<ConfigFile, ConfigFaults> read_config(const std::string& path);

/// What must hold between the values of a whole configuration and does not. `origin` says where they stand; what is
/// not there came from the command line.
[[nodiscard]] ConfigFaults conflicts(const Config& config, const ConfigFile& origin);

/// Looks at the certificate and the key that a configuration names. Empty: `serve` would take them, else why not. Comes
/// from who speaks TLS, which this folder doesn't.
using TlsCheck = std::string (*)(const TlsFiles& files);
/// A fault of a value: where it stands in the file of `origin`, or of the command line.
[[nodiscard]] ConfigFault fault_at(const ConfigFile& origin, const std::string& group, const std::string& key,
                                   std::string text);

/// What holds, and may be meant otherwise.
[[nodiscard]] ConfigFaults notes_of(const ConfigFile& file);

/// All that does not hold between the values of a file and the files that it names; reads its tickets.
[[nodiscard]] ConfigFaults faults_of(ConfigFile& file, TlsCheck check_tls);

}  // namespace vmcbridge::control
