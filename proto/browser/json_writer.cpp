#include "proto/browser/json_writer.hpp"

#include "proto/browser/utf8.hpp"

#include <array>
#include <cstring>

namespace vmcbridge::browser {
namespace {

constexpr std::uint64_t every_byte(std::uint8_t byte) noexcept { return 0x0101'0101'0101'0101U * byte; }

// High bit of a byte set: it is below `limit` (at most 0x80). Exact only for the lowest such byte, and for bytes under
// 0x80; that is enough to answer "is there one".
constexpr std::uint64_t below(std::uint64_t word, std::uint8_t limit) noexcept {
    return (word - every_byte(limit)) & ~word & every_byte(0x80);
}

// Is one of these eight bytes a control character, a quote, a backslash, or not ASCII?
constexpr bool needs_care(std::uint64_t word) noexcept {
    const auto quote = below(word ^ every_byte('"'), 1);
    const auto backslash = below(word ^ every_byte('\\'), 1);
    return (below(word, 0x20) | quote | backslash | (word & every_byte(0x80))) != 0;
}

constexpr bool is_plain(char c) noexcept {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// First byte from `at` on that can't be copied as it is. Eight at a time: clipboard text is mostly plain.
std::size_t end_of_plain(std::string_view text, std::size_t at) noexcept {
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        if (needs_care(word)) break;
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

/// A byte of ASCII that must not stand in a string as it is, spelled so that it may.
struct Escape {
    std::array<char, 6> text{};
    std::uint8_t size = 0;  ///< 0: needs none
};

constexpr auto escapes = [] {
    std::array<Escape, 0x80> table{};
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t byte = 0; byte < 0x20; ++byte)
        table[byte] = {{'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0xF]}, 6};
    constexpr std::string_view shorts = "\"\"\\\\\bb\ff\nn\rr\tt";  // a byte and the letter that spells it
    for (std::size_t i = 0; i < shorts.size(); i += 2)
        table[static_cast<std::uint8_t>(shorts[i])] = {{'\\', shorts[i + 1]}, 2};
    return table;
}();

// Appends what stands at `at` and is not plain, and gives the place after it.
std::size_t append_special(std::string& out, std::string_view text, std::size_t at) {
    const auto character = utf8::decode(text.substr(at));
    if (character.length == 0) {
        utf8::append(out, U'\uFFFD');
        return at + 1;
    }
    if (character.length == 1) {
        const auto& escape = escapes[character.value];
        out.append(escape.text.data(), escape.size);
    } else {
        out.append(text, at, character.length);
    }
    return at + character.length;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto end = end_of_plain(text, at);
        if (end != at) out.append(text, at, end - at);
        for (at = end; at < text.size() && !is_plain(text[at]);) at = append_special(out, text, at);
    }
}

}  // namespace vmcbridge::browser
