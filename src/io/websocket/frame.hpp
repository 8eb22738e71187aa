#pragma once

#include "proto/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The frames of RFC 6455, as a server sees them. Pure: bytes <-> values.
///
///     FIN RSV(3) opcode(4) | MASK length(7) | [length u16 or u64, big-endian] | [mask 4] | payload
namespace vmcbridge::io::websocket {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
[[nodiscard]] constexpr bool is_control(Opcode opcode) noexcept { return static_cast<std::uint8_t>(opcode) >= 8; }

/// Payload of a control frame. Fixed by RFC 6455.
inline constexpr std::size_t control_payload = 125;
/// Before the payload: of a client's frame at most, and of one of ours.
inline constexpr std::size_t client_header = 14;
inline constexpr std::size_t server_header = 10;

/// Why a client's frame can't be understood. Each ends the connection with a close code of its own.
enum class FrameFault : std::uint8_t {
    reserved_bits,  ///< an extension that was not agreed on
    unknown_opcode,
    not_masked,
    bad_length,       ///< not the shortest form, or over 2^63
    bad_control,      ///< a control frame that is long or in pieces
    out_of_order,     ///< a continuation of nothing, or a new message inside another
    bad_close,        ///< a close frame with one byte, a code that nobody may send, or a reason that is not UTF-8
    not_utf8,         ///< a text message
    too_large,        ///< over the limit of its kind
    unexpected_kind,  ///< text where only binary is spoken
};
[[nodiscard]] std::string_view to_text(FrameFault fault) noexcept;
/// 1002, 1003, 1007 or 1009.
[[nodiscard]] std::uint16_t close_code(FrameFault fault) noexcept;

using Mask = std::array<std::byte, 4>;

struct FrameHeader {
    bool fin = false;
    Opcode opcode = Opcode::continuation;
    std::uint64_t length = 0;  ///< bytes of payload
    Mask mask{};
    std::size_t size = 0;  ///< bytes of the header itself
};

/// The header at the start of `bytes`; nullopt: more bytes are needed to tell.
[[nodiscard]] Result<std::optional<FrameHeader>, FrameFault> decode_header(Bytes bytes) noexcept;

/// Header of one of our frames, always whole messages. Returns its size. REQUIRES: out.size() >= server_header.
std::size_t encode_header(MutableBytes out, Opcode opcode, std::uint64_t length) noexcept;

/// Takes the mask off while moving; `to` may lie before `from` or be the same. Returns the mask for the byte after.
Mask unmask(std::byte* to, const std::byte* from, std::size_t count, Mask mask) noexcept;

/// What a close frame says: its code, 1005 when it says none.
[[nodiscard]] Result<std::uint16_t, FrameFault> decode_close(Bytes payload) noexcept;
/// Payload of a close frame; the reason is cut to 123 bytes. Returns its size.
[[nodiscard]] std::size_t encode_close(std::span<std::byte, control_payload> out, std::uint16_t code,
                                       std::string_view reason) noexcept;

}  // namespace vmcbridge::io::websocket
