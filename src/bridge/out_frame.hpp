#pragma once

#include "src/bridge/shared_bytes.hpp"

#include <array>
#include <cstddef>

namespace vmcbridge::bridge {

/// A WebSocket message for one client.
struct OutFrame {
    bool binary = false;
    std::array<std::byte, 4> stream{};  ///< goes before `body`, in the same message; binary frames only
    SharedBytes body;
};

}  // namespace vmcbridge::bridge
