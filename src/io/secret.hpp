#pragma once

#include <span>
#include <string>

namespace vmcbridge::io {

/// Fills `bytes` (at most 256) with what nobody can guess; false: the system has none to give.
[[nodiscard]] bool fill_random(std::span<unsigned char> bytes) noexcept;

/// 128 bits that nobody can guess, as 32 hexadecimal digits. Empty where the system has none to give.
[[nodiscard]] std::string make_secret();

/// 192 such bits, as 32 characters of base64url: a password that fits where SPICE and URLs carry one. Empty likewise.
[[nodiscard]] std::string make_password();

}  // namespace vmcbridge::io
