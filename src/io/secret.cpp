#include "src/io/secret.hpp"

#include <sys/random.h>

#include <array>
#include <string_view>

namespace vmcbridge::io {

bool fill_random(std::span<unsigned char> bytes) noexcept {
    return getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

std::string make_secret() {
    std::array<unsigned char, 16> bytes{};
    if (!fill_random(bytes)) return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::string make_password() {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static_assert(digits.size() == 64);
    std::array<unsigned char, 32> bytes{};
    if (!fill_random(bytes)) return {};
    std::string text;
    for (const auto byte : bytes) text += digits[byte & 63U];  // 6 bits of each
    return text;
}

}  // namespace vmcbridge::io
