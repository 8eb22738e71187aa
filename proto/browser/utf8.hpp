#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// UTF-8 one character at a time, as RFC 3629 has it.
namespace vmcbridge::utf8 {

/// A character at the start of a text.
struct Decoded {
    char32_t value = 0;
    std::size_t length = 0;  ///< bytes; 0: what stands here is no UTF-8
};

/// Decodes the first character. REQUIRES: not empty.
[[nodiscard]] constexpr Decoded decode(std::string_view text) noexcept {
    const auto lead = static_cast<std::uint8_t>(text.front());
    if (lead < 0x80) return {.value = lead, .length = 1};
    // Least continuation bytes and smallest value by lead byte: shorter spellings of a value are not UTF-8.
    const std::size_t length = lead >= 0xF5 ? 0 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || length > text.size()) return {};
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xC0) != 0x80) return {};
        value = (value << 6) | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) return {};
    return {.value = value, .length = length};
}

/// Appends one character. REQUIRES: value at most U+10FFFF and no surrogate.
constexpr void append(std::string& out, char32_t value) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((value >> shift) & 0x3F)); };
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else if (value < 0x800) {
        out += static_cast<char>(0xC0 | (value >> 6));
        tail(0);
    } else if (value < 0x10000) {
        out += static_cast<char>(0xE0 | (value >> 12));
        tail(6), tail(0);
    } else {
        out += static_cast<char>(0xF0 | (value >> 18));
        tail(12), tail(6), tail(0);
    }
}

/// The longest beginning of at most `limit` bytes that does not cut a character. REQUIRES: text is UTF-8.
[[nodiscard]] constexpr std::string_view cut(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<std::uint8_t>(text[limit]) & 0xC0) == 0x80) --limit;
    return text.substr(0, limit);
}

}  // namespace vmcbridge::utf8
