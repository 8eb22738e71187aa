#include "src/policy/rules/rules.hpp"

namespace vmcbridge::policy {

std::optional<browser::Code> rules::format(const Policy& policy, Way way, ClipboardFormat format) noexcept {
    if (rule(policy, way).formats.has(format)) return std::nullopt;
    return browser::Code::policy_format;
}

FormatList permitted_formats(const Policy& policy, Way way, Selection selection, const FormatList& offered) noexcept {
    if (rules::selection(policy, selection)) return {};
    return offered.only(rule(policy, way).formats);
}

}  // namespace vmcbridge::policy
