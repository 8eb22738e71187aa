#include "src/io/http/upgrade.hpp"

#include "src/io/websocket/handshake.hpp"

#include <algorithm>

namespace vmcbridge::io::http {
namespace {

constexpr std::string_view prefix = "/vms/";

std::string_view subprotocol_of(Arrival::Service service) noexcept {
    return service == Arrival::Service::agent ? "vmcbridge.v1" : "binary";
}

Response upgrade_required(std::string_view detail) {
    auto response = problem(426, detail);
    response.fields = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
    return response;
}

}  // namespace

std::optional<SocketPath> parse_socket_path(std::string_view path) {
    if (!path.starts_with(prefix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    const auto end = path.find('/');
    if (end == std::string_view::npos) return std::nullopt;
    const auto vm = percent_decoded(path.substr(0, end));
    const auto service = path.substr(end + 1);
    if (!vm || vm->empty()) return std::nullopt;
    if (service == "agent") return SocketPath{*vm, Arrival::Service::agent};
    if (service == "display") return SocketPath{*vm, Arrival::Service::display};
    if (service == "spice") return SocketPath{*vm, Arrival::Service::spice};
    constexpr std::string_view ports = "ports/";
    if (!service.starts_with(ports)) return std::nullopt;
    auto port = percent_decoded(service.substr(ports.size()));
    if (!port || port->empty()) return std::nullopt;
    return SocketPath{*vm, Arrival::Service::port, *std::move(port)};
}

Result<Handshake, Response> accept_handshake(const Request& request, Arrival::Service service) {
    if (request.method != "GET") return problem(405, "a WebSocket begins with GET");
    if (!request.is_upgrade()) return upgrade_required("this path is a WebSocket");
    if (request.field("sec-websocket-version") != "13") return upgrade_required("version 13 is spoken here");
    const auto accept = websocket::accept_key(request.field("sec-websocket-key"));
    if (!accept || request.all("sec-websocket-key").size() != 1) return problem(400, "malformed Sec-WebSocket-Key");

    // A token that stands among the subprotocols is no subprotocol.
    auto offered = request.items("sec-websocket-protocol");
    std::erase_if(offered, [](std::string_view each) { return each.starts_with("bearer."); });
    const auto ours = subprotocol_of(service);
    const bool agreed = std::ranges::find(offered, ours) != offered.end();
    if (!agreed && !offered.empty()) return problem(400, "the subprotocol of this path is " + std::string{ours});
    return Handshake{websocket::switching_protocols(*accept, agreed ? ours : std::string_view{})};
}

}  // namespace vmcbridge::io::http
