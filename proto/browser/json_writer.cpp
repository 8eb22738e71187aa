#include "proto/browser/json_writer.hpp"

#include "proto/browser/utf8.hpp"

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

void append_escape(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u00";
    out += digits[static_cast<std::uint8_t>(c) >> 4];
    out += digits[static_cast<std::uint8_t>(c) & 0xF];
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
    std::size_t copied = 0;
    for (std::size_t at = end_of_plain(text, 0); at < text.size(); at = end_of_plain(text, at)) {
        const auto here = text.substr(at);
        const auto character = utf8::decode(here);
        if (character.length > 1) {
            at += character.length;
            continue;
        }
        out += text.substr(copied, at - copied);
        if (character.length == 1) {
            append_escape(out, here.front());
        } else {
            utf8::append(out, U'\uFFFD');
        }
        copied = ++at;
    }
    out += text.substr(copied);
}

}  // namespace vmcbridge::browser
