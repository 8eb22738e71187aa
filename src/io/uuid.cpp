#include "src/io/uuid.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace vmcbridge::io {
namespace {

constexpr std::size_t uuid_size = 16;

std::array<std::byte, uuid_size> of_name(std::string_view name) {
    constexpr std::string_view ours = "vmcbridge machine ";  // so that nobody else's hash of the name is it
    const auto text = std::string{ours} + std::string{name};
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    std::array<std::byte, uuid_size> uuid{};
    std::transform(hash.begin(), hash.begin() + uuid_size, uuid.begin(), [](auto each) { return std::byte{each}; });
    uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x80};  // version
    uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};  // variant
    return uuid;
}

}  // namespace

std::array<std::byte, uuid_size> uuid_of(const VmConfig& config) {
    if (config.uuid.empty()) return of_name(config.name);
    std::string digits;
    std::ranges::copy_if(config.uuid, std::back_inserter(digits), [](char c) { return c != '-'; });
    std::array<std::byte, uuid_size> uuid{};
    for (std::size_t i = 0; i < uuid_size && 2 * i + 2 <= digits.size(); ++i) {
        unsigned char byte = 0;
        std::from_chars(&digits[2 * i], &digits[2 * i] + 2, byte, 16);
        uuid[i] = std::byte{byte};
    }
    return uuid;
}

}  // namespace vmcbridge::io
