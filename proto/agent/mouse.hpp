#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <cstdint>

namespace vmcbridge::agent {

/// Host to guest, server port: absolute pointer on one display.
///
/// Body:  x u32 | y u32 | buttons u32 | display_id u8        Source: vd_agent.h, VDAgentMouseState.
struct MouseState {
    std::uint32_t x = 0;  ///< pixels, relative to display `display_id`
    std::uint32_t y = 0;
    std::uint32_t buttons = 0;  ///< VD_AGENT_*BUTTON_MASK
    std::uint8_t display_id = 0;
    friend bool operator==(const MouseState&, const MouseState&) = default;
};

/// Errors: truncated, trailing_bytes.
[[nodiscard]] Result<MouseState> decode_mouse_state(Bytes body, Dialect dialect);
void encode(const MouseState& message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
