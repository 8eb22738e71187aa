#include "src/control/domain/domain_port.hpp"

#include "src/control/address.hpp"
#include "src/control/keys.hpp"
#include "src/control/values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::control {
namespace {

using Reach = Parsed<Guest> (*)(const CharDevice& device, bool is_running);

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

// libvirt's default is connect where there is a <source>; where there is none, it makes a path at start and binds.
Parsed<Guest> unix_socket(const CharDevice& device, bool is_running) {
    const auto& source = device.source;
    if (source.path.empty()) return Problem{not_yet_known("the path of its socket", is_running)};
    if (!source.path.starts_with('/')) return Problem{quoted(source.path) + ": name the socket by its whole path"};
    return parse_guest((source.mode == "bind" ? "unix:" : "unix-listen:") + source.path);
}

Parsed<Guest> terminal(const CharDevice& device, bool is_running) {
    // A path in inactive XML is of the last run at best: the kernel chooses it at start.
    if (device.source.path.empty() || !is_running) return Problem{not_yet_known("its terminal", is_running)};
    return parse_guest("pty:" + device.source.path);
}

Parsed<Guest> tcp_socket(const CharDevice& device, bool /*is_running*/) {
    const auto& source = device.source;
    if (!device.protocol.empty() && device.protocol != "raw")
        return Problem{"its protocol is " + quoted(device.protocol) +
                       ", and the bridge takes bytes as they are; make it <protocol type='raw'/>"};
    if (source.tls == "yes") return Problem{"it speaks TLS, which the bridge doesn't there; make it tls='no'"};
    if (source.mode == "bind") return parse_guest("tcp:" + reachable_host(source.host) + ":" + source.service);
    const bool v6 = source.host.find(':') != std::string::npos;
    return parse_guest("tcp-listen:" + (v6 ? "[" + source.host + "]" : source.host) + ":" + source.service);
}

/// A type of the host's end: how it is reached, or why it can't be.
struct HostType {
    std::string_view name;
    Reach reach;
    std::string_view why;
};
constexpr std::array host_types{
    HostType{"unix", unix_socket, {}},
    HostType{"pty", terminal, {}},
    HostType{"tcp", tcp_socket, {}},
    HostType{"spicevmc", nullptr, "QEMU's SPICE server holds it"},
    HostType{"spiceport", nullptr, "only QEMU's SPICE server has it, and the bridge takes just the agent there"},
    HostType{"qemu-vdagent", nullptr,
             "QEMU is the agent's other end itself, so nobody else can be; make the channel type='unix'"},
    HostType{"dbus", nullptr, "QEMU gives it to a D-Bus client, which the bridge isn't; make it type='unix'"},
    HostType{"udp", nullptr, "datagrams get lost; make it type='unix' or 'tcp'"},
    HostType{"pipe", nullptr, "named pipes are not supported; make it type='unix'"},
    HostType{"dev", nullptr, "it is a device of the host; make it type='unix'"},
    HostType{"file", nullptr, "what it says goes to a file; make it type='unix' or 'pty'"},
    HostType{"null", nullptr, "what it says goes nowhere; make it type='unix' or 'pty'"},
    HostType{"vc", nullptr, "it is a text console in the machine's picture; make it type='unix' or 'pty'"},
    HostType{"stdio", nullptr, "what it says goes to the machine's log; make it type='unix' or 'pty'"},
    HostType{"nmdm", nullptr, "null modems of FreeBSD are not supported; make it type='unix'"},
};

const HostType* find_host_type(std::string_view name) noexcept {
    const auto found = std::ranges::find(host_types, name, &HostType::name);
    return found == host_types.end() ? nullptr : &*found;
}

std::string about_unknown_type(std::string_view name) {
    std::vector<std::string_view> names;
    names.reserve(host_types.size());
    for (const auto& each : host_types) names.push_back(each.name);
    return "unknown type " + quoted(name) + "; did you mean " + std::string{nearest(name, names)} + "?";
}

std::optional<Problem> malformed_source(const CharDevice& device) {
    const auto& source = device.source;
    if (!source.mode.empty() && source.mode != "bind" && source.mode != "connect")
        return Problem{"the mode " + quoted(source.mode) + " of its source is neither bind nor connect"};
    if (device.type != "tcp") return std::nullopt;
    if (source.host.empty()) return Problem{"its source has no host; write <source mode=... host=... service=.../>"};
    if (source.service.empty()) return Problem{"its source has no service, which is the port's number"};
    return std::nullopt;
}

std::optional<Problem> malformed_forward(const CharDevice& device) {
    in_addr parsed{};
    if (inet_pton(AF_INET, device.target_host.c_str(), &parsed) != 1)
        return Problem{"a guestfwd target needs an IPv4 address, as in address='10.0.2.1'"};
    const auto port = parse_count(device.target_port, 65535);
    if (!port || *port == 0) return Problem{"a guestfwd target needs a port from 1 to 65535"};
    return std::nullopt;
}

std::optional<Problem> malformed_channel(const CharDevice& device) {
    constexpr std::array<std::string_view, 3> targets{"virtio", "guestfwd", "xen"};
    if (device.target.empty()) return Problem{"no target; write <target type='virtio' name=.../>"};
    if (std::ranges::find(targets, device.target) == targets.end())
        return Problem{"unknown target " + quoted(device.target) + "; did you mean " +
                       std::string{nearest(device.target, targets)} + "?"};
    const bool for_virtio = device.type == "spicevmc" || device.type == "qemu-vdagent";
    if (for_virtio && device.target != "virtio") return Problem{device.type + " needs a virtio target"};
    if (device.type == "spicevmc" && !device.name.empty() && device.name != agent_port)
        return Problem{"spicevmc is named " + std::string{agent_port} +
                       " and nothing else; for another port of the "
                       "SPICE server there is spiceport"};
    return device.target == "guestfwd" ? malformed_forward(device) : std::nullopt;
}

}  // namespace

std::optional<Problem> malformed(const CharDevice& device) {
    if (find_host_type(device.type) == nullptr) return Problem{about_unknown_type(device.type)};
    if (auto problem = malformed_source(device)) return problem;
    return device.kind == DeviceKind::channel ? malformed_channel(device) : std::nullopt;
}

std::string port_name(const CharDevice& device) {
    constexpr std::array<std::string_view, 3> aliases{"channel", "serial", "console"};
    if (device.kind == DeviceKind::channel) {
        if (device.target == "guestfwd") return "guestfwd-" + device.target_host + "-" + device.target_port;
        if (!device.name.empty()) return device.name;
        if (device.type == "spicevmc" || device.type == "qemu-vdagent") return std::string{agent_port};
    }
    return std::string{aliases.at(static_cast<std::size_t>(device.kind))} + std::to_string(device.index);
}

bool is_agent(const CharDevice& device) {
    return device.kind == DeviceKind::channel && device.target == "virtio" && port_name(device) == agent_port;
}

bool is_behind_spice(const CharDevice& device) { return is_agent(device) && device.type == "spicevmc"; }

Parsed<Guest> host_end(const CharDevice& device, bool is_running) {
    if (device.target == "xen") return Problem{"Xen's channels are not supported by this version"};
    const auto* type = find_host_type(device.type);
    if (type->reach == nullptr) return Problem{"type='" + device.type + "': " + std::string{type->why}};
    return type->reach(device, is_running);
}

std::string not_yet_known(std::string_view what, bool is_running) {
    if (is_running) return std::string{what} + " does not stand there, though the machine runs; name it";
    return std::string{what} + " is not known while the machine is off; take the XML of the running machine " +
           "(virsh dumpxml), or write it there where it can be fixed";
}

std::string reachable_host(std::string_view address) {
    if (address == "0.0.0.0" || address.empty()) return "127.0.0.1";
    if (address == "::") return "[::1]";
    const bool v6 = address.find(':') != std::string_view::npos;
    return v6 ? "[" + std::string{address} + "]" : std::string{address};
}

}  // namespace vmcbridge::control
