#include "src/policy/policy.hpp"

namespace vmcbridge::policy {

std::optional<browser::Code> refuse_size(const Policy& policy, Way way, std::uint64_t bytes) noexcept {
    if (bytes <= rule(policy, way).max_bytes) return std::nullopt;
    return browser::Code::too_large;
}

std::optional<browser::Code> refuse_file(const Policy& policy, std::uint64_t bytes) noexcept {
    if (!policy.files_to_guest) return browser::Code::disabled;
    if (bytes > policy.file_max) return browser::Code::too_large;
    return std::nullopt;
}

}  // namespace vmcbridge::policy
