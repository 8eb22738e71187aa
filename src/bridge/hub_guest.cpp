// What the guest says reaches the part that it concerns.

#include "proto/agent/codec.hpp"
#include "proto/match.hpp"
#include "src/bridge/hub_parts.hpp"

#include <string>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;

void Hub::Parts::handle(const GuestEvent& event, Time now) {
    std::visit(match{
                   [&](const vdi::WholeMessage& m) { handle(m.type, m.body, now); },
                   [&](const vdi::BulkBegin& m) {
                       if (m.type != AgentType::clipboard) return;  // file data flow to the guest only
                       const auto head = agent::decode(m.type, m.prefix, guest.dialect());
                       const auto* data = head ? std::get_if<agent::ClipboardData>(&*head) : nullptr;
                       if (data) {
                           clipboard.guest_data_begins(event.port, *data, m.size, now);
                       } else {
                           clipboard.guest_data_unwanted(event.port);
                       }
                   },
                   [&](const vdi::BulkSlice& m) { clipboard.guest_data(event.port, m.bytes, now); },
                   [&](const vdi::SkippedMessage&) { ++world.counters.guest_messages_ignored; },
               },
               event.event);
}

void Hub::Parts::handle(AgentType type, Bytes body, Time now) {
    const auto message = agent::decode(type, body, guest.dialect());
    if (!message) {
        ++world.counters.guest_messages_ignored;
        return;
    }
    const auto ignore = [&] { ++world.counters.guest_messages_ignored; };
    std::visit(match{
                   [&](const agent::AnnounceCapabilities& m) { handle_change(guest.announced(m, now), now); },
                   [&](const agent::ClipboardGrab& m) { clipboard.guest_grabbed(m, now); },
                   [&](const agent::ClipboardRelease& m) { clipboard.guest_released(m.selection, now); },
                   [&](const agent::ClipboardRequest& m) { clipboard.guest_requested(m, now); },
                   [&](const agent::Reply& m) { display.guest_replied(m); },
                   [&](const agent::FileTransferStatus& m) { transfers.guest_status(m, now); },
                   // What only hosts send, or what came without being a bulk message: an agent has no business with it.
                   [&](const agent::ClipboardData&) { ignore(); },
                   [&](const agent::FileTransferData&) { ignore(); },
                   [&](const agent::MouseState&) { ignore(); },
                   [&](const agent::MonitorsConfig&) { ignore(); },
                   [&](const agent::DisplayConfig&) { ignore(); },
                   [&](const agent::FileTransferStart&) { ignore(); },
                   [&](const agent::ClientDisconnected&) { ignore(); },
                   [&](const agent::MaxClipboard&) { ignore(); },
                   [&](const agent::AudioVolumeSync&) { ignore(); },
                   [&](const agent::GraphicsDeviceInfo&) { ignore(); },
                   [&](const agent::Unknown&) { ignore(); },
               },
               *message);
}

void Hub::Parts::handle_change(GuestSession::Change change, Time now) {
    switch (change) {
        case GuestSession::Change::none: return;
        case GuestSession::Change::came: return agent_came(now);
        case GuestSession::Change::came_back: is_restless |= !restarts.take(now); [[fallthrough]];
        case GuestSession::Change::went: return agent_went(now);
        case GuestSession::Change::capabilities: agent_is_news = true; return;
    }
}

void Hub::Parts::excuse_guest(Time now) {
    if (!clipboard.take_held()) return;
    clipboard.excuse_guest(now);
    transfers.excuse_guest(now);
    display.excuse_guest(now);
}

void Hub::Parts::agent_came(Time now) {
    note_agent("agent-came", {{"guess", guess_agent(guest.capabilities())}}, now);
    agent_is_news = true;
    clipboard.agent_came(now);
    display.agent_came(now);
    mouse.agent_came();
}

void Hub::Parts::agent_went(Time now) {
    note_agent("agent-went", {}, now);
    agent_is_news = true;
    clipboard.agent_went(now);
    display.agent_went();
    mouse.agent_went();
    transfers.agent_went();
}

void Hub::Parts::note_agent(std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields,
                            Time now) {
    note_left_out(now);
    if (agent_notes.take(now)) world.note(event, std::move(fields));
}

void Hub::Parts::note_left_out(Time now) {
    if (const auto count = agent_notes.take_surplus(now); count > 0)
        world.warn("agent-notes-left-out", {{"count", std::to_string(count)}});
}

AgentView Hub::Parts::agent_view() const {
    auto capabilities = guest.capabilities();
    if (!guest.is_there()) return {};
    const auto& policy = world.settings.policy;
    if (policy.to_guest.formats.empty() && policy.from_guest.formats.empty()) {
        capabilities.remove(Capability::clipboard);
        capabilities.remove(Capability::clipboard_by_demand);
        capabilities.remove(Capability::clipboard_selection);
        capabilities.remove(Capability::clipboard_grab_serial);
        capabilities.remove(Capability::clipboard_no_release_on_regrab);
    }
    if (policy.resize == policy::ResizeRule::off) {
        capabilities.remove(Capability::monitors_config);
        capabilities.remove(Capability::sparse_monitors_config);
    }
    if (!policy.files_to_guest) capabilities.add(Capability::file_xfer_disabled);
    return {.connected = true, .capabilities = capabilities};
}

void Hub::Parts::wake_clients_if_room(bool was_full) {
    if (!was_full || guest.writer().is_full()) return;
    for (const auto& [id, client] : world.clients) world.ready.push_back(id);
}

void Hub::Parts::tell_agent() {
    const auto view = agent_view();
    for (const auto& [id, client] : world.clients) client->agent_changed(view);
}

}  // namespace vmcbridge::bridge
