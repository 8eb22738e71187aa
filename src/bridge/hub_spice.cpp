// SPICE clients come, and what they say on the main channel reaches the part that it concerns.

#include "proto/match.hpp"
#include "src/bridge/hub_parts.hpp"

#include <string>
#include <utility>

namespace vmcbridge::bridge {

Result<ClientId, browser::Code> Hub::handle_spice_joined(ClientProfile profile, const SpiceLink& link, Time now) {
    auto& parts = at(now);
    if (const auto code = parts.make_place(now)) {
        parts.finish(now);
        return *code;
    }
    const ClientId id{parts.next_client++};
    profile.kind = ClientKind::spice;
    auto owned = std::make_unique<SpiceClient>(id, std::move(profile), parts.world, link);
    auto& client = *owned;
    parts.admit(std::move(owned), now);
    client.welcome(parts.agent_view());
    static_cast<void>(parts.display.client_came(client));
    parts.clipboard.show_to(client);
    parts.finish(now);
    return id;
}

void Hub::handle_spice_bytes(ClientId id, Bytes bytes, Time now) {
    auto& parts = at(now);
    auto* client = parts.find_spice(id);
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
    if (auto* client = parts.find_spice(id)) client->ping();
    parts.finish(now);
}

std::size_t Hub::poll_spice(ClientId id, MutableBytes out, Time now) {
    auto& parts = at(now);
    auto* client = parts.find_spice(id);
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
                          [&](const spice::AgentData& m) { return handle_agent_data(parts, client, m.bytes, now); },
                          [&](const spice::ClientAgentToken& m) -> Why {
                              client.granted(m.tokens);
                              return {};
                          },
                          [&](const spice::AgentStart& m) -> Why {
                              client.agent_started(m.tokens);
                              return {};
                          },
                          [&](const spice::AttachChannels&) -> Why {
                              client.channels_wanted();
                              return {};
                          },
                          // The mouse is the inputs channel's, which is not here: modes stay as INIT said.
                          [](const spice::MouseModeRequest&) -> Why { return {}; },
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
