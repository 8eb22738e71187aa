#pragma once

#include "proto/text.hpp"
#include "src/io/websocket/frame.hpp"

#include <string>
#include <string_view>

namespace vmcbridge::io::websocket {

/// A client's frame, masked; the header as RFC 6455 has it, written here anew so that it checks ours.
inline std::string client_frame(unsigned first_byte, std::string_view payload,
                                std::string_view mask = "\x11\xa2\x33\xc4") {
    std::string out(1, static_cast<char>(first_byte));
    const auto size = payload.size();
    if (size < 126) {
        out += static_cast<char>(0x80U | size);
    } else {
        const int bytes = size <= 0xffff ? 2 : 8;
        out += static_cast<char>(0x80U | (bytes == 2 ? 126U : 127U));
        for (int each = bytes - 1; each >= 0; --each) out += static_cast<char>((size >> (8 * each)) & 0xffU);
    }
    out += mask;
    for (std::size_t at = 0; at < size; ++at) out += static_cast<char>(payload[at] ^ mask[at % mask.size()]);
    return out;
}

inline constexpr unsigned fin = 0x80;
inline constexpr unsigned continued = 0x0;
inline constexpr unsigned text = 0x1;
inline constexpr unsigned binary = 0x2;
inline constexpr unsigned close = 0x8;
inline constexpr unsigned ping = 0x9;
inline constexpr unsigned pong = 0xa;

}  // namespace vmcbridge::io::websocket
