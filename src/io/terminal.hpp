#pragma once

#include "src/io/asio.hpp"

namespace vmcbridge::io {

/// 8-bit clean, without echo, line editing or signals. Terminals come cooked: bytes read or written before this are
/// changed on their way.
[[nodiscard]] error_code make_raw(int terminal) noexcept;

}  // namespace vmcbridge::io
