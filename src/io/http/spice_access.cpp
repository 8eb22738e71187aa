#include "src/io/http/spice_access.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::io::http {
namespace {

/// What is listened on as clients are told: the first address with a port.
std::optional<SpicePorts> ports_of(const std::vector<Address>& listen, const ServerConfig& config) {
    if (listen.empty()) return std::nullopt;
    SpicePorts ports{.host = config.spice_host};
    const auto tcp = std::ranges::find_if(listen, [](const Address& each) { return !each.is_unix(); });
    if (tcp == listen.end()) return ports;
    if (config.spice_tls != SpiceTls::required) ports.port = tcp->port;
    if (config.tls.is_set() && config.spice_tls != SpiceTls::off) ports.tls_port = tcp->port;
    return ports;
}

}  // namespace

const SpicePorts* SpiceAccess::of(std::string_view vm) const noexcept {
    if (const auto found = own.find(vm); found != own.end()) return &found->second;
    return shared ? &*shared : nullptr;
}

std::optional<SpicePorts> SpiceAccess::for_host(std::string_view vm, std::string_view host) const {
    const auto* ports = of(vm);
    if (ports == nullptr) return std::nullopt;
    auto out = *ports;
    if (out.host.empty()) out.host = host;
    if (out.tls_port == 0 || !certificate) return out;
    out.ca_pem = certificate->ca_pem;
    // A certificate of a well-known authority says more by its host than by its subject.
    if (!out.ca_pem.empty() && !certificate->is_for(out.host)) out.subject = certificate->subject;
    return out;
}

void SpiceAccess::update(const Config& config, std::optional<ShownCertificate> shown) {
    certificate = std::move(shown);
    own.clear();
    shared = ports_of(config.server.spice_listen, config.server);
    for (const auto& [name, vm] : config.vms) {
        if (auto ports = ports_of(vm.spice_listen, config.server)) own.emplace(name, std::move(*ports));
    }
    tickets->set_static(config.spice_passwords);
}

void SpiceAccess::set_machines(const std::map<std::string, VmConfig>& vms) {
    for (const auto& vm : machines) {
        if (!vms.contains(vm)) tickets->forget(vm);
    }
    machines.clear();
    for (const auto& [name, vm] : vms) machines.insert(name);
}

}  // namespace vmcbridge::io::http
