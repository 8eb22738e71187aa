#include "tests/bench/websocket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

namespace vmcbridge::bench {
namespace {

constexpr std::byte fin{0x80};
constexpr std::byte masked{0x80};

void append_length(std::vector<std::byte>& wire, std::uint64_t size) {
    const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    wire.push_back(masked | static_cast<std::byte>(bytes == 0 ? size : bytes == 2 ? 126U : 127U));
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) wire.push_back(static_cast<std::byte>(size >> shift));
}

std::string request_text(std::uint16_t port, std::string_view path, std::string_view subprotocol) {
    std::string text = "GET ";
    text.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1:").append(std::to_string(port));
    text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13");
    text.append("\r\nSec-WebSocket-Key: dGhlIGJlbmNoIG5vbmNlIQ==\r\nSec-WebSocket-Protocol: ");
    return text.append(subprotocol).append("\r\n\r\n");
}

}  // namespace

void append_frame(std::vector<std::byte>& wire, Opcode opcode, Bytes prefix, Bytes payload) {
    thread_local std::minstd_rand random{1};  // masking protects proxies, not the bench: any varied key does
    std::array<std::byte, 4> key{};
    for (auto& byte : key) byte = static_cast<std::byte>(random() >> 8);
    wire.push_back(fin | static_cast<std::byte>(opcode));
    append_length(wire, prefix.size() + payload.size());
    wire.insert(wire.end(), key.begin(), key.end());
    const auto start = wire.size();
    wire.insert(wire.end(), prefix.begin(), prefix.end());
    wire.insert(wire.end(), payload.begin(), payload.end());
    for (auto at = start; at < wire.size(); ++at) wire[at] ^= key[(at - start) % key.size()];
}

Ring framed_ring(const Pattern& pattern, std::size_t unit, Bytes prefix) {
    Ring ring{{}, 0, unit};
    for (std::size_t at = 0; at < pattern.period(); at += unit) {
        append_frame(ring.wire, Opcode::binary, prefix, pattern.at(at, unit));
        if (at == 0) ring.unit_wire = ring.wire.size();
    }
    return ring;
}

WebSocket::WebSocket(int fd, std::uint16_t port, std::string_view path, std::string_view subprotocol)
    : fd_{fd}, buffer_(read_size) {
    const auto request = request_text(port, path, subprotocol);
    send_all(fd_, std::as_bytes(std::span{request}));
    constexpr std::string_view end_of_head = "\r\n\r\n";
    for (;;) {
        fill();
        const std::string_view head{reinterpret_cast<const char*>(buffer_.data()), end_};
        const auto end = head.find(end_of_head);
        if (end == head.npos) continue;
        if (!head.starts_with("HTTP/1.1 101"))
            throw Failure{"upgrade: " + std::string{head.substr(0, head.find("\r\n"))}};
        begin_ = end + end_of_head.size();
        return;
    }
}

Bytes WebSocket::buffered() const noexcept { return Bytes{buffer_}.subspan(begin_, end_ - begin_); }

void WebSocket::fill() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == buffer_.size()) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.end(), buffer_.begin());
        end_ -= std::exchange(begin_, 0);
    }
    const auto count = receive_some(fd_, MutableBytes{buffer_}.subspan(end_));
    if (count == 0) throw Failure{"the relay closed the connection"};
    end_ += count;
}

bool WebSocket::parse_header() {
    const auto bytes = buffered();
    if (bytes.size() < 2) return false;
    const auto small = std::to_integer<std::uint64_t>(bytes[1]);
    const std::size_t extra = small == 126 ? 2 : small == 127 ? 8 : 0;
    if (small > 127) throw Failure{"a masked frame from the server"};
    if (bytes.size() < 2 + extra) return false;
    left_ = extra == 0 ? small : 0;
    for (const auto byte : bytes.subspan(2, extra)) left_ = left_ << 8 | std::to_integer<std::uint64_t>(byte);
    const auto kind = std::to_integer<std::uint8_t>(bytes[0] & std::byte{0x0f});
    if (kind != 0) opcode_ = static_cast<Opcode>(kind);
    begin_ += 2 + extra;
    in_frame_ = fresh_ = true;
    return true;
}

WebSocket::Slice WebSocket::take_slice() {
    const auto bytes = buffered().first(std::min<std::uint64_t>(left_, end_ - begin_));
    begin_ += bytes.size();
    left_ -= bytes.size();
    in_frame_ = left_ != 0;
    return {opcode_, std::exchange(fresh_, false), left_ == 0, bytes};
}

WebSocket::Slice WebSocket::next() {
    for (;;) {
        if (!in_frame_ && !parse_header()) {
            fill();
            continue;
        }
        if (left_ != 0 && begin_ == end_) fill();
        const auto slice = take_slice();
        if (slice.opcode == Opcode::close) throw Failure{"the relay sent a close frame"};
        if (slice.opcode == Opcode::pong) continue;
        if (slice.opcode != Opcode::ping) return slice;
        std::vector<std::byte> pong;
        append_frame(pong, Opcode::pong, {}, slice.bytes);
        send_all(fd_, pong);
    }
}

bool WebSocket::is_ready() const { return begin_ != end_ || is_readable(fd_); }

void WebSocket::send_text(std::string_view text) {
    std::vector<std::byte> wire;
    append_frame(wire, Opcode::text, {}, std::as_bytes(std::span{text}));
    send_all(fd_, wire);
}

}  // namespace vmcbridge::bench
