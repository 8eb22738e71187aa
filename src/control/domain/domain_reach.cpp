#include "src/control/domain/domain_reach.hpp"

#include "src/control/address.hpp"
#include "src/control/domain/domain_graphics.hpp"
#include "src/control/domain/domain_port.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace vmcbridge::control {
namespace {

std::string text_of(const Domain& domain, const std::string& what) { return "libvirt:" + domain.name + "/" + what; }

Guest opened(Guest::Kind kind, std::shared_ptr<Opener> opener, std::string text) {
    return {.kind = kind, .address = {.opener = std::move(opener)}, .text = std::move(text)};
}

// ---- Character devices

/// libvirt looks for a channel by names and aliases at once; what fits two channels might be either of them.
bool is_unambiguous(const Domain& domain, const std::string& name) {
    return std::ranges::count_if(domain.devices, [&](const CharDevice& each) {
               return each.kind == DeviceKind::channel && (each.name == name || each.alias == name);
           }) == 1;
}

/// nullptr: libvirt does not open it. What it opens is what QEMU listens on; of terminals, serial ports alone.
std::shared_ptr<Opener> opener_of(const Domain& domain, const CharDevice& device) {
    if (!domain.opener || !domain.is_running || device.target == "xen") return nullptr;
    const bool is_socket = device.type == "unix" && device.source.mode == "bind";
    if (device.kind == DeviceKind::channel) {
        const auto& name = device.name.empty() ? device.alias : device.name;
        if (!is_socket || name.empty() || !is_unambiguous(domain, name)) return nullptr;
        return domain.opener->channel(name);
    }
    if (device.alias.empty() || (!is_socket && device.type != "pty")) return nullptr;
    return domain.opener->console(device.alias);
}

// ---- Graphics

std::shared_ptr<Opener> opener_of(const Domain& domain, std::size_t index) {
    if (!domain.opener || !domain.is_running || domain.remote_host) return nullptr;
    return domain.opener->graphics(static_cast<unsigned>(index));
}

/// libvirt's own way is the only one, or is wanted. REQUIRES: there is one.
bool is_for_libvirt(const Domain& domain, const Graphics& graphics) {
    return domain.is_opened_by_libvirt || listens_nowhere(graphics);
}

std::string name_of(std::size_t index) { return "graphics" + std::to_string(index); }

bool is_any_address(const std::string& text) { return text == "0.0.0.0" || text == "::"; }

/// As they look from here: another host's "any address" is its name.
Graphics from_here(const Domain& domain, const Graphics& graphics) {
    auto seen = graphics;
    if (!domain.remote_host) return seen;
    if (is_any_address(seen.address)) seen.address = *domain.remote_host;
    for (auto& listen : seen.listens)
        if (is_any_address(listen.address)) listen.address = *domain.remote_host;
    return seen;
}

/// An address that can't be this host, in whatever spelling. A name is none: who knows what it means here.
bool is_elsewhere(const std::string& host) {
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
        const auto first = ntohl(v4.s_addr) >> 24;
        return first != 127 && first != 0;
    }
    in6_addr v6{};
    return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_UNSPECIFIED(&v6) &&
           !IN6_IS_ADDR_V4MAPPED(&v6);
}

/// Why it can't be reached; nullopt: it can.
std::optional<Problem> out_of_reach(const Domain& domain, const Address& address) {
    if (!domain.remote_host) return std::nullopt;
    const bool is_its_host = address.host == *domain.remote_host && !is_local(address);
    if (is_its_host || is_elsewhere(address.host)) return std::nullopt;
    return Problem{"it is on another host and can be reached there alone; make it listen at an address of that host"};
}

}  // namespace

Parsed<Guest> reach(const Domain& domain, const CharDevice& device) {
    auto opener = opener_of(domain, device);
    if (domain.remote_host || domain.is_opened_by_libvirt) {
        if (opener) return opened(Guest::Kind::unix_connect, std::move(opener), text_of(domain, port_name(device)));
        if (domain.remote_host)
            return Problem{
                "it is on another host, and there libvirt opens sockets (type='unix') that QEMU listens on, " +
                std::string{"and terminals of serial ports, but not this; make it type='unix'"}};
    }
    auto guest = host_end(device, domain.is_running);
    if (guest) guest->address.opener = std::move(opener);
    return guest;
}

Parsed<Display> reach_display(const Domain& domain, std::size_t index) {
    const auto& graphics = domain.graphics.at(index);
    if (auto problem = unusable_password(graphics)) return *std::move(problem);
    auto opener = opener_of(domain, index);
    if (opener && is_for_libvirt(domain, graphics))
        return Display{.address = {.opener = std::move(opener)}, .text = text_of(domain, name_of(index))};
    auto display = display_of(from_here(domain, graphics), domain.is_running);
    if (!display) return display;
    if (auto problem = out_of_reach(domain, display->address)) return *std::move(problem);
    display->address.opener = std::move(opener);
    return display;
}

Parsed<Guest> reach_server(const Domain& domain, std::size_t index) {
    const auto& graphics = domain.graphics.at(index);
    if (auto problem = unusable_password(graphics)) return *std::move(problem);
    auto opener = opener_of(domain, index);
    if (opener && is_for_libvirt(domain, graphics)) {
        auto guest = opened(Guest::Kind::spice_unix, std::move(opener), text_of(domain, name_of(index)));
        guest.password = graphics.password.value_or("");
        return guest;
    }
    auto guest = spice_server_of(from_here(domain, graphics), domain.is_running);
    if (!guest) return guest;
    if (auto problem = out_of_reach(domain, guest->address)) return *std::move(problem);
    if (guest->kind == Guest::Kind::spice_unix) guest->address.opener = std::move(opener);
    return guest;
}

}  // namespace vmcbridge::control
