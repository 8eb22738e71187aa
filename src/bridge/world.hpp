#pragma once

#include "src/bridge/client.hpp"
#include "src/bridge/hub.hpp"
#include "src/bridge/trace.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

class SpiceClient;

/// What the parts of one hub share. The hub owns it and outlives its parts' use of it.
struct World {
    std::string vm;
    HubSettings settings;
    VmStatus::Counters counters;
    std::map<ClientId, std::unique_ptr<Client>> clients;
    /// Viewers that belong to a client: they see the machine's session on its behalf, and are none of the clients.
    std::map<ClientId, std::unique_ptr<Client>> companions{};
    std::deque<HubEvent> events;
    Trace trace;
    /// The last frame of a state that a client was told, as it was written down: most often the next one is told the
    /// same.
    struct Written {
        browser::ServerFrame frame;
        SharedBytes text;
    };
    std::optional<Written> last_state{};
    std::vector<ClientId> ready;  ///< see Hub::take_ready_clients; may name a client twice or one that is gone

    /// nullptr: gone.
    [[nodiscard]] Client* find(ClientId id) const {
        const auto found = clients.find(id);
        return found == clients.end() ? nullptr : found->second.get();
    }
    /// The same, companions too.
    [[nodiscard]] Client* find_any(ClientId id) const {
        if (auto* const client = find(id)) return client;
        const auto found = companions.find(id);
        return found == companions.end() ? nullptr : found->second.get();
    }
    /// Who speaks SPICE, companions too; nullptr: gone, or it speaks something else.
    [[nodiscard]] SpiceClient* find_spice(ClientId id) const;
    [[nodiscard]] std::vector<SpiceClient*> spice_clients() const;
    void note(std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields = {}) {
        events.emplace_back(Note{.warning = false, .event = event, .fields = std::move(fields)});
    }
    void warn(std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields = {}) {
        events.emplace_back(Note{.warning = true, .event = event, .fields = std::move(fields)});
    }
};

/// The earlier of two times, either of which may be missing.
[[nodiscard]] inline std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
    if (!a) return b;
    if (!b) return a;
    return std::min(*a, *b);
}

}  // namespace vmcbridge::bridge
