#pragma once

#include "src/config.hpp"

#include <array>
#include <cstddef>

namespace vmcbridge::io {

/// The machine's uuid as it is configured; without one, one made of its name (version 8 of RFC 9562), the same each
/// time.
[[nodiscard]] std::array<std::byte, 16> uuid_of(const VmConfig& config);

}  // namespace vmcbridge::io
