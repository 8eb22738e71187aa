#pragma once

#include "tests/bench/pattern.hpp"
#include "tests/bench/spice_wire.hpp"

#include <deque>
#include <string>

namespace vmcbridge::bench {

/// A SPICE client's main channel and its agent messages, under tokens both ways. It announces what spice-gtk announces.
/// Blocking, one thread. Errors everywhere: Failure.
class SpiceClient {
public:
    /// What the server may send: `tokens` pieces, and `refund` more after each so many; 0: never.
    struct Grant {
        std::uint32_t tokens;
        std::uint32_t refund;
    };
    static constexpr Grant unlimited{0xffffffff, 0};
    static constexpr Grant window{10, 5};

    /// Links, waits for an agent and agrees with it on capabilities.
    SpiceClient(std::uint16_t port, Grant grant);

    /// The guest owns the clipboard.
    void wait_for_grab();

    /// Asks for the clipboard as an image and checks every byte of the answer where it arrives.
    void fetch_image(const Pattern& pattern, std::uint64_t size);

    [[nodiscard]] std::string fetch_text();

    /// Sends a file in messages of 64 KiB, as tokens allow. Returns when the guest has it all.
    void upload(const Pattern& pattern, std::uint64_t size);

private:
    struct Head {
        std::uint32_t type = 0;
        std::size_t size = 0;  // of the body
    };

    void wait_for_agent();
    void handle(const MainMessage& message);
    [[nodiscard]] Bytes next_piece();

    // The agent's message under way: its head, then its body by parts, an empty one at the end.
    [[nodiscard]] Head next_head();
    [[nodiscard]] Bytes next_part();
    [[nodiscard]] std::vector<std::byte> rest();

    /// The next message of this type begins; others are handled and passed over.
    Head wait_for(std::uint32_t type);
    void expect_status(std::uint32_t status);
    void request(std::uint32_t format);
    void announce(bool request);
    void send_agent(std::uint32_t type, Bytes body);
    void send_main(std::uint16_t type, Bytes body);

    Fd fd_;
    MainReader reader_;
    Grant grant_;
    std::uint32_t owed_ = 0;
    std::uint64_t tokens_ = 0;
    bool connected_ = false;
    std::deque<std::vector<std::byte>> early_;  // pieces that came while tokens were waited for
    std::vector<std::byte> piece_;              // one of them, as long as it is looked at
    Bytes part_;                                // of the piece, not yet looked at
    std::size_t left_ = 0;                      // of the body
    std::vector<std::byte> out_;
};

}  // namespace vmcbridge::bench
