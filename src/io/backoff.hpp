#pragma once

#include "src/io/asio.hpp"
#include "src/io/bounds.hpp"

#include <random>
#include <string>
#include <string_view>

namespace vmcbridge::io {

/// Waits between the tries to open a port: bounds::reconnect_first, doubled each time up to bounds::reconnect_last, and
/// up to a quarter more by chance, so that many ports of a machine that came back don't try in step.
class Backoff {
public:
    [[nodiscard]] Clock::duration next() {
        std::uniform_int_distribution<Clock::rep> part{0, wait_.count() / 4};
        const auto jittered = wait_ + Clock::duration{part(random_)};
        wait_ = std::min<Clock::duration>(wait_ * 2, bounds::reconnect_last);
        return jittered;
    }
    void reset() noexcept { wait_ = bounds::reconnect_first; }

private:
    Clock::duration wait_ = bounds::reconnect_first;
    std::minstd_rand random_{std::random_device{}()};
};

/// Says a state once, when it changes, not at each try.
class StateLog {
public:
    /// true: it is news.
    [[nodiscard]] bool is_news(std::string_view state) {
        if (state == last_) return false;
        last_ = state;
        return true;
    }

private:
    std::string last_;
};

}  // namespace vmcbridge::io
