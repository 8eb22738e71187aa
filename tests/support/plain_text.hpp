#pragma once

#include <string>
#include <string_view>

/// Text rules in the plainest way that says them, to hold the fast code of proto/text against.
namespace vmcbridge::support {

/// RFC 3629, a character at a time.
inline bool is_utf8_plainly(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned lead = at(i);
        std::size_t length = 0;
        if (lead < 0x80) length = 1;
        if ((lead & 0xe0U) == 0xc0) length = 2;
        if ((lead & 0xf0U) == 0xe0) length = 3;
        if ((lead & 0xf8U) == 0xf0) length = 4;
        if (length == 0 || text.size() - i < length) return false;
        char32_t value = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) {
            if ((at(i + k) & 0xc0U) != 0x80U) return false;
            value = value << 6 | (at(i + k) & 0x3fU);
        }
        constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
        i += length;
    }
    return true;
}

inline std::string to_crlf_plainly(std::string_view text) {
    std::string result;
    for (const char each : text) {
        if (each == '\n' && !result.ends_with('\r')) result += '\r';
        result += each;
    }
    return result;
}

inline std::string to_lf_plainly(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text.substr(i, 2) != "\r\n") result += text[i];
    return result;
}

}  // namespace vmcbridge::support
