#pragma once

#include "src/control/problem.hpp"

#include <string>

namespace vmcbridge::control {

/// A folder for this process alone (mode 0700), removed with all that is in it.
///
/// A process that is killed leaves its folder behind. So each holds a lock file, `owner`, locked while the process
/// lives; what nobody locks is abandoned, and the next one to come clears it away.
class PrivateFolder {
public:
    /// Makes BASE/PREFIX-XXXXXX.
    [[nodiscard]] static Parsed<PrivateFolder> make(const std::string& base, const std::string& prefix);

    /// Removes the abandoned folders of this user, and ends processes that still run in their name.
    static void remove_abandoned(const std::string& base, const std::string& prefix);

    PrivateFolder(PrivateFolder&& other) noexcept;
    PrivateFolder& operator=(PrivateFolder&&) = delete;
    ~PrivateFolder();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    PrivateFolder(std::string path, int lock) noexcept : path_{std::move(path)}, lock_{lock} {}

    std::string path_;
    int lock_;
};

/// The environment variable that holds the folder in whose name a process runs.
inline constexpr const char* mark_name = "VMCBRIDGE_DEMO";

/// Kills every process of this user whose mark is `folder`.
void kill_marked(const std::string& folder);

}  // namespace vmcbridge::control
