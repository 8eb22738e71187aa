#include "src/policy/rules/rules.hpp"

namespace vmcbridge::policy::rules {

std::optional<browser::Code> selection(const Policy& policy, Selection selection) noexcept {
    if (selection == Selection::clipboard || policy.primary_selection) return std::nullopt;
    return browser::Code::disabled;
}

std::optional<browser::Code> direction(const Policy& policy, Way way) noexcept {
    if (!rule(policy, way).formats.empty()) return std::nullopt;
    return browser::Code::policy_direction;
}

}  // namespace vmcbridge::policy::rules
