#pragma once

#include "proto/result.hpp"
#include "proto/text.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Bytes as the tests write them: "01 00 41*2020", two digits a byte, XX*N for N bytes XX.
namespace vmcbridge::support {

using ByteVector = std::vector<std::byte>;

namespace detail {

template <class T>
T number(std::string_view text, int base) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end) throw std::invalid_argument{"no bytes: " + std::string{text}};
    return value;
}

}  // namespace detail

/// Throws std::invalid_argument where the text is not as above: the test is wrong.
inline ByteVector from_hex(std::string_view text) {
    ByteVector bytes;
    while (!text.empty()) {
        const auto token = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), token.size() + 1));
        if (token.empty()) continue;
        const auto value = static_cast<std::byte>(detail::number<unsigned char>(token.substr(0, 2), 16));
        const auto count = token.size() == 2 ? 1 : detail::number<std::size_t>(token.substr(3), 10);
        bytes.insert(bytes.end(), count, value);
    }
    return bytes;
}

/// Runs of 16 bytes and more come as XX*N, so that bulk stays readable in a failure.
inline std::string to_hex(Bytes bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::size_t long_run = 16;
    std::string text;
    for (std::size_t i = 0; i < bytes.size();) {
        const auto value = std::to_integer<unsigned>(bytes[i]);
        auto end = i;
        while (end < bytes.size() && bytes[end] == bytes[i]) ++end;
        const auto run = end - i >= long_run ? end - i : 1;
        if (!text.empty()) text += ' ';
        text += {digits[value >> 4], digits[value & 15]};
        if (run > 1) text += '*' + std::to_string(run);
        i += run;
    }
    return text;
}

inline ByteVector bytes_of(std::string_view text) {
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

/// A buffer of its own for a piece of another, so that a sanitizer sees each byte read past its end.
inline ByteVector copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace vmcbridge::support
