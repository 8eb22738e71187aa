// Guest's bytes: read_guest -> hub -> settle, which wakes the clients that have something to write.
// Client's frames: handle_text, handle_binary -> hub -> settle, which writes what the guest gets: at once where it
// takes it, from write_guest where it does not.
#include "src/io/hub_port.hpp"

#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace vmcbridge::io {

using bridge::CloseClient;
using bridge::DropGuest;
using bridge::Note;
using bridge::ReviewChannels;
using bridge::WantMouseMode;

/// One connection of the guest.
struct HubPort::GuestLink {
    GuestLink(net::io_context& context, Stream connected)
        : stream{std::move(connected)}, readable{context}, work{context}, over{context} {}

    Stream stream;
    Signal readable;  // the hub takes bytes again
    Signal work;      // for write_guest: `rest` waits, or the end has come
    Signal over;      // ends serve_guest, whatever the two wait for
    Buffer buffer;    // borrowed while `rest` is in it
    Bytes rest;       // polled from the hub, not yet taken by the guest
    bool ending = false;
    std::string reason;

    void end(std::string why) {
        if (ending) return;
        ending = true;
        reason = std::move(why);
        over.notify();
    }
    /// Writes of `rest` what the guest takes now.
    void push() {
        const auto result = stream.try_write(rest);
        if (result.state == IoResult::State::failed) {
            rest = {};
            end(result.error.message());
        }
        rest = rest.subspan(result.bytes);
        if (rest.empty()) buffer.give_back();
    }
};

HubPort::HubPort(net::io_context& context, std::string vm, bridge::HubSettings settings, bridge::SpoolFactory spools)
    : context_{context}, vm_{vm}, hub_{std::move(vm), std::move(settings), std::move(spools)}, timer_{context} {
    timer_.expires_at(Clock::time_point::max());
}

// ---- Guest

Task<std::string> HubPort::serve_guest(Stream stream) {
    using namespace net::experimental::awaitable_operators;
    GuestLink link{context_, std::move(stream)};
    const auto forget = [this](GuestLink*) { guest_ = nullptr; };
    const std::unique_ptr<GuestLink, decltype(forget)> current{guest_ = &link, forget};
    hub_.handle_guest_connected(Clock::now());
    settle();
    co_await (read_guest(link) || write_guest(link) || link.over.wait());
    link.ending = true;
    const bool whole = co_await finish_chunk(link);
    link.stream.close();
    hub_.handle_guest_gone(Clock::now());
    settle();
    if (!whole && link.reason.empty()) link.reason = "cut while it did not read";
    co_return std::move(link.reason);
}

// A chunk cut in the middle would leave spice-vdagentd deaf. false: it does not take the rest of it.
Task<bool> HubPort::finish_chunk(GuestLink& link) {
    const bool written = co_await link.stream.write_all(link.rest, bounds::guest_farewell);
    if (!written) co_return false;
    const auto buffer = Buffer::borrow();
    const auto count = hub_.poll_guest_rest(buffer.bytes(), Clock::now());
    co_return co_await link.stream.write_all(buffer.bytes().first(count), bounds::guest_farewell);
}

Task<> HubPort::read_guest(GuestLink& link) {
    std::size_t moved = bounds::turn;  // since the last wait
    while (!link.ending) {
        if (!hub_.guest_is_readable()) {
            co_await link.readable.wait();
            continue;
        }
        if (moved >= bounds::turn) {
            const bool open = co_await link.stream.readable();
            if (!open) co_return;
            moved = 0;
        }
        auto buffer = Buffer::borrow();
        const auto result = link.stream.try_read(buffer.bytes());
        if (result.state == IoResult::State::ended) co_return link.end("closed by the guest's side");
        if (result.state == IoResult::State::failed) co_return link.end(result.error.message());
        if (result.bytes > 0) hub_.handle_guest_bytes(buffer.bytes().first(result.bytes), Clock::now());
        // A read that did not fill the buffer has emptied the socket.
        moved = result.bytes < buffer.bytes().size() ? bounds::turn : moved + result.bytes;
        buffer.give_back();
        settle();
    }
}

Task<> HubPort::write_guest(GuestLink& link) {
    while (!link.ending) {
        co_await link.work.wait();
        while (!link.rest.empty() && !link.ending) {
            const bool open = co_await link.stream.writable();
            if (!open) co_return;
            link.push();
        }
        settle();
    }
}

void HubPort::flush_guest() {
    if (guest_ == nullptr || guest_->ending || !guest_->rest.empty()) return;
    auto& link = *guest_;
    for (std::size_t moved = 0; hub_.has_guest_output() && !link.ending;) {
        if (moved >= bounds::turn) return link.work.notify();  // the others of this context first
        if (!link.buffer) link.buffer = Buffer::borrow();
        const auto count = hub_.poll_guest(link.buffer.bytes().first(bounds::guest_write), Clock::now());
        link.rest = link.buffer.bytes().first(count);
        if (count == 0) break;
        moved += count;
        link.push();
        if (!link.rest.empty()) return link.work.notify();
    }
    link.buffer.give_back();
}

void HubPort::drop_guest(std::string reason) {
    if (guest_ != nullptr) guest_->end(std::move(reason));
}

// ---- Clients

Result<ClientId, browser::Code> HubPort::join(bridge::ClientProfile profile, ClientPort& port,
                                              std::string_view resume) {
    const auto client = hub_.handle_client_joined(std::move(profile), Clock::now(), resume);
    settle();  // a resumed client's former connection is closed before the new one has its name
    if (client) clients_.insert_or_assign(*client, &port);
    return client;
}

Result<ClientId, browser::Code> HubPort::join(bridge::ClientProfile profile, const bridge::SpiceLink& link,
                                              ClientPort& port) {
    const auto client = hub_.handle_spice_joined(std::move(profile), link, Clock::now());
    settle();
    if (client) clients_.insert_or_assign(*client, &port);
    return client;
}

void HubPort::leave(ClientId client) {
    if (clients_.erase(client) == 0) return;
    hub_.handle_client_gone(client, Clock::now());
    settle();
}

void HubPort::lose(ClientId client) {
    if (clients_.erase(client) == 0) return;
    hub_.handle_client_lost(client, Clock::now());
    settle();
}

void HubPort::handle_text(ClientId client, std::string_view frame) {
    hub_.handle_client_text(client, frame, Clock::now());
    settle();
}

void HubPort::handle_binary(ClientId client, Bytes frame) {
    hub_.handle_client_binary(client, frame, Clock::now());
    settle();
}

void HubPort::handle_spice(ClientId client, Bytes bytes) {
    hub_.handle_spice_bytes(client, bytes, Clock::now());
    settle();
}

void HubPort::ping(ClientId client) {
    hub_.handle_spice_silence(client, Clock::now());
    settle();
}

void HubPort::set_session(std::optional<bridge::UpstreamSession> session) {
    hub_.handle_session(std::move(session), Clock::now());
    settle();
}

void HubPort::handle_held_input(ClientId client) {
    hub_.handle_held_input(client, Clock::now());
    settle();
}

// ---- Time and management

Task<> HubPort::run_clock() {
    for (;;) {
        timer_.expires_at(hub_.poll_timeout().value_or(Clock::time_point::max()));
        [[maybe_unused]] const auto [moved_forward] = co_await timer_.async_wait(as_value);
        const auto now = Clock::now();
        const auto due = hub_.poll_timeout();
        if (!due || *due > now) continue;
        hub_.handle_timeout(now);
        settle();
    }
}

void HubPort::apply(bridge::HubSettings settings) {
    hub_.handle_settings(std::move(settings), Clock::now());
    settle();
}

void HubPort::close_clients(browser::CloseCode code, std::string_view reason) {
    hub_.close_clients(code, reason, Clock::now());
    settle();
}

// After each call of the hub: takes all that came of it. What a client or the guest does about it may call the hub
// again; that is another round here, not a deeper one.
void HubPort::settle() {
    again_ = true;
    if (settling_) return;
    settling_ = true;
    while (std::exchange(again_, false)) {
        // Who was let go is told first: what waits under a name may be for the connection that has it next.
        while (const auto event = hub_.poll_event()) handle_event(*event);
        again_ |= wake_ready_clients();
        flush_guest();
        again_ |= wake_ready_clients();  // what the guest took is credit, or room, for those who sent it
    }
    settling_ = false;
    if (guest_ != nullptr && hub_.guest_is_readable()) guest_->readable.notify();
    const auto due = hub_.poll_timeout();
    if (due && *due < timer_.expiry()) timer_.expires_at(*due);
}

/// true: somebody was; what it took may be news to others.
bool HubPort::wake_ready_clients() {
    const auto ready = hub_.take_ready_clients();
    for (const auto id : ready) {
        const auto found = clients_.find(id);
        if (found != clients_.end()) found->second->wake();
    }
    return !ready.empty();
}

void HubPort::handle_event(const bridge::HubEvent& event) {
    if (const auto* drop = std::get_if<DropGuest>(&event)) return drop_guest(drop->reason);
    if (const auto* close = std::get_if<CloseClient>(&event)) {
        const auto found = clients_.find(close->client);
        if (found == clients_.end()) return;
        auto* port = found->second;
        clients_.erase(found);
        return port->close(close->code, close->reason);
    }
    if (const auto* review = std::get_if<ReviewChannels>(&event)) return keeper_->review_channels(review->client);
    if (const auto* want = std::get_if<WantMouseMode>(&event)) return keeper_->want_mouse_mode(want->mode);
    const auto& note = std::get<Note>(event);
    std::vector<log::Field> fields{{"vm", vm_}};
    for (const auto& [key, value] : note.fields) fields.emplace_back(key, value);
    log::write(note.warning ? log::Level::warning : log::Level::info, note.event, fields);
}

}  // namespace vmcbridge::io
