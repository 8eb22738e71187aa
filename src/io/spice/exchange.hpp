#pragma once

#include "src/io/spice/wire.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::io::spice {

/// A conversation of short messages before a channel begins, with one deadline for all of it.
class Exchange {
public:
    /// What is kept unread at most: longer messages are refused before.
    static constexpr std::size_t most_unread = 72UL * 1024;

    /// `early` came already.
    Exchange(Wire wire, Clock::time_point deadline, Bytes early = {})
        : wire_{std::move(wire)}, deadline_{deadline}, unread_{early.begin(), early.end()} {}

    [[nodiscard]] Bytes unread() const noexcept { return unread_; }
    /// The first `count` bytes were understood. REQUIRES: so many are unread.
    void took(std::size_t count) {
        unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    /// false: the peer has gone, its time is over, or it sent too much.
    [[nodiscard]] Task<bool> read_more();
    /// The next `count` bytes; nullopt as above.
    [[nodiscard]] Task<std::optional<std::vector<std::byte>>> read(std::size_t count);
    [[nodiscard]] Task<std::optional<std::uint32_t>> read_u32();
    [[nodiscard]] Task<bool> send(Bytes bytes);
    /// No more from us; takes what ends the connection at the peer's leisure, since a close with unread bytes would
    /// destroy what we have written.
    [[nodiscard]] Task<> part();

    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    [[nodiscard]] Wire& wire() noexcept { return wire_; }
    [[nodiscard]] std::string take_rest();

private:
    Wire wire_;
    Clock::time_point deadline_;
    std::vector<std::byte> unread_;
};

}  // namespace vmcbridge::io::spice
