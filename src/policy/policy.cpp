#include "src/policy/policy.hpp"

#include "src/policy/rules/rules.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::policy {
namespace {

// In the order of Permission.
constexpr std::array<std::string_view, permission_count> permission_names{
    "clipboard-to-guest",
    "clipboard-from-guest",
    "files-to-guest",
    "resize",
    "mouse",
    "volume",
    "display",
    "spice",
    "observe",
    "admin",
};
static_assert(static_cast<std::size_t>(Permission::admin) + 1 == permission_count);

}  // namespace

std::string_view name(Permission permission) noexcept { return permission_names[static_cast<std::size_t>(permission)]; }

std::optional<Permission> find_permission(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(permission_names, name);
    if (found == permission_names.end()) return std::nullopt;
    return static_cast<Permission>(found - permission_names.begin());
}

std::vector<std::string_view> names(PermissionSet set) {
    std::vector<std::string_view> list;
    for (std::size_t i = 0; i < permission_count; ++i)
        if (set.has(static_cast<Permission>(i))) list.push_back(permission_names[i]);
    return list;
}

PermissionSet effective(PermissionSet granted, const Policy& policy) noexcept {
    if (policy.to_guest.formats.empty()) granted.remove(Permission::clipboard_to_guest);
    if (policy.from_guest.formats.empty()) granted.remove(Permission::clipboard_from_guest);
    if (!policy.files_to_guest) granted.remove(Permission::files_to_guest);
    if (policy.resize == ResizeRule::off) granted.remove(Permission::resize);
    return granted;
}

const ClipboardRule& rule(const Policy& policy, Way way) noexcept {
    return way == Way::to_guest ? policy.to_guest : policy.from_guest;
}

std::optional<browser::Code> refuse_clipboard(const Policy& policy, Way way, Selection selection,
                                              ClipboardFormat format) noexcept {
    if (const auto refused = rules::selection(policy, selection)) return refused;
    if (const auto refused = rules::direction(policy, way)) return refused;
    return rules::format(policy, way, format);
}

bool permits_port(const PortRule& rule, std::string_view name, bool needs_leave) noexcept {
    return (rule.any && !needs_leave) || std::ranges::find(rule.names, name) != rule.names.end();
}

}  // namespace vmcbridge::policy
