#include "src/bridge/hub.hpp"

#include "src/bridge/hub_parts.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

Hub::Hub(std::string vm, HubSettings settings, SpoolFactory spools)
    : parts_{std::make_unique<Parts>(std::move(vm), std::move(settings), std::move(spools))} {}

Hub::~Hub() = default;

Hub::Parts& Hub::at(Time now) noexcept {
    parts_->world.trace.set_now(now);
    return *parts_;
}

const std::deque<TraceEvent>& Hub::trace() const noexcept { return parts_->world.trace.events(); }

void Hub::Parts::finish(Time now) {
    do {
        if (std::exchange(agent_is_news, false)) tell_agent();
        end_restarted(now);
        clipboard.publish();
        if (std::exchange(clients_are_news, false)) tell_clients();
        drop_overflowed(now);  // who goes is news to the others
    } while (agent_is_news || clients_are_news || clipboard.has_news());
}

// ---- The guest's port

void Hub::handle_guest_connected(Time now) {
    auto& parts = at(now);
    const auto was_full = parts.guest.writer().is_full();
    parts.handle_change(parts.guest.gone(), now);
    parts.reader.reset();
    parts.guest.connected();
    parts.wake_clients_if_room(was_full);
    parts.finish(now);
}

void Hub::handle_guest_bytes(Bytes bytes, Time now) {
    auto& parts = at(now);
    if (!parts.guest.has_connection()) return;
    parts.world.counters.guest_bytes_in += bytes.size();
    parts.excuse_guest(now);
    const auto was_full = parts.guest.writer().is_full();
    const auto drop = [&](std::string reason) {
        ++parts.world.counters.guest_connections_dropped;
        parts.world.events.emplace_back(DropGuest{.reason = std::move(reason)});
        handle_guest_gone(now);
    };
    while (true) {
        const auto event = parts.reader.next(bytes, parts.guest.dialect());
        if (!event) return drop(to_text(event.error()));
        if (!*event) break;
        parts.handle(**event, now);
        if (std::exchange(parts.is_restless, false)) return drop("the agent announces itself anew all the time");
    }
    parts.clipboard.flush();
    parts.clipboard.check_slow(now);
    parts.wake_clients_if_room(was_full);
    parts.finish(now);
}

void Hub::handle_guest_gone(Time now) {
    auto& parts = at(now);
    const auto was_full = parts.guest.writer().is_full();
    parts.handle_change(parts.guest.gone(), now);
    parts.reader.reset();
    parts.wake_clients_if_room(was_full);
    parts.finish(now);
}

bool Hub::guest_is_readable() const noexcept {
    return !parts_->clipboard.guest_must_wait() && !parts_->guest.writer().owes_much();
}

std::size_t Hub::poll_guest(MutableBytes out, Time now) {
    if (!parts_->guest.has_connection()) return 0;
    const auto was_full = parts_->guest.writer().is_full();
    const auto count = parts_->guest.writer().poll(out, now);
    parts_->world.counters.guest_bytes_out += count;
    parts_->wake_clients_if_room(was_full);
    return count;
}

std::size_t Hub::poll_guest_rest(MutableBytes out, Time now) {
    return parts_->guest.has_connection() ? parts_->guest.writer().poll_rest(out, now) : 0;
}

bool Hub::has_guest_output() const noexcept {
    return parts_->guest.has_connection() && parts_->guest.writer().has_output();
}

// ---- Clients

void Hub::handle_client_text(ClientId id, std::string_view text, Time now) {
    auto& parts = at(now);
    auto* client = parts.find_web(id);
    if (!client) return;
    auto frame = browser::decode_client(text);
    if (frame) {
        handle_frame(parts, *client, *frame, now);
    } else {
        ++parts.world.counters.frames_refused;
        const auto& error = frame.error();
        client->refused(error.code, error.about, error.message);
    }
    parts.finish(now);
}

bool Hub::client_is_readable(ClientId id) const noexcept {
    const auto* client = parts_->world.find_any(id);
    return client && client->is_readable() && !parts_->guest.writer().is_full();
}

std::optional<OutFrame> Hub::poll_client(ClientId id) {
    auto* client = parts_->find_web(id);
    if (!client) return std::nullopt;
    auto frame = client->poll();
    parts_->clipboard.client_took(*client);
    return frame;
}

std::vector<ClientId> Hub::take_ready_clients() {
    auto ready = std::exchange(parts_->world.ready, {});
    std::ranges::sort(ready);
    ready.erase(std::ranges::unique(ready).begin(), ready.end());
    return ready;
}

// ---- Time and management

void Hub::handle_timeout(Time now) {
    auto& parts = at(now);
    parts.excuse_guest(now);
    parts.handle_change(parts.guest.handle_timeout(now), now);
    parts.clipboard.handle_timeout(now);
    parts.display.handle_timeout(now);
    parts.transfers.handle_timeout(now);
    parts.drop_lost(now);
    parts.note_left_out(now);
    parts.finish(now);
}

std::optional<Time> Hub::poll_timeout() const {
    return earlier(earlier(parts_->next_lost(), parts_->agent_notes.surplus_at()),
                   earlier(earlier(parts_->guest.poll_timeout(), parts_->clipboard.poll_timeout()),
                           earlier(parts_->display.poll_timeout(), parts_->transfers.poll_timeout())));
}

std::optional<HubEvent> Hub::poll_event() {
    auto& events = parts_->world.events;
    if (events.empty()) return std::nullopt;
    auto event = std::move(events.front());
    events.pop_front();
    return event;
}

VmStatus Hub::status() const {
    const auto& parts = *parts_;
    VmStatus status{.agent_connected = parts.guest.is_there(),
                    .capabilities = parts.guest.is_there() ? parts.guest.capabilities() : agent::CapabilitySet{},
                    .agent_guess = parts.guest.is_there() ? guess_agent(parts.guest.capabilities()) : std::string{},
                    .clients = {},
                    .counters = parts.world.counters};
    for (const auto& [id, client] : parts.world.clients)
        status.clients.push_back({.id = id,
                                  .kind = client->profile().kind,
                                  .user = client->profile().user,
                                  .lead = parts.display.lead() == id});
    return status;
}

}  // namespace vmcbridge::bridge
