// Clients come, change their rights and go.

#include "src/bridge/hub_parts.hpp"

#include <utility>
#include <vector>

namespace vmcbridge::bridge {

using browser::CloseCode;
using browser::Code;
using policy::SeveralClients;

std::string_view name(ClientKind kind) noexcept {
    switch (kind) {
        case ClientKind::web: return "web";
        case ClientKind::spice: return "spice";
        case ClientKind::cli: return "cli";
    }
    return "";
}

Result<ClientId, Code> Hub::handle_client_joined(ClientProfile profile, Time now, std::string_view resume) {
    auto& parts = at(now);
    if (auto* known = parts.find_resumable(resume, profile.user)) {
        parts.resume(*known, std::move(profile), now);
        parts.finish(now);
        return known->id();
    }
    if (const auto code = parts.make_place(now)) return *code;
    const ClientId id{parts.next_client++};
    auto owned = std::make_unique<WebClient>(id, std::move(profile), parts.world);
    auto& client = *owned;
    parts.admit(std::move(owned), now);
    client.welcome(parts.agent_view(), parts.display.client_came(client));
    parts.clipboard.show_to(client);
    parts.finish(now);
    return id;
}

std::optional<Code> Hub::Parts::make_place(Time now) {
    const auto rule = world.settings.policy.several_clients;
    if (rule == SeveralClients::refuse && !make_room(1, now)) return Code::busy;
    if (rule == SeveralClients::take_over)
        while (!world.clients.empty())
            close(world.clients.begin()->first, CloseCode::replaced, "another client took over", now);
    if (!make_room(limits::vm_clients, now)) return Code::too_many;
    return std::nullopt;
}

void Hub::Parts::admit(std::unique_ptr<Client> client, Time now) {
    client->rights = policy::effective(client->profile().permissions, world.settings.policy);
    client->last_active = now;
    const auto id = client->id();
    world.clients.emplace(id, std::move(client));
    clients_are_news = true;
}

void Hub::handle_client_gone(ClientId id, Time now) {
    auto& parts = at(now);
    if (parts.world.companions.contains(id)) {
        parts.remove_companion(id);
        return parts.finish(now);
    }
    if (!parts.world.find(id)) return;
    parts.remove(id, now);
    parts.look_for_last();
    parts.finish(now);
}

void Hub::Parts::remove(ClientId id, Time now) {
    // Kept until the brokers are done: they find it gone from the world, but not from under their feet.
    const auto node = world.clients.extract(id);
    clipboard.client_gone(id, now);
    transfers.client_gone(id, now);
    display.client_gone(id, now);
    session.viewer_gone(id);
    mouse.let_go(id);
    clipboard.check_slow(now);
    clients_are_news = true;
    close_companions_of(id, CloseCode::done, "its client has gone");
}

void Hub::Parts::remove_companion(ClientId id) {
    const auto node = world.companions.extract(id);
    session.viewer_gone(id);
}

void Hub::Parts::close_companions_of(ClientId client, CloseCode code, std::string_view reason) {
    for (const auto* viewer : world.spice_clients()) {
        const auto id = viewer->id();
        if (!viewer->is_companion() || viewer->agent_client() != client) continue;
        world.events.emplace_back(CloseClient{.client = id, .code = code, .reason = std::string{reason}});
        remove_companion(id);
    }
}

void Hub::Parts::look_for_last() {
    if (world.clients.empty() && guest.is_there()) guest.send(agent::ClientDisconnected{}, ChunkPort::server);
}

void Hub::Parts::close(ClientId id, CloseCode code, std::string reason, Time now) {
    if (world.companions.contains(id)) {
        world.events.emplace_back(CloseClient{.client = id, .code = code, .reason = std::move(reason)});
        return remove_companion(id);
    }
    close_companions_of(id, code, reason);
    world.events.emplace_back(CloseClient{.client = id, .code = code, .reason = std::move(reason)});
    remove(id, now);
}

void Hub::Parts::drop_overflowed(Time now) {
    const auto is_over = [](const auto& entry) { return entry.second->has_overflowed(); };
    for (;;) {
        const auto found = std::ranges::find_if(world.clients, is_over);
        if (found == world.clients.end()) break;
        close(found->first, CloseCode::too_slow, "too slow", now);
        look_for_last();
    }
    while (true) {
        const auto found = std::ranges::find_if(world.companions, is_over);
        if (found == world.companions.end()) return;
        close(found->first, CloseCode::too_slow, "too slow", now);
    }
}

void Hub::Parts::tell_clients() {
    std::vector<browser::ClientEntry> entries;
    entries.reserve(world.clients.size());
    for (const auto& [id, client] : world.clients)
        entries.push_back({.id = id,
                           .kind = name(client->profile().kind),
                           .user = client->profile().user,
                           .lead = display.lead() == id});
    for (const auto& [id, client] : world.clients) client->clients_changed(entries);
}

void Hub::handle_settings(HubSettings settings, Time now) {
    auto& parts = at(now);
    const auto view_before = parts.agent_view();
    const auto lead_before = parts.display.lead();
    const auto before = std::exchange(parts.world.settings, std::move(settings));
    const auto& policy = parts.world.settings.policy;
    for (const auto& [id, client] : parts.world.clients) {
        const auto rights = policy::effective(client->profile().permissions, policy);
        const auto changed = rights != std::exchange(client->rights, rights) || before.policy != policy;
        if (changed) client->rights_changed(policy);
    }
    for (auto* const viewer : parts.world.spice_clients())
        if (viewer->is_companion()) viewer->rights = policy::effective(viewer->profile().permissions, policy);
    parts.session.settings_changed();
    parts.guest.settings_changed();
    if (parts.agent_view() != view_before) parts.agent_is_news = true;
    parts.clipboard.settings_changed(now);
    parts.transfers.settings_changed(now);
    parts.display.settings_changed(now);
    if (parts.display.lead() != lead_before) parts.clients_are_news = true;
    parts.finish(now);
}

void Hub::close_clients(CloseCode code, std::string_view reason, Time now) {
    auto& parts = at(now);
    if (parts.world.clients.empty()) return;
    while (!parts.world.clients.empty())
        parts.close(parts.world.clients.begin()->first, code, std::string{reason}, now);
    parts.look_for_last();
    parts.finish(now);
}

}  // namespace vmcbridge::bridge
