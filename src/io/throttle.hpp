#pragma once

#include "src/io/asio.hpp"

#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vmcbridge::io {

/// Who guesses passwords is held back, then refused for a while: failures by address (Peer::address). Pure; the
/// time comes from outside. One thread.
class Throttle {
public:
    /// Failures count for so long.
    static constexpr auto window = std::chrono::minutes{10};
    /// Failures that cost nothing: people mistype.
    static constexpr std::size_t free_failures = 3;
    static constexpr milliseconds first_delay{250};
    static constexpr milliseconds last_delay{4000};
    /// At so many failures within the window the address is refused.
    static constexpr std::size_t most_failures = 10;
    static constexpr auto refusal = std::chrono::seconds{60};
    /// Addresses that are remembered; one more, and the one that failed longest ago goes.
    static constexpr std::size_t addresses = 4096;

    /// How long the answer to this address is to be held back: nothing at first, then doubling.
    [[nodiscard]] milliseconds delay(std::string_view address, Clock::time_point now) const;
    /// Is it not to be heard at all?
    [[nodiscard]] bool is_refused(std::string_view address, Clock::time_point now) const;

    void failed(std::string_view address, Clock::time_point now);

    [[nodiscard]] std::size_t size() const noexcept { return by_address_.size(); }

private:
    struct Record {
        std::string address;
        std::deque<Clock::time_point> failures;  // the last most_failures
        Clock::time_point refused_until{};
    };
    using Records = std::list<Record>;

    [[nodiscard]] const Record* find(std::string_view address) const;

    Records records_;  // in the order of their last failure, the latest at the end
    std::unordered_map<std::string_view, Records::iterator> by_address_;  // views the records
};

}  // namespace vmcbridge::io
