// SPICE clients come, and what they say on the main channel reaches the part that it concerns.

#include "proto/match.hpp"
#include "src/bridge/hub_parts.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

namespace {
/// Viewers of one page: the one that it shows, and some whose connections are lost and don't know it yet.
constexpr std::size_t client_companions = 4;
}  // namespace

Result<ClientId, browser::Code> Hub::handle_spice_joined(ClientProfile profile, const SpiceLink& link, Time now) {
    auto& parts = at(now);
    if (!link.companion_of.empty()) return parts.join_companion(std::move(profile), link, now);
    if (const auto code = parts.make_place(now)) {
        parts.finish(now);
        return *code;
    }
    const ClientId id{parts.next_client++};
    profile.kind = ClientKind::spice;
    auto owned = std::make_unique<SpiceClient>(id, std::move(profile), parts.world, link);
    auto& client = *owned;
    parts.admit(std::move(owned), now);
    client.welcome(parts.agent_view(), parts.session.view(now));
    static_cast<void>(parts.display.client_came(client));
    parts.clipboard.show_to(client);
    parts.finish(now);
    return id;
}

// A page has its agent client besides: no place is made, and no broker hears of this one.
Result<ClientId, browser::Code> Hub::Parts::join_companion(ClientProfile profile, const SpiceLink& link, Time now) {
    const auto* const of = find_resumable(link.companion_of, profile.user);
    if (!of) return browser::Code::bad_token;
    limit_companions_of(of->id(), now);
    if (world.companions.size() >= limits::vm_clients) return browser::Code::too_many;
    const ClientId id{next_client++};
    auto owned = std::make_unique<SpiceClient>(id, std::move(profile), world, link);
    owned->accompany(of->id());
    owned->rights = policy::effective(owned->profile().permissions, world.settings.policy);
    owned->welcome({}, session.view(now));
    world.companions.emplace(id, std::move(owned));
    return id;
}

void Hub::Parts::limit_companions_of(ClientId client, Time now) {
    std::vector<ClientId> companions;  // the oldest first
    for (const auto* const viewer : world.spice_clients())
        if (viewer->is_companion() && viewer->agent_client() == client) companions.push_back(viewer->id());
    if (companions.size() >= client_companions)
        close(companions.front(), browser::CloseCode::replaced, "its page has opened another viewer", now);
}

void Hub::handle_session(std::optional<UpstreamSession> session, Time now) {
    auto& parts = at(now);
    parts.session.session_changed(std::move(session), now);
    parts.finish(now);
}

bool Hub::may_open(ClientId id, spice::ChannelId channel) const {
    const auto* const viewer = parts_->world.find_spice(id);
    return viewer && parts_->session.may_open(*viewer, channel);
}

bool Hub::may_input(ClientId id) const {
    const auto* const viewer = parts_->world.find_spice(id);
    return viewer && parts_->session.may_input(*viewer, parts_->display.lead());
}

void Hub::handle_held_input(ClientId id, Time now) {
    auto& parts = at(now);
    if (auto* const viewer = parts.world.find_spice(id)) parts.session.input_held(*viewer);
    parts.finish(now);
}

std::optional<ClientId> Hub::client_of(std::uint32_t session) const {
    for (const auto* const viewer : parts_->world.spice_clients())
        if (viewer->session() == session) return viewer->id();
    return std::nullopt;
}

void Hub::handle_spice_bytes(ClientId id, Bytes bytes, Time now) {
    auto& parts = at(now);
    auto* client = parts.world.find_spice(id);
    if (!client) return;
    const auto refuse = [&](std::string why) {
        ++parts.world.counters.frames_refused;
        parts.close(id, browser::CloseCode::refused, std::move(why), now);
        parts.look_for_last();
        parts.finish(now);
    };
    for (;;) {
        const auto message = client->reader().next(bytes);
        if (!message) return refuse("main channel: " + to_text(message.error()));
        if (!*message) break;
        const auto about = [type = (*message)->type](const std::string& why) {
            return std::string{spice::client_message_name(type)} + ": " + why;
        };
        const auto decoded = spice::decode_client(**message);
        if (!decoded) return refuse(about(to_text(decoded.error())));
        if (auto why = handle_spice(parts, *client, *decoded, now)) return refuse(about(*why));
    }
    client->refund();
    parts.finish(now);
}

void Hub::handle_spice_silence(ClientId id, Time now) {
    auto& parts = at(now);
    if (auto* client = parts.world.find_spice(id)) client->ping();
    parts.finish(now);
}

std::size_t Hub::poll_spice(ClientId id, MutableBytes out, Time now) {
    auto& parts = at(now);
    auto* client = parts.world.find_spice(id);
    if (!client) return 0;
    const auto count = client->poll(out);
    parts.clipboard.client_took(*client);
    parts.finish(now);  // contents that can't be read back end the conversation
    return count;
}

std::optional<std::string> handle_spice(Hub::Parts& parts, SpiceClient& client, const spice::ClientMessage& message,
                                        Time now) {
    using Why = std::optional<std::string>;
    return std::visit(match{
                          [&](const spice::AgentData& m) -> Why {
                              if (client.is_companion()) return {};  // its page has an agent client
                              return handle_agent_data(parts, client, m.bytes, now);
                          },
                          [&](const spice::ClientAgentToken& m) -> Why {
                              client.granted(m.tokens);
                              return {};
                          },
                          [&](const spice::AgentStart& m) -> Why {
                              client.agent_started(m.tokens);
                              return {};
                          },
                          [&](const spice::AttachChannels&) -> Why {
                              parts.session.channels_wanted(client);
                              return {};
                          },
                          [&](const spice::MouseModeRequest& m) -> Why {
                              parts.session.mouse_mode_wanted(client, m.mode);
                              return {};
                          },
                          [](const spice::Pong&) -> Why { return {}; },
                          [](const spice::ClientDisconnecting&) -> Why { return {}; },
                          [](const spice::Idle&) -> Why { return {}; },
                          [](const spice::Migration&) -> Why { return "no migration is under way"; },
                      },
                      message);
}

void Hub::Parts::end_restarted(Time now) {
    for (const auto& [id, client] : world.clients) {
        if (!client->take_restart()) continue;
        clipboard.client_lost(id, now);
        transfers.client_gone(id, now);
    }
}

}  // namespace vmcbridge::bridge
