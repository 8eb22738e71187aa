#pragma once

#include "tests/bench/socket.hpp"

#include <array>
#include <string>

namespace vmcbridge::bench {

/// The yardsticks: two relays as small and fast as one thread and poll allow, each its own process (this program under
/// `--relay`). They serve one client at a time and trust it; they are floors, not servers.
enum class RelayKind { copy, websocket };

/// Serves clients of `listener` for ever, each joined to a new connection to the unix socket `target`.
[[noreturn]] void run_relay(RelayKind kind, const Fd& listener, const std::string& target);

/// Client frames -> payload, in place: the payload of a buffer of frames ends up contiguous at its front.
class FrameDecoder {
public:
    /// Room that `decode` wants in front of the bytes just read, for the head of a frame that the last read cut.
    static constexpr std::size_t headroom = 14;

    /// Payload of `count` bytes read into `buffer` at `headroom`. Views `buffer`.
    [[nodiscard]] Bytes decode(MutableBytes buffer, std::size_t count);

    /// A close frame came.
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }

private:
    [[nodiscard]] bool begin_frame(Bytes& in);

    std::array<std::byte, headroom> head_{};
    std::size_t head_size_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t key_ = 0;
    bool closed_ = false;
};

/// Writes the header of a server's binary frame of `payload` bytes so that it ends at `end`; gives where it begins.
[[nodiscard]] std::size_t put_header_before(MutableBytes buffer, std::size_t end, std::uint64_t payload);

/// Answers the upgrade that comes on `client`.
void accept_upgrade(int client);

}  // namespace vmcbridge::bench
