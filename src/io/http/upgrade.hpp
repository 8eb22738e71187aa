#pragma once

#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/session.hpp"

#include <optional>
#include <string>

namespace vmcbridge::io::http {

/// A path below /vms/.
struct SocketPath {
    std::string vm;
    Arrival::Service service;
    std::string port{};  ///< of Service::port
};
/// `/vms/VM/agent`, `/vms/VM/display`, `/vms/VM/spice` and `/vms/VM/ports/PORT`; nullopt: no such service.
[[nodiscard]] std::optional<SocketPath> parse_socket_path(std::string_view path);

/// A handshake that can be answered.
struct Handshake {
    std::string response;  ///< switches protocols
};
/// Checks the opening handshake and chooses the subprotocol: the service's own if it was offered; none if none was
/// offered, as noVNC does. Error: 400, 405 or 426.
[[nodiscard]] Result<Handshake, Response> accept_handshake(const Request& request, Arrival::Service service);

}  // namespace vmcbridge::io::http
