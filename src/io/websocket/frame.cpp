#include "src/io/websocket/frame.hpp"

#include "proto/text.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vmcbridge::io::websocket {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t reserved_mask = 0x70;
constexpr std::uint8_t opcode_mask = 0x0f;
constexpr std::uint8_t masked_bit = 0x80;
constexpr std::uint8_t length_mask = 0x7f;
constexpr std::uint8_t length_u16 = 126;
constexpr std::uint8_t length_u64 = 127;

std::uint64_t big_endian(Bytes bytes) noexcept {
    std::uint64_t value = 0;
    for (const auto byte : bytes) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
    return value;
}

void put_big_endian(MutableBytes out, std::uint64_t value) noexcept {
    for (std::size_t at = out.size(); at-- > 0; value >>= 8U) out[at] = static_cast<std::byte>(value & 0xffU);
}

bool is_known(std::uint8_t opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// Codes that may stand in a close frame: RFC 6455 section 7.4.
bool may_be_sent(std::uint16_t code) noexcept {
    if (code >= 3000) return code < 5000;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

std::string_view to_text(FrameFault fault) noexcept {
    switch (fault) {
        case FrameFault::reserved_bits: return "reserved bits";
        case FrameFault::unknown_opcode: return "unknown opcode";
        case FrameFault::not_masked: return "frame without mask";
        case FrameFault::bad_length: return "length not in its shortest form";
        case FrameFault::bad_control: return "control frame too long or in pieces";
        case FrameFault::out_of_order: return "frame out of order";
        case FrameFault::bad_close: return "malformed close frame";
        case FrameFault::not_utf8: return "text is not UTF-8";
        case FrameFault::too_large: return "message too large";
        case FrameFault::unexpected_kind: return "binary messages only";
    }
    return "malformed frame";
}

std::uint16_t close_code(FrameFault fault) noexcept {
    switch (fault) {
        case FrameFault::not_utf8: return 1007;
        case FrameFault::too_large: return 1009;
        case FrameFault::unexpected_kind: return 1003;
        default: return 1002;
    }
}

Result<std::optional<FrameHeader>, FrameFault> decode_header(Bytes bytes) noexcept {
    if (bytes.size() < 2) return std::optional<FrameHeader>{};
    const auto first = std::to_integer<std::uint8_t>(bytes[0]);
    const auto second = std::to_integer<std::uint8_t>(bytes[1]);
    if ((first & reserved_mask) != 0) return FrameFault::reserved_bits;
    const auto opcode = static_cast<std::uint8_t>(first & opcode_mask);
    if (!is_known(opcode)) return FrameFault::unknown_opcode;
    if ((second & masked_bit) == 0) return FrameFault::not_masked;

    FrameHeader header;
    header.fin = (first & fin_bit) != 0;
    header.opcode = static_cast<Opcode>(opcode);
    const auto short_length = static_cast<std::uint8_t>(second & length_mask);
    if (is_control(header.opcode) && (!header.fin || short_length > control_payload)) return FrameFault::bad_control;

    const std::size_t extended = short_length == length_u16 ? 2 : short_length == length_u64 ? 8 : 0;
    header.size = 2 + extended + header.mask.size();
    if (bytes.size() < header.size) return std::optional<FrameHeader>{};
    header.length = extended == 0 ? short_length : big_endian(bytes.subspan(2, extended));
    const bool shortest = extended == 0 || (extended == 2 ? header.length >= length_u16 : header.length > 0xffff);
    if (!shortest || (header.length >> 63U) != 0) return FrameFault::bad_length;
    std::memcpy(header.mask.data(), bytes.data() + 2 + extended, header.mask.size());
    return std::optional{header};
}

std::size_t encode_header(MutableBytes out, Opcode opcode, std::uint64_t length) noexcept {
    out[0] = static_cast<std::byte>(fin_bit | static_cast<std::uint8_t>(opcode));
    if (length < length_u16) {
        out[1] = static_cast<std::byte>(length);
        return 2;
    }
    const std::size_t extended = length <= 0xffff ? 2 : 8;
    out[1] = std::byte{extended == 2 ? length_u16 : length_u64};
    put_big_endian(out.subspan(2, extended), length);
    return 2 + extended;
}

Mask unmask(std::byte* to, const std::byte* from, std::size_t count, Mask mask) noexcept {
    const auto once = std::bit_cast<std::uint32_t>(mask);
    const auto twice = (std::uint64_t{once} << 32U) | once;
    std::size_t at = 0;
    // Loads before it stores, so `to` may overlap `from` from below.
    for (; at + 32 <= count; at += 32) {
        std::array<std::uint64_t, 4> words;
        std::memcpy(words.data(), from + at, sizeof words);
        for (auto& word : words) word ^= twice;
        std::memcpy(to + at, words.data(), sizeof words);
    }
    for (; at + 8 <= count; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + at, sizeof word);
        word ^= twice;
        std::memcpy(to + at, &word, sizeof word);
    }
    for (; at < count; ++at) to[at] = from[at] ^ mask[at % mask.size()];
    Mask after;
    for (std::size_t each = 0; each < mask.size(); ++each) after[each] = mask[(count + each) % mask.size()];
    return after;
}

Result<std::uint16_t, FrameFault> decode_close(Bytes payload) noexcept {
    if (payload.empty()) return std::uint16_t{1005};
    if (payload.size() < 2) return FrameFault::bad_close;
    const auto code = static_cast<std::uint16_t>(big_endian(payload.first(2)));
    if (!may_be_sent(code) || !is_utf8(as_text(payload.subspan(2)))) return FrameFault::bad_close;
    return code;
}

std::size_t encode_close(std::span<std::byte, control_payload> out, std::uint16_t code,
                         std::string_view reason) noexcept {
    put_big_endian(out.first(2), code);
    reason = reason.substr(0, control_payload - 2);
    std::ranges::copy(as_bytes(reason), out.begin() + 2);
    return 2 + reason.size();
}

}  // namespace vmcbridge::io::websocket
