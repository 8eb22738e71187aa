#pragma once

#include "src/control/config_file.hpp"
#include "src/control/domain/domain_merge.hpp"
#include "src/control/timer.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The one place where machines are put together: those of the configuration, and those that come and go.
namespace vmcbridge::control {

/// What a source knows of a machine: libvirt's XML, or the host end of its guest's port.
using Found = std::variant<Domain, Guest>;

/// Main thread only.
class Machines {
public:
    using All = std::map<std::string, VmConfig>;

    /// `apply` is called with all machines there are, each time that something has changed; from configure() at once,
    /// else when a burst of changes may be over.
    explicit Machines(std::function<void(const All&)> apply) : apply_{std::move(apply)} {}
    Machines(const Machines&) = delete;
    Machines& operator=(const Machines&) = delete;

    /// What the file and the command line say from now on. A [vm NAME] of a machine that a source has goes before what
    /// that one knows, and adds to it.
    void configure(ConfigFile file);

    /// `source` has a machine of this name, or knows it anew. Of several sources with one name the first one counts.
    void found(const std::string& source, const std::string& name, Found what);
    /// `source` has it no more. Found again at once, it is another machine: its clients are sent away all the same.
    void lost(const std::string& source, const std::string& name);

private:
    using Claims = std::vector<std::pair<std::string, Found>>;  ///< by source, in the order in which they came

    void put(const std::string& found);
    /// nullopt: none, since [vm FOUND] is another domain.
    [[nodiscard]] std::optional<std::string> machine_of(const std::string& found) const;
    [[nodiscard]] bool take(const std::string& found, const Claims& claims, VmConfig& vm);
    [[nodiscard]] Findings merged(const Found& found, VmConfig& vm) const;
    [[nodiscard]] const VmConfig* holder_of(const VmConfig& vm) const;
    [[nodiscard]] bool is_own(const std::string& name) const;
    void publish_soon();
    void publish();

    std::function<void(const All&)> apply_;
    ConfigFile file_;
    std::map<std::string, Claims> found_;
    std::map<std::string, std::string> domains_;  // domain -> the machine that it is by configuration
    All all_;
    std::set<std::string> gone_;     // since the last time, though they may be there again
    std::set<std::string> refused_;  // whose host end another machine holds
    Timer timer_;
    bool is_due_ = false;
};

}  // namespace vmcbridge::control
