#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The opening handshake of RFC 6455, the server's half. Pure.
namespace vmcbridge::io::websocket {

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key; nullopt: the key is not 16 bytes in base64.
[[nodiscard]] std::optional<std::string> accept_key(std::string_view key);

/// The answer that switches protocols, whole. An empty subprotocol is left out.
[[nodiscard]] std::string switching_protocols(std::string_view accept, std::string_view subprotocol);

}  // namespace vmcbridge::io::websocket
