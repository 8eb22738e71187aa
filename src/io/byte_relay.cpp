// connect -> to_far_side and from_far_side, each until its side ends -> farewell.
#include "src/io/byte_relay.hpp"

#include "proto/text.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace vmcbridge::io {

using namespace net::experimental::awaitable_operators;
using websocket::Opcode;

namespace {

/// Room for the header before what is read, which begins with a cache line for the same reason as the buffer.
constexpr std::size_t headroom = sizeof(Buffer::CacheLine);
static_assert(headroom >= websocket::server_header);

constexpr auto close_of(browser::CloseCode code) noexcept { return static_cast<std::uint16_t>(code); }

}  // namespace

ByteRelay::ByteRelay(net::io_context& context, Stream stream, Arrival arrival)
    : peer_{std::move(arrival.peer)},
      client_{std::move(stream)},
      early_{std::move(arrival.early)},
      control_{std::move(arrival.response)},
      stopped_{context},
      heard_{Clock::now()} {}

Task<> ByteRelay::run() {
    bool connected = false;
    if (!closing_) connected = co_await connect();
    flush_control();
    if (connected) {
        co_await (to_far_side() || from_far_side() || until_stopped());
        disconnect(reason_);
    }
    co_await farewell();
    client_.close();
}

// ---- Client to far side

Task<> ByteRelay::to_far_side() {
    std::size_t moved = bounds::turn;  // since the last wait; what came early is there already
    if (!early_.empty()) moved = 0;
    for (;;) {
        if (moved >= bounds::turn) {
            const bool open = co_await client_.readable();
            if (!open) co_return end(close_of(browser::CloseCode::done), "lost");
            moved = 0;
        }
        auto buffer = Buffer::borrow();
        const auto bytes = buffer.bytes();
        std::copy_n(kept_.begin(), kept_size_, bytes.begin());
        auto start = kept_size_;
        if (!early_.empty()) {  // at most what was read with the request, which is less than a buffer
            std::ranges::copy(as_bytes(early_), bytes.begin() + static_cast<std::ptrdiff_t>(start));
            start += std::exchange(early_, {}).size();
        }
        const auto result = client_.try_read(bytes.subspan(start));
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) {
            co_return end(close_of(browser::CloseCode::done), "lost");
        }
        if (result.bytes > 0) heard_ = Clock::now();
        moved = result.bytes < bytes.size() - start ? bounds::turn : moved + result.bytes;
        const bool go_on = co_await forward(bytes.first(start + result.bytes));
        if (!go_on) co_return;
    }
}

// The payload of all frames in `bytes` moves to the front of the buffer and goes out as one write. false: the end.
Task<bool> ByteRelay::forward(MutableBytes bytes) {
    auto in = bytes;
    std::size_t payload = 0;
    while (!peer_closed_ && !closing_) {
        const auto step = reader_.next(in, bytes.data() + payload);
        if (!step) {
            deaf_ = true;
            end(websocket::close_code(step.error()), std::string{websocket::to_text(step.error())});
            break;
        }
        payload += step->payload;
        if (!step->control) break;
        handle(*step->control);
    }
    if (!closing_) {
        std::ranges::copy(in, kept_.begin());
        kept_size_ = in.size();
    }
    auto rest = Bytes{bytes}.first(payload);
    while (!rest.empty()) {
        const auto result = try_write(rest);
        if (result.state == IoResult::State::failed) {
            end(close_of(browser::CloseCode::done), std::string{far_side()} + " has closed");
            break;
        }
        rest = rest.subspan(result.bytes);
        if (result.state != IoResult::State::would_block) continue;
        stalled_ = true;
        const bool open = co_await writable();
        stalled_ = false;
        heard_ = Clock::now();
        if (!open) co_return false;
    }
    co_return !closing_;
}

void ByteRelay::handle(const websocket::Control& control) {
    if (control.opcode == Opcode::ping && control_.size() < bounds::kept_start) {
        add_control(Opcode::pong, control.payload);
        flush_control();
    }
    if (control.opcode != Opcode::close) return;
    const auto code = websocket::decode_close(control.payload);
    peer_closed_ = true;
    end(code ? (*code == 1005 ? close_of(browser::CloseCode::done) : *code) : websocket::close_code(code.error()),
        "closed by the client");
}

// ---- Far side to client

Task<> ByteRelay::from_far_side() {
    for (;;) {
        const bool open = co_await readable();
        if (!open) co_return;
        auto buffer = Buffer::borrow();
        const auto body = buffer.bytes().subspan(headroom);
        const auto result = try_read(body);
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) {
            co_return end(close_of(browser::CloseCode::done), std::string{far_side()} + " has closed");
        }
        if (result.bytes == 0) continue;
        std::array<std::byte, websocket::server_header> header{};
        const auto size = encode_header(header, Opcode::binary, result.bytes);
        const auto message = buffer.bytes().subspan(headroom - size, size + result.bytes);
        std::copy_n(header.begin(), size, message.begin());
        writing_ = true;
        const auto first = std::exchange(control_, {});  // the socket may have begun with it
        const bool written = co_await to_client(as_bytes(first)) && co_await to_client(message);
        if (!written) co_return;
        writing_ = false;
        flush_control();
    }
}

// false: the end.
Task<bool> ByteRelay::to_client(Bytes rest) {
    while (!rest.empty()) {
        const auto result = client_.try_write(rest);
        if (result.state == IoResult::State::failed) {
            end(close_of(browser::CloseCode::done), "lost");
            co_return false;
        }
        rest = rest.subspan(result.bytes);
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await client_.writable();
        if (!open) co_return false;
    }
    co_return true;
}

// ---- Control frames and the end

void ByteRelay::add_control(Opcode opcode, Bytes payload) {
    std::array<std::byte, websocket::server_header> header{};
    const auto size = encode_header(header, opcode, payload.size());
    control_ += as_text(Bytes{header}.first(size));
    control_ += as_text(payload);
}

// What does not go now goes before the next message, or with the next control frame.
void ByteRelay::flush_control() {
    if (writing_ || control_.empty() || !client_.is_open()) return;
    const auto result = client_.try_write(as_bytes(control_));
    control_.erase(0, result.bytes);
}

void ByteRelay::tell(std::string_view text) {
    if (control_.size() > bounds::kept_start) return stop(browser::CloseCode::too_slow, "what it is told waits");
    add_control(Opcode::text, as_bytes(text));
    flush_control();
}

void ByteRelay::tick(Clock::time_point now) {
    if (stalled_) {
        // It may have closed behind what waits; whoever has its place at the far side would wait for ever.
        if (now - heard_ > bounds::silence && client_.has_hung_up()) stop(browser::CloseCode::done, "lost");
        return;
    }
    if (now - heard_ > bounds::silence) return client_.close();
    if (now - heard_ < bounds::ping_interval) return;
    if (control_.empty()) add_control(Opcode::ping, {});
    flush_control();
}

void ByteRelay::stop(browser::CloseCode code, std::string reason) {
    end(close_of(code), std::move(reason));
    stopped_.notify();
}

Task<> ByteRelay::until_stopped() { return stopped_.wait(); }

void ByteRelay::end(std::uint16_t code, std::string reason) {
    if (closing_) return;
    closing_ = code;
    reason_ = std::move(reason);
}

// Our close frame, unless a message was cut in its middle; then until the peer's, or the deadline.
Task<> ByteRelay::farewell() {
    if (writing_ || !client_.is_open()) co_return;
    std::array<std::byte, websocket::control_payload> payload{};
    const auto size = websocket::encode_close(payload, closing_.value_or(1000), reason_);
    add_control(Opcode::close, Bytes{payload}.first(size));
    const auto deadline = Clock::now() + bounds::close_deadline;
    const bool sent = co_await client_.write_all(as_bytes(control_), bounds::close_deadline);
    control_.clear();
    while (sent && !peer_closed_) {
        const bool open = co_await client_.readable(deadline);
        if (!open) co_return;
        const auto buffer = Buffer::borrow();
        std::copy_n(kept_.begin(), kept_size_, buffer.bytes().begin());
        const auto result = client_.try_read(buffer.bytes().subspan(kept_size_));
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return;
        discard(buffer.bytes().first(kept_size_ + result.bytes));
    }
}

// Looks for the peer's close frame only.
void ByteRelay::discard(MutableBytes bytes) {
    auto in = bytes;
    while (!peer_closed_ && !deaf_) {
        const auto step = reader_.next(in, bytes.data());
        deaf_ = !step;
        if (deaf_ || !step->control) break;
        peer_closed_ = step->control->opcode == Opcode::close;
    }
    if (deaf_ || peer_closed_) return void(kept_size_ = 0);
    std::ranges::copy(in, kept_.begin());
    kept_size_ = in.size();
}

}  // namespace vmcbridge::io
