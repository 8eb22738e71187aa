#include "src/app/web_root.hpp"

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace vmcbridge::app {

std::string find_web_root() {
    // From bin/vmcbridge, and from build/PRESET/src/vmcbridge.
    static constexpr std::array<std::string_view, 3> places{"../share/vmcbridge/web", "../../../web/dist",
                                                            "../../../web"};
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};
    for (const auto place : places) {
        const auto folder = std::filesystem::weakly_canonical(program.parent_path() / place, error);
        if (!error && std::filesystem::is_directory(folder / "console", error)) return folder.string();
    }
    return {};
}

}  // namespace vmcbridge::app
