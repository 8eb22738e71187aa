#pragma once

#include "src/bridge/guest_session.hpp"
#include "src/bridge/world.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace vmcbridge::bridge {

/// Who sizes the display, and what became of each layout.
///
/// The first who may resize has the lead; when it goes, the one who was active last. Layouts go to the guest at most
/// every 100 ms, the last one wins; each gets one result. A client's last layout is kept and applied when it gets the
/// lead.
class DisplayBroker {
public:
    DisplayBroker(World& world, GuestSession& guest) noexcept : world_{world}, guest_{guest} {}

    /// May this client change how the guest's display is? nullopt: yes; else why not.
    [[nodiscard]] std::optional<browser::Code> refuse(const Client& client) const;
    void layout_wanted(Client& client, const browser::Monitors& frame, Time now);
    void lead_wanted(Client& client, Time now);
    /// Returns true where it got the lead because nobody had it; the others are told.
    [[nodiscard]] bool client_came(const Client& client);
    /// It is gone from World::clients already.
    void client_gone(ClientId client, Time now);
    void settings_changed(Time now);
    void agent_came(Time now);
    void agent_went();
    void guest_replied(const agent::Reply& reply);

    [[nodiscard]] std::optional<ClientId> lead() const noexcept { return lead_; }
    /// The guest was not read for some time: its replies have their whole deadline from now.
    void excuse_guest(Time now);
    void handle_timeout(Time now);
    [[nodiscard]] std::optional<Time> poll_timeout() const;

private:
    /// A `monitors` that waits for its result.
    struct Asked {
        ClientId client{};
        std::optional<RequestId> request;
        Time due{};            ///< pending: when to send; sent: when to stop waiting
        bool answered = true;  ///< nobody waits for a result: a layout applied of our own accord
    };
    void apply(ClientId client, std::optional<RequestId> request, bool wants_result, Time now);
    void apply_lead_layout(Time now);
    void send_pending(Time now);
    void pass_lead_on(Time now);
    void set_lead(std::optional<ClientId> client, Time now);
    void tell(const Asked& asked, browser::MonitorsStatus status, std::optional<browser::Code> code,
              std::string_view message);

    World& world_;
    GuestSession& guest_;
    std::optional<ClientId> lead_;
    std::map<ClientId, std::vector<browser::Monitor>> layouts_;  ///< each client's last one
    std::optional<Asked> pending_;
    std::deque<Asked> sent_;  ///< in the order of their replies
};

}  // namespace vmcbridge::bridge
