#include "src/io/spice/wire.hpp"

#include "proto/text.hpp"
#include "src/io/bounds.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::io::spice {
namespace {

using websocket::Opcode;

std::string frame(Opcode opcode, Bytes payload) {
    std::array<std::byte, websocket::server_header> header{};
    const auto size = encode_header(header, opcode, payload.size());
    return std::string{as_text(Bytes{header}.first(size))} + std::string{as_text(payload)};
}

}  // namespace

// ---- In

IoResult Wire::try_read(MutableBytes out) {
    if (!frames_) return stream_.try_read(out);
    const auto kept = std::min(kept_.size(), out.size());
    std::ranges::copy(as_bytes(kept_).first(kept), out.begin());
    kept_.erase(0, kept);
    is_new_ = !kept_.empty();
    IoResult result;
    if (kept < out.size()) result = stream_.try_read(out.subspan(kept));
    const auto count = kept + result.bytes;
    result.bytes = 0;
    return unwrap(out.first(count), result);
}

/// The payload of the frames in `bytes` moves to their front; what is the start of a frame is kept.
IoResult Wire::unwrap(MutableBytes bytes, IoResult result) {
    auto in = bytes;
    while (!ended_) {
        const auto step = frames_->next(in, bytes.data() + result.bytes);
        if (!step) {
            fault_ = step.error();
            end(websocket::close_code(step.error()));
            break;
        }
        result.bytes += step->payload;
        if (!step->control) break;
        handle(*step->control);
    }
    if (!ended_) kept_.insert(0, as_text(in));
    flush_control();
    if (result.bytes > 0) {
        result.state = IoResult::State::moved;
    } else if (result.state == IoResult::State::moved) {
        result.state = IoResult::State::would_block;
    }
    if (ended_ && result.bytes == 0) result.state = IoResult::State::ended;
    return result;
}

void Wire::handle(const websocket::Control& control) {
    if (control.opcode == Opcode::ping && due_.size() < bounds::kept_start && frame_left_ == 0)
        due_ += frame(Opcode::pong, control.payload);
    if (control.opcode != Opcode::close) return;
    const auto code = websocket::decode_close(control.payload);
    end(code ? *code : websocket::close_code(code.error()));
}

/// Nothing more is read; the peer gets its answer, if no frame of ours is half written.
void Wire::end(std::uint16_t code) {
    if (std::exchange(ended_, true) || frame_left_ > 0) return;
    constexpr std::uint16_t no_code = 1005;
    std::array<std::byte, websocket::control_payload> payload{};
    const auto size = code == no_code ? 0 : websocket::encode_close(payload, code, {});
    due_ += frame(Opcode::close, Bytes{payload}.first(size));
}

Task<bool> Wire::readable() {
    if (ended_ || is_new_) co_return true;
    co_return co_await stream_.readable();
}

Task<bool> Wire::readable(Clock::time_point deadline) {
    if (ended_ || is_new_) co_return true;
    co_return co_await stream_.readable(deadline);
}

// ---- Out

IoResult Wire::try_write(Bytes bytes) {
    if (!frames_) return stream_.try_write(bytes);
    if (frame_left_ == 0) {
        std::array<std::byte, websocket::server_header> header{};
        const auto size = encode_header(header, Opcode::binary, bytes.size());
        due_ += as_text(Bytes{header}.first(size));
        frame_left_ = bytes.size();
    }
    const std::array pieces{iovec{due_.data(), due_.size()},
                            iovec{const_cast<std::byte*>(bytes.data()), frame_left_}};  // sendmsg does not write there
    auto result = stream_.try_write(std::span{pieces}.subspan(due_.empty() ? 1 : 0));
    const auto of_header = std::min(result.bytes, due_.size());
    due_.erase(0, of_header);
    result.bytes -= of_header;
    frame_left_ -= result.bytes;
    if (result.state == IoResult::State::moved && result.bytes == 0) result.state = IoResult::State::would_block;
    return result;
}

void Wire::flush_control() {
    if (!frames_ || frame_left_ > 0 || due_.empty() || !stream_.is_open()) return;
    due_.erase(0, stream_.try_write(as_bytes(due_)).bytes);
}

Task<bool> Wire::write_all(Bytes bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
        const auto result = try_write(bytes);
        if (result.state == IoResult::State::failed) co_return false;
        bytes = bytes.subspan(result.bytes);
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await stream_.writable(deadline);
        if (!open) co_return false;
    }
    co_return true;
}

void Wire::shutdown() noexcept {
    if (frames_ && frame_left_ == 0 && !ended_) {
        std::array<std::byte, websocket::control_payload> payload{};
        const auto size = websocket::encode_close(payload, std::uint16_t{1000}, {});
        due_ += frame(Opcode::close, Bytes{payload}.first(size));
        flush_control();
    }
    stream_.shutdown_write();
}

// ---- Between contexts

Wire::Parts Wire::release() noexcept {
    return {.socket = stream_.release(), .frames = std::move(frames_), .kept = std::move(kept_)};
}

Result<Wire, error_code> Wire::open(net::io_context& context, Parts parts) {
    auto stream = Stream::open(context, std::move(parts.socket));
    if (!stream) return stream.error();
    Wire wire{std::move(*stream)};
    wire.frames_ = parts.frames;
    wire.kept_ = std::move(parts.kept);
    wire.is_new_ = !wire.kept_.empty();
    return wire;
}

}  // namespace vmcbridge::io::spice
