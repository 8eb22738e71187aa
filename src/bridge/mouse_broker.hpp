#pragma once

#include "proto/agent/mouse.hpp"
#include "proto/browser/frames.hpp"
#include "src/bridge/guest_session.hpp"

#include <cstdint>
#include <map>

namespace vmcbridge::bridge {

/// The guest's one pointer, which several clients move: it is where the last of them put it, and a button is down while
/// one of them holds it.
///
/// So nobody's moves let go of what another one drags. A client that goes or is lost lets go of what it held: the
/// guest has nobody else from whom to hear of it.
class MouseBroker {
public:
    explicit MouseBroker(GuestSession& guest) noexcept : guest_{guest} {}

    /// REQUIRES: it may, and the agent can.
    void moved(ClientId client, const browser::Mouse& frame);
    void let_go(ClientId client);
    /// It may be one that knows of buttons that nobody holds any more: behind a port that was closed, or opened anew.
    void agent_came();
    /// Clients are told that it went, and begin anew with the next one.
    void agent_went();

private:
    void tell();

    GuestSession& guest_;
    std::map<ClientId, std::uint32_t> held_;  ///< of those who hold any
    agent::MouseState told_;                  ///< last
    bool has_pressed_ = false;                ///< a button, since the agent came
};

}  // namespace vmcbridge::bridge
