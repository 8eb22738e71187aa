// Flow, each direction on its own, both under one poll:
//   1. run_relay      accepts a client, upgrades it if framed, connects the target
//   2. Pump::read     one read of up to 256 KiB; frames are undone in place, or one header is put before the bytes
//   3. Pump::write    at once, as much as the other side takes; while some is left nothing more is read
#include "tests/bench/relay.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace vmcbridge::bench {
namespace {

enum class Framing { none, undo, add };

/// One direction.
class Pump {
public:
    Pump(int from, int to, Framing framing) : from_{from}, to_{to}, framing_{framing}, buffer_(headroom + read_size) {}

    [[nodiscard]] pollfd wanted() const noexcept {
        if (!left_.empty()) return {to_, POLLOUT, 0};
        return {from_, POLLIN, 0};
    }

    /// False when this direction is over.
    [[nodiscard]] bool turn() {
        if (left_.empty() && !read()) return false;
        return write();
    }

private:
    static constexpr std::size_t headroom = FrameDecoder::headroom;

    bool read() {
        const auto count = ::recv(from_, buffer_.data() + headroom, read_size, MSG_DONTWAIT);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        if (count == 0) return false;
        const auto size = static_cast<std::size_t>(count);
        if (framing_ == Framing::undo) {
            left_ = decoder_.decode(buffer_, size);
            return !decoder_.is_closed();
        }
        const auto start = framing_ == Framing::add ? put_header_before(buffer_, headroom, size) : headroom;
        left_ = Bytes{buffer_}.subspan(start, headroom + size - start);
        return true;
    }

    bool write() {
        if (left_.empty()) return true;
        const auto count = ::send(to_, left_.data(), left_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        left_ = left_.subspan(static_cast<std::size_t>(count));
        return true;
    }

    int from_;
    int to_;
    Framing framing_;
    FrameDecoder decoder_;
    std::vector<std::byte> buffer_;
    Bytes left_;
};

void serve(RelayKind kind, const Fd& client, const std::string& target) {
    const bool framed = kind == RelayKind::websocket;
    if (framed) accept_upgrade(client.get());
    const Fd guest = connect_unix(target);
    Pump up{client.get(), guest.get(), framed ? Framing::undo : Framing::none};
    Pump down{guest.get(), client.get(), framed ? Framing::add : Framing::none};
    for (;;) {
        std::array<pollfd, 2> wanted{up.wanted(), down.wanted()};
        if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
        if (wanted[0].revents != 0 && !up.turn()) return;
        if (wanted[1].revents != 0 && !down.turn()) return;
    }
}

}  // namespace

void run_relay(RelayKind kind, const Fd& listener, const std::string& target) {
    for (;;) {
        pollfd wanted{listener.get(), POLLIN, 0};
        if (::poll(&wanted, 1, -1) < 0) continue;
        try {
            serve(kind, accept_one(listener), target);
        } catch (const Failure&) {
            // That client is gone; its end of the measurement says why.
        }
    }
}

}  // namespace vmcbridge::bench
