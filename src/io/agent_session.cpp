// In:  readable -> fill a borrowed buffer -> digest: whole messages -> hub.
// Out: wake -> flush: gather the hub's frames -> push them in one write -> write_rest while the socket is full.
#include "src/io/agent_session.hpp"

#include "proto/text.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <cstring>

namespace vmcbridge::io {

using websocket::Opcode;

namespace {

constexpr std::size_t pieces_a_write = 16;
constexpr websocket::MessageReader::Limits message_limits{
    .text = limits::text_frame,
    .binary = limits::frame_payload + 4,
    .contiguous = bounds::buffer,
};

iovec as_iovec(Bytes bytes) noexcept {
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};  // sendmsg does not write there
}

}  // namespace

AgentSession::AgentSession(std::string vm, HubPort& port, TaskGroup& tasks, Stream stream, Arrival arrival)
    : vm_{std::move(vm)},
      port_{port},
      tasks_{tasks},
      stream_{std::move(stream)},
      profile_{std::move(arrival.profile)},
      resume_{std::move(arrival.resume)},
      peer_{std::move(arrival.peer)},
      reader_{message_limits},
      readable_{tasks.context()},
      heard_{Clock::now()},
      control_{std::move(arrival.response)} {
    const auto early = as_bytes(arrival.early);
    kept_.assign(early.begin(), early.end());
}

AgentSession::~AgentSession() {
    // Only where run() was ended by something thrown; a context that has stopped wants no more of anybody.
    if (client_ && !tasks_.context().stopped()) port_.leave(*client_);
}

Task<> AgentSession::run() {
    if (!closing_) join(std::move(profile_));
    flush();
    co_await read();
    lose();
    stream_.close();
    if (cut_timer_) cut_timer_->cancel();
}

void AgentSession::join(bridge::ClientProfile profile) {
    const auto client = port_.join(std::move(profile), *this, resume_);
    if (!client) return begin_close(std::uint16_t{1008}, std::string{browser::name(client.error())});
    client_ = *client;
    log::info("client-connected", {{"vm", vm_}, {"client", client_->raw()}, {"peer", peer_}});
}

// ---- In

Task<> AgentSession::read() {
    bool more = !kept_.empty();  // the last read may have left something
    for (;;) {
        if (more && !fill()) co_return;
        if (!digest()) {
            if (!stream_.is_open()) co_return;
            paused_ = true;
            co_await readable_.wait();
            paused_ = false;
            if (!stream_.is_open()) co_return;
            heard_ = Clock::now();
            more = false;
            continue;
        }
        if (peer_ended_) co_return;
        more = true;
        keep_rest();
        const bool open = co_await stream_.readable();
        if (!open) co_return;
    }
}

// Reads what there is behind what is left of the last read; false: the connection has ended.
bool AgentSession::fill() {
    if (!buffer_) {
        buffer_ = Buffer::borrow();
        std::ranges::copy(kept_, buffer_.bytes().begin());
        unread_ = buffer_.bytes().first(kept_.size());
        kept_.clear();
    } else if (!unread_.empty()) {
        std::memmove(buffer_.bytes().data(), unread_.data(), unread_.size());
        unread_ = buffer_.bytes().first(unread_.size());
    }
    const auto room = buffer_.bytes().subspan(unread_.size());
    const auto result = stream_.try_read(room);
    if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) return false;
    unread_ = buffer_.bytes().first(unread_.size() + result.bytes);
    if (result.bytes > 0) heard_ = Clock::now();
    return true;
}

// Hands whole messages on; false: the hub takes no more of this client now.
bool AgentSession::digest() {
    while (!peer_ended_) {
        if (client_ && !port_.is_readable(*client_)) return false;
        auto message = reader_.next(unread_);
        if (!message) {
            // What follows can't be understood; reading on only lets the peer see why.
            unread_ = {};
            if (!closing_)
                begin_close(websocket::close_code(message.error()), std::string{websocket::to_text(message.error())});
            return true;
        }
        if (!*message) return true;
        handle(**message);
    }
    return true;
}

void AgentSession::handle(const websocket::Message& message) {
    switch (message.opcode) {
        case Opcode::text:
            if (client_) port_.handle_text(*client_, as_text(message.payload));
            break;
        case Opcode::binary:
            if (client_) port_.handle_binary(*client_, message.payload);
            break;
        case Opcode::ping:
            if (control_.size() < bounds::kept_start) add_control(Opcode::pong, message.payload);
            flush();
            break;
        case Opcode::close: {
            const auto code = websocket::decode_close(message.payload);
            const auto is_over = code && (*code == 1000 || *code == 1001 || *code == 1005);
            if (is_over) leave("closed by the client");
            if (!is_over) lose();
            if (!closing_) begin_close(code ? (*code == 1005 ? 1000 : *code) : websocket::close_code(code.error()), {});
            peer_ended_ = true;
            break;
        }
        default: break;  // a pong: heard
    }
}

// Gives the buffer back unless much of a message is in it.
void AgentSession::keep_rest() {
    if (unread_.size() > bounds::kept_start) return;
    kept_.assign(unread_.begin(), unread_.end());
    unread_ = {};
    buffer_.give_back();
}

void AgentSession::tick(Clock::time_point now) {
    if (writing_ && now - moved_ > bounds::silence) return cut();
    if (!paused_ && now - heard_ > bounds::silence) return cut();
    if (now - heard_ < bounds::ping_interval) return;
    if (control_.empty()) add_control(Opcode::ping, {});  // also while paused: a write tells who has gone
    flush();
}

// ---- Out

void AgentSession::wake() {
    flush();
    readable_.notify();
}

void AgentSession::flush() {
    if (writing_ || push()) return;
    writing_ = true;
    moved_ = Clock::now();
    tasks_.spawn("client-writer", write_rest());
}

// Writes what waits; false: the socket takes no more now, or the others of this context have their turn.
bool AgentSession::push() {
    for (std::size_t moved = 0; stream_.is_open();) {
        if (moved >= bounds::turn) return false;
        if (batch_.empty()) gather();
        if (batch_.empty()) return true;
        std::array<iovec, 2 * pieces_a_write> vectors;
        std::size_t count = 0;
        auto skip = batch_written_;
        for (const auto& piece : batch_) {
            for (const auto part : {Bytes{piece.header}.first(piece.header_size), piece.body.view()}) {
                const auto skipped = std::min(skip, part.size());
                skip -= skipped;
                if (skipped < part.size()) vectors[count++] = as_iovec(part.subspan(skipped));
            }
        }
        const auto result = stream_.try_write(std::span{vectors}.first(count));
        if (result.state == IoResult::State::would_block) return false;
        if (result.state == IoResult::State::failed) {
            cut();  // the reader says goodbye
            return true;
        }
        written(result.bytes);
        moved += result.bytes;
    }
    return true;
}

void AgentSession::gather() {
    if (!control_.empty()) {
        batch_.push_back({.header_size = 0, .body = bridge::SharedBytes{std::exchange(control_, {})}});
    }
    std::size_t bytes = 0;
    while (client_ && batch_.size() < pieces_a_write && bytes < bounds::client_write) {
        auto frame = port_.poll(*client_);
        if (!frame) break;
        const auto stream = frame->binary ? Bytes{frame->stream} : Bytes{};
        Piece piece;
        piece.header_size = encode_header(piece.header, frame->binary ? Opcode::binary : Opcode::text,
                                          stream.size() + frame->body.size());
        std::ranges::copy(stream, piece.header.begin() + static_cast<std::ptrdiff_t>(piece.header_size));
        piece.header_size += stream.size();
        piece.body = std::move(frame->body);
        bytes += piece.body.size();
        batch_.push_back(std::move(piece));
    }
    if (batch_.empty() && closing_ && !std::exchange(close_queued_, true)) {
        std::array<std::byte, websocket::control_payload> payload{};
        const auto size = websocket::encode_close(payload, *closing_, close_reason_);
        add_control(Opcode::close, Bytes{payload}.first(size));
        gather();
    }
}

void AgentSession::written(std::size_t count) {
    batch_written_ += count;
    moved_ = Clock::now();
    auto done = batch_.begin();
    for (; done != batch_.end(); ++done) {
        const auto size = done->header_size + done->body.size();
        if (batch_written_ < size) break;
        batch_written_ -= size;
    }
    batch_.erase(batch_.begin(), done);
}

void AgentSession::add_control(Opcode opcode, Bytes payload) {
    std::array<std::byte, websocket::server_header> header{};
    const auto size = encode_header(header, opcode, payload.size());
    control_ += as_text(Bytes{header}.first(size));
    control_ += as_text(payload);
}

Task<> AgentSession::write_rest() {
    const auto alive = shared_from_this();
    for (bool more = true; more;) {
        const bool open = co_await stream_.writable();
        more = open && !push();
        writing_ = more;
        port_.taken();  // the guest may be read again; may begin another write_rest()
    }
}

// ---- The end

void AgentSession::close(browser::CloseCode code, std::string reason) {
    if (client_) report_end(reason);
    client_.reset();  // its name may be another connection's by now
    begin_close(static_cast<std::uint16_t>(code), std::move(reason));
    readable_.notify();
}

void AgentSession::stop(browser::CloseCode code, std::string reason) {
    begin_close(static_cast<std::uint16_t>(code), std::move(reason));
    readable_.notify();
}

// Our close frame goes after what waits; then the peer has a while to answer it.
void AgentSession::begin_close(std::uint16_t code, std::string reason) {
    if (closing_) return;
    closing_ = code;
    close_reason_ = std::move(reason);
    flush();
    leave(close_reason_);
    cut_timer_.emplace(tasks_.context(), Clock::now() + bounds::close_deadline);
    tasks_.spawn("client-close", cut_later());
}

Task<> AgentSession::cut_later() {
    const auto alive = shared_from_this();
    [[maybe_unused]] const auto [ended_before] = co_await cut_timer_->async_wait(as_value);
    stream_.close();
}

// Wakes the reader, whatever it waits for.
void AgentSession::cut() {
    stream_.close();
    readable_.notify();
}

void AgentSession::leave(std::string_view why) {
    if (!client_) return;
    report_end(why);
    port_.leave(*std::exchange(client_, std::nullopt));
}

void AgentSession::lose() {
    if (!client_) return;
    report_end("lost");
    port_.lose(*std::exchange(client_, std::nullopt));
}

void AgentSession::report_end(std::string_view why) const {
    log::info("client-disconnected", {{"vm", vm_}, {"client", client_->raw()}, {"reason", why}});
}

}  // namespace vmcbridge::io
