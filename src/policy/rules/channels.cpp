#include "src/policy/policy.hpp"

namespace vmcbridge::policy {

ChannelSet permitted_channels(const Policy& policy, PermissionSet rights) noexcept {
    if (!rights.has(Permission::display)) return {};
    auto set = policy.spice_channels;
    if (!rights.has(Permission::files_to_guest)) {
        set.remove(spice::ChannelType::webdav);
        set.remove(spice::ChannelType::usbredir);
    }
    if (policy.inputs != InputsRule::any) {
        set.remove(spice::ChannelType::usbredir);
        set.remove(spice::ChannelType::port);
    }
    return set;
}

}  // namespace vmcbridge::policy
