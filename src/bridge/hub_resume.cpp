// Connections are lost, and clients come back on new ones: the same client, with its grabs, its lead and its files.

#include "src/bridge/hub_parts.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

namespace {

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
    return difference == 0;
}

}  // namespace

void Hub::handle_client_lost(ClientId id, Time now) {
    auto& parts = at(now);
    auto* client = parts.find_web(id);
    if (!client || client->is_lost()) return;
    const auto grace = parts.world.settings.limits.resume_grace;
    if (client->profile().resume_token.empty() || grace.count() <= 0) return handle_client_gone(id, now);
    client->lose(now + grace);
    parts.clipboard.client_lost(id, now);
    parts.mouse.let_go(id);
    parts.finish(now);
}

WebClient* Hub::Parts::find_resumable(std::string_view token, const std::string& user) const {
    if (token.empty()) return nullptr;
    WebClient* found = nullptr;
    for (const auto& [id, client] : world.clients)
        if (equal_in_constant_time(client->profile().resume_token, token) && client->profile().user == user)
            found = find_web(id);
    return found;
}

void Hub::Parts::resume(WebClient& client, ClientProfile profile, Time now) {
    if (!client.is_lost()) {
        world.events.emplace_back(CloseClient{
            .client = client.id(), .code = browser::CloseCode::replaced, .reason = "resumed on another connection"});
        client.lose(now);
        clipboard.client_lost(client.id(), now);
        mouse.let_go(client.id());
    }
    client.rights = policy::effective(profile.permissions, world.settings.policy);
    client.last_active = now;
    for (const auto& [file, received] : client.in_streams().restart()) transfers.rewind(client, file, received);
    client.resume(std::move(profile), agent_view(), display.lead() == client.id());
    clipboard.client_resumed(client);
    clients_are_news = true;
}

void Hub::Parts::drop_lost(Time now) {
    for (;;) {
        const auto found = std::ranges::find_if(world.clients, [&](const auto& entry) {
            const auto until = entry.second->lost_until();
            return until && *until <= now;
        });
        if (found == world.clients.end()) return;
        drop(*found->second, "not resumed in time", now);
        look_for_last();
    }
}

void Hub::Parts::drop(Client& client, std::string_view reason, Time now) {
    world.note("client-over", {{"client", std::to_string(client.id().raw())}, {"reason", std::string{reason}}});
    remove(client.id(), now);
}

bool Hub::Parts::make_room(std::size_t most, Time now) {
    std::vector<Client*> lost;
    for (const auto& [id, client] : world.clients)
        if (client->is_lost()) lost.push_back(client.get());
    if (world.clients.size() - lost.size() >= most) return false;
    std::ranges::stable_sort(lost, {}, &Client::lost_until);
    for (auto next = lost.begin(); world.clients.size() >= most; ++next) drop(**next, "its place was needed", now);
    return true;
}

std::optional<Time> Hub::Parts::next_lost() const {
    std::optional<Time> next;
    for (const auto& [id, client] : world.clients) next = earlier(next, client->lost_until());
    return next;
}

}  // namespace vmcbridge::bridge
