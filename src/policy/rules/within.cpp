#include "src/policy/policy.hpp"

#include <algorithm>

namespace vmcbridge::policy {
namespace {

bool is_within(const ClipboardRule& inner, const ClipboardRule& outer) noexcept {
    return inner.formats.only(outer.formats).size() == inner.formats.size() && inner.max_bytes <= outer.max_bytes;
}

bool is_within(bool inner, bool outer) noexcept { return outer || !inner; }

bool is_within(const PortRule& inner, const PortRule& outer) noexcept {
    const auto permitted = [&](const std::string& name) { return permits_port(outer, name, name == guest_agent_port); };
    return is_within(inner.any, outer.any) && std::ranges::all_of(inner.names, permitted);
}

/// Of rules whose words stand in the order of what they allow.
template <class Rule>
bool is_at_most(Rule inner, Rule outer) noexcept {
    return static_cast<int>(inner) <= static_cast<int>(outer);
}

/// Of rules whose words stand in the opposite order.
template <class Rule>
bool is_at_least(Rule inner, Rule outer) noexcept {
    return is_at_most(outer, inner);
}

}  // namespace

bool is_within(const Policy& inner, const Policy& outer) noexcept {
    return is_within(inner.to_guest, outer.to_guest) && is_within(inner.from_guest, outer.from_guest) &&
           is_within(inner.primary_selection, outer.primary_selection) &&
           is_within(inner.share_between_clients, outer.share_between_clients) &&
           is_within(inner.files_to_guest, outer.files_to_guest) && inner.file_max <= outer.file_max &&
           is_at_most(inner.resize, outer.resize) && is_at_least(inner.several_clients, outer.several_clients) &&
           is_at_least(inner.spice_session, outer.spice_session) && is_at_most(inner.inputs, outer.inputs) &&
           inner.spice_channels.is_within(outer.spice_channels) && is_within(inner.ports, outer.ports) &&
           is_at_most(inner.guest_agent, outer.guest_agent);
}

}  // namespace vmcbridge::policy
