#include "src/io/websocket/handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace vmcbridge::io::websocket {
namespace {

constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
constexpr std::size_t key_size = 24;                                        // 16 bytes in base64
constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_key(std::string_view key) noexcept {
    return key.size() == key_size && key.ends_with("==") &&
           key.substr(0, key_size - 2).find_first_not_of(base64) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> accept_key(std::string_view key) {
    if (!is_key(key)) return std::nullopt;
    const auto text = std::string{key}.append(magic);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return std::nullopt;
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> encoded{};
    const auto length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
    return std::string{encoded.begin(), encoded.begin() + length};
}

std::string switching_protocols(std::string_view accept, std::string_view subprotocol) {
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    head += accept;
    if (!subprotocol.empty()) (head += "\r\nSec-WebSocket-Protocol: ") += subprotocol;
    return head += "\r\n\r\n";
}

}  // namespace vmcbridge::io::websocket
