// In:  readable -> a borrowed buffer -> hub.
// Out: wake -> flush: the hub fills a borrowed buffer -> push it -> write_rest while the socket is full.
#include "src/io/spice/session.hpp"

#include "proto/spice/main_channel.hpp"
#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/log.hpp"

#include <algorithm>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;

namespace {

proto::HeaderKind header_of(const bridge::SpiceLink& link) noexcept {
    return link.capabilities.has_common(SPICE_COMMON_CAP_MINI_HEADER) ? proto::HeaderKind::mini
                                                                      : proto::HeaderKind::full;
}

std::uint32_t reason_of(browser::CloseCode code) noexcept {
    const bool refused = code == browser::CloseCode::refused;
    return static_cast<std::uint32_t>(refused ? proto::LinkError::permission_denied : proto::LinkError::ok);
}

}  // namespace

MainSession::MainSession(std::string vm, HubPort& port, TaskGroup& tasks, Wire wire, Arrival arrival,
                         const bridge::SpiceLink& link, std::shared_ptr<const KnownSession> known)
    : vm_{std::move(vm)},
      port_{port},
      tasks_{tasks},
      wire_{std::move(wire)},
      profile_{std::move(arrival.profile)},
      link_{link},
      known_{std::move(known)},
      peer_{std::move(arrival.peer)},
      early_{std::move(arrival.early)},
      readable_{tasks.context()},
      heard_{Clock::now()},
      bounds_{header_of(link)} {}

MainSession::~MainSession() {
    // Only where run() was ended by something thrown; a context that has stopped wants no more of anybody.
    if (client_ && !tasks_.context().stopped()) port_.leave(*client_);
}

Task<> MainSession::run() {
    if (!closing_) join();
    flush();
    co_await read();
    leave(wire_.fault() ? websocket::to_text(*wire_.fault()) : end_);
    wire_.close();
    if (cut_timer_) cut_timer_->cancel();
}

void MainSession::join() {
    const auto client = port_.join(std::move(profile_), link_, *this);
    if (!client) {
        log::info("client-refused", {{"vm", vm_}, {"peer", peer_}, {"reason", browser::name(client.error())}});
        return begin_close(browser::CloseCode::refused, {});
    }
    client_ = *client;
    put_result(proto::LinkError::ok);
    linked_ = true;
    log::info("client-connected", {{"vm", vm_}, {"client", client_->raw()}, {"peer", peer_}});
}

// ---- In

Task<> MainSession::read() {
    if (client_ && !early_.empty()) port_.handle_spice(*client_, as_bytes(std::exchange(early_, {})));
    for (;;) {
        while (client_ && !port_.is_readable(*client_)) {
            paused_ = true;
            co_await readable_.wait();
            paused_ = false;
            heard_ = Clock::now();
        }
        if (!wire_.is_open()) co_return;
        const bool open = co_await wire_.readable();
        if (!open) co_return;
        const auto buffer = Buffer::borrow();
        const auto result = wire_.try_read(buffer.bytes());
        if (result.state == IoResult::State::ended) end_ = "closed by the client";
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return;
        heard_ = Clock::now();
        if (client_ && result.bytes > 0) port_.handle_spice(*client_, buffer.bytes().first(result.bytes));
    }
}

void MainSession::tick(Clock::time_point now) {
    if (writing_ && now - moved_ > bounds::silence) return cut();
    if (!paused_ && now - heard_ > bounds::silence) return cut();
    if (now - heard_ < bounds::ping_interval) return;
    if (client_ && !writing_) port_.ping(*client_);
}

// ---- Out

void MainSession::wake() {
    flush();
    readable_.notify();
}

void MainSession::flush() {
    if (writing_ || push()) return;
    writing_ = true;
    moved_ = Clock::now();
    tasks_.spawn("client-writer", write_rest());
}

// Writes what waits; false: the socket takes no more now, or the others of this context have their turn.
bool MainSession::push() {
    for (std::size_t moved = 0; wire_.is_open();) {
        if (moved >= bounds::turn) return false;
        if (rest_.empty() && !refill()) {
            buffer_.give_back();
            if (closing_ && !std::exchange(shut_, true)) wire_.shutdown();
            return true;
        }
        const auto result = wire_.try_write(next_piece());
        if (result.state == IoResult::State::would_block) return false;
        if (result.state == IoResult::State::failed) {
            cut();  // the reader says goodbye
            return true;
        }
        moved_ = Clock::now();
        moved += result.bytes;
        bounds_.took(rest_.first(result.bytes));
        rest_ = rest_.subspan(result.bytes);
    }
    return true;
}

// spice-gtk waits for its socket after each message, also where TLS has given it the next one already: so a record of
// TLS holds one message, or a part of one.
Bytes MainSession::next_piece() const { return wire_.is_secure() ? rest_.first(bounds_.together(rest_)) : rest_; }

void MainSession::put_result(proto::LinkError result) {
    Writer{words_}.as(result);
    bounds_.expect(words_.size());
}

// Our own words first: at the start they are the link's result; at the end the hub has nothing more to say.
bool MainSession::refill() {
    if (words_.empty() && !client_) return false;
    if (!buffer_) buffer_ = Buffer::borrow();
    const auto out = buffer_.bytes().first(bounds::client_write);
    const auto own = words_.size();
    std::ranges::copy(words_, out.begin());
    words_.clear();
    const auto count = client_ ? port_.poll_spice(*client_, out.subspan(own)) : 0;
    rest_ = out.first(own + count);
    return !rest_.empty();
}

Task<> MainSession::write_rest() {
    const auto alive = shared_from_this();
    for (bool more = true; more;) {
        const bool open = co_await wire_.writable();
        more = open && !push();
        writing_ = more;
        port_.taken();  // the guest may be read again; may begin another write_rest()
    }
}

// ---- The end

void MainSession::close(browser::CloseCode code, std::string reason) {
    if (client_) log::info("client-disconnected", {{"vm", vm_}, {"client", client_->raw()}, {"reason", reason}});
    client_.reset();  // its name may be another connection's by now
    begin_close(code, reason);
    readable_.notify();
}

void MainSession::stop(browser::CloseCode code, std::string reason) {
    begin_close(code, reason);
    readable_.notify();
}

// A person reads the first, the program the second; one that was not let in yet gets the link's result instead. Then
// the peer has a while to close.
void MainSession::begin_close(browser::CloseCode code, std::string_view reason) {
    if (std::exchange(closing_, true)) return;
    leave(reason);
    proto::HeaderWriter header{header_of(link_)};
    if (!linked_) {
        put_result(proto::LinkError::error);
    } else {
        encode(proto::Notify{.severity = SPICE_NOTIFY_SEVERITY_ERROR, .text = reason}, header, words_);
        encode(proto::Disconnecting{.reason = reason_of(code)}, header, words_);
    }
    flush();
    cut_timer_.emplace(tasks_.context(), Clock::now() + bounds::close_deadline);
    tasks_.spawn("client-close", cut_later());
}

Task<> MainSession::cut_later() {
    const auto alive = shared_from_this();
    [[maybe_unused]] const auto [ended_before] = co_await cut_timer_->async_wait(as_value);
    wire_.close();
}

// Wakes the reader, whatever it waits for.
void MainSession::cut() {
    wire_.close();
    readable_.notify();
}

void MainSession::leave(std::string_view why) {
    if (!client_) return;
    log::info("client-disconnected", {{"vm", vm_}, {"client", client_->raw()}, {"reason", why}});
    port_.leave(*std::exchange(client_, std::nullopt));
}

}  // namespace vmcbridge::io::spice
