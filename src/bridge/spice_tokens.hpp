#pragma once

#include "proto/limits.hpp"
#include "src/bridge/client.hpp"

#include <cstdint>
#include <map>

namespace vmcbridge::bridge {

/// AGENT_DATA that one SPICE client may send, and what of its files waits here for the guest: the latter holds the
/// former back, so that a slow guest costs a window and limits::spice_held.
class SpiceTokens {
public:
    /// The client counts anew: INIT, AGENT_CONNECTED_TOKENS.
    void count_anew() noexcept { *this = SpiceTokens{std::move(held_of_), held_}; }
    /// AGENT_START. A second one says that the first, and what came with it, was sent before the client read that it
    /// counts anew: it has not counted those pieces.
    void started() noexcept;
    /// A piece came. false: it had no token for it.
    [[nodiscard]] bool take() noexcept;
    /// What is to be given back now; 0: nothing, or so little that it is not worth a message.
    [[nodiscard]] std::uint32_t take_refund() noexcept;
    [[nodiscard]] std::uint32_t window() const noexcept { return static_cast<std::uint32_t>(window_); }

    /// Bytes of a file wait for the guest; it took them; the file has ended.
    void hold(RequestId file, std::size_t bytes);
    void release(RequestId file, std::size_t bytes) noexcept;
    void forget(RequestId file) noexcept;

    SpiceTokens() = default;

private:
    SpiceTokens(std::map<RequestId, std::size_t> held_of, std::size_t held) noexcept
        : held_{held}, held_of_{std::move(held_of)} {}

    std::size_t window_ = limits::spice_tokens;
    std::size_t owed_ = 0;
    std::size_t since_start_ = 0;  ///< pieces since the first AGENT_START of this count
    unsigned starts_ = 0;
    std::size_t held_ = 0;  ///< the sum of those below
    std::map<RequestId, std::size_t> held_of_;
};

}  // namespace vmcbridge::bridge
