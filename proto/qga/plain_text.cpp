#include "proto/qga/plain_text.hpp"

#include "proto/browser/utf8.hpp"

namespace vmcbridge::qga {
namespace {

constexpr bool is_control(char32_t value) noexcept {
    const bool is_c0_c1 = value < 0x20 || (value >= 0x7F && value < 0xA0);
    const bool turns = value == 0x200E || value == 0x200F || (value >= 0x202A && value <= 0x202E) ||
                       (value >= 0x2066 && value <= 0x2069);
    return is_c0_c1 || turns || value == 0x2028 || value == 0x2029;
}

}  // namespace

std::string plain_text(std::string_view text, std::size_t limit) {
    constexpr char32_t replacement = 0xFFFD;
    std::string out;
    for (text = utf8::cut(text, limit); !text.empty();) {
        const auto [value, length] = utf8::decode(text);
        if (length == 0) break;
        utf8::append(out, is_control(value) ? replacement : value);
        text.remove_prefix(length);
    }
    return std::string{utf8::cut(out, limit)};
}

}  // namespace vmcbridge::qga
