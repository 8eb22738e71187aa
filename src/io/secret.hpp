#pragma once

#include <string>

namespace vmcbridge::io {

/// 128 bits that nobody can guess, as 32 hexadecimal digits. Empty where the system has none to give.
[[nodiscard]] std::string make_secret();

}  // namespace vmcbridge::io
