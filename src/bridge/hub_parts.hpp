#pragma once

#include "src/bridge/clipboard_broker.hpp"
#include "src/bridge/display_broker.hpp"
#include "src/bridge/guest_reader.hpp"
#include "src/bridge/guest_session.hpp"
#include "src/bridge/hub.hpp"
#include "src/bridge/mouse_broker.hpp"
#include "src/bridge/rate.hpp"
#include "src/bridge/session_broker.hpp"
#include "src/bridge/spice_client.hpp"
#include "src/bridge/transfer_broker.hpp"
#include "src/bridge/web_client.hpp"
#include "src/bridge/world.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

/// What a hub is made of, and what its parts have to do with each other.
struct Hub::Parts {
    Parts(std::string vm, HubSettings settings, SpoolFactory spools)
        : world{.vm = std::move(vm),
                .settings = std::move(settings),
                .counters = {},
                .clients = {},
                .companions = {},
                .events = {},
                .trace = {},
                .last_state = {},
                .ready = {}},
          clipboard{world, guest, std::move(spools)} {}

    World world;
    GuestReader reader;
    TransferBroker transfers{world, guest};
    GuestSession guest{world, transfers};
    ClipboardBroker clipboard;
    DisplayBroker display{world, guest};
    SessionBroker session{world};
    MouseBroker mouse{guest};
    std::uint64_t next_client = 1;
    bool agent_is_news = false;     ///< finish() tells all clients of the agent
    bool clients_are_news = false;  ///< finish() tells observers who is there
    Rate restarts{limits::agent_restarts, std::chrono::seconds{1}};
    Rate agent_notes{limits::agent_notes, std::chrono::minutes{1}};
    bool is_restless = false;  ///< the agent announces itself without end: the guest must be dropped

    /// Ends a call of the hub: clients hear of the state that it left, once, whatever it went through (one read may
    /// hold thousands of messages); who doesn't read goes.
    void finish(Time now);

    // ---- The guest (hub_guest.cpp)
    void handle(const GuestEvent& event, Time now);
    void handle(AgentType type, Bytes body, Time now);
    void handle_change(GuestSession::Change change, Time now);
    /// Where a client held the guest up, it was not read: what it may have said meanwhile is not late.
    void excuse_guest(Time now);
    void agent_came(Time now);
    void agent_went(Time now);
    /// A guest can make an agent come and go as fast as it writes: a few of these are noted, the others are counted.
    void note_agent(std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields, Time now);
    void note_left_out(Time now);
    /// The agent as clients may see it.
    [[nodiscard]] AgentView agent_view() const;
    void tell_agent();
    /// What was full before has room again: clients may be read.
    void wake_clients_if_room(bool was_full);

    // ---- Clients (hub_clients.cpp)
    /// nullptr: gone, or it speaks something else.
    [[nodiscard]] WebClient* find_web(ClientId id) const { return dynamic_cast<WebClient*>(world.find(id)); }
    /// Ends what clients had under way with an agent that they were told is gone.
    void end_restarted(Time now);
    [[nodiscard]] Result<ClientId, browser::Code> join_companion(ClientProfile profile, const SpiceLink& link,
                                                                 Time now);
    /// Its oldest companion goes where there are too many for one more.
    void limit_companions_of(ClientId client, Time now);
    /// Makes place for one more by the rules, or says why there is none.
    [[nodiscard]] std::optional<browser::Code> make_place(Time now);
    /// It is in the world: what it may do, and when it came.
    void admit(std::unique_ptr<Client> client, Time now);
    void tell_clients();
    /// The client whose token this is, of the same user; nullptr: none. Tokens are compared in constant time.
    [[nodiscard]] WebClient* find_resumable(std::string_view token, const std::string& user) const;
    void resume(WebClient& client, ClientProfile profile, Time now);
    void drop_lost(Time now);
    /// Makes place for one more where there may be `most`, if need be of clients that are lost, those lost longest
    /// first. false: so many are there that it would not help; nobody was dropped.
    [[nodiscard]] bool make_room(std::size_t most, Time now);
    void drop(Client& client, std::string_view reason, Time now);
    [[nodiscard]] std::optional<Time> next_lost() const;
    void remove(ClientId id, Time now);
    void remove_companion(ClientId id);
    void close_companions_of(ClientId client, browser::CloseCode code, std::string_view reason);
    /// Says so to the guest where nobody is left.
    void look_for_last();
    void close(ClientId id, browser::CloseCode code, std::string reason, Time now);
    /// Lets clients go that don't read.
    void drop_overflowed(Time now);
};

/// What one message of a SPICE client asks for (hub_spice.cpp, hub_spice_agent.cpp). A sentence: it must go, and why.
[[nodiscard]] std::optional<std::string> handle_spice(Hub::Parts& parts, SpiceClient& client,
                                                      const spice::ClientMessage& message, Time now);
[[nodiscard]] std::optional<std::string> handle_agent_data(Hub::Parts& parts, SpiceClient& client, Bytes bytes,
                                                           Time now);

/// What one frame of a browser asks for (hub_frames.cpp).
void handle_frame(Hub::Parts& parts, WebClient& client, const browser::ClientFrame& frame, Time now);

}  // namespace vmcbridge::bridge
