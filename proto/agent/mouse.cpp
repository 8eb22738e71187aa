#include "proto/agent/mouse.hpp"

#include <spice/vd_agent.h>

#include <cstddef>

namespace vmcbridge::agent {

static_assert(sizeof(VDAgentMouseState) == 13 && offsetof(VDAgentMouseState, y) == 4 &&
              offsetof(VDAgentMouseState, buttons) == 8 && offsetof(VDAgentMouseState, display_id) == 12);

Result<MouseState> decode_mouse_state(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    MouseState mouse;
    mouse.x = in.u32("x");
    mouse.y = in.u32("y");
    mouse.buttons = in.u32("buttons");
    mouse.display_id = in.u8("display_id");
    return in.finish(mouse);
}

void encode(const MouseState& message, Dialect /*dialect*/, Writer& out) {
    out.u32(message.x);
    out.u32(message.y);
    out.u32(message.buttons);
    out.u8(message.display_id);
}

}  // namespace vmcbridge::agent
