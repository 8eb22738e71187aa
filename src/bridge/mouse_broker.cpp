#include "src/bridge/mouse_broker.hpp"

namespace vmcbridge::bridge {

void MouseBroker::moved(ClientId client, const browser::Mouse& frame) {
    if (frame.buttons == 0) {
        held_.erase(client);
    } else {
        held_[client] = frame.buttons;
    }
    told_ = {.x = frame.x, .y = frame.y, .buttons = 0, .display_id = frame.display};
    tell();
}

void MouseBroker::let_go(ClientId client) {
    if (held_.erase(client) > 0) tell();
}

void MouseBroker::agent_came() {
    if (has_pressed_ && guest_.can(agent::Capability::mouse_state)) tell();
    has_pressed_ = false;
}

void MouseBroker::agent_went() { held_.clear(); }

void MouseBroker::tell() {
    told_.buttons = 0;
    for (const auto& [client, buttons] : held_) told_.buttons |= buttons;
    has_pressed_ |= told_.buttons != 0;
    guest_.send(told_, ChunkPort::server);
}

}  // namespace vmcbridge::bridge
