#include "src/io/http/spice_access.hpp"

#include <algorithm>

namespace vmcbridge::io::http {
namespace {

/// What is listened on as clients are told: the first address with a port.
std::optional<SpicePorts> ports_of(const std::vector<Address>& listen, const ServerConfig& config) {
    if (listen.empty()) return std::nullopt;
    SpicePorts ports{.host = config.spice_host};
    const auto tcp = std::ranges::find_if(listen, [](const Address& each) { return !each.is_unix(); });
    if (tcp != listen.end()) ports.port = tcp->port;
    return ports;
}

}  // namespace

const SpicePorts* SpiceAccess::of(std::string_view vm) const noexcept {
    if (const auto found = own.find(vm); found != own.end()) return &found->second;
    return shared ? &*shared : nullptr;
}

void SpiceAccess::update(const Config& config) {
    for (const auto& vm : machines) {
        if (!config.vms.contains(vm)) tickets->forget(vm);
    }
    machines.clear();
    own.clear();
    shared = ports_of(config.server.spice_listen, config.server);
    for (const auto& [name, vm] : config.vms) {
        machines.insert(name);
        if (auto ports = ports_of(vm.spice_listen, config.server)) own.emplace(name, std::move(*ports));
    }
    tickets->set_static(config.spice_passwords);
}

}  // namespace vmcbridge::io::http
