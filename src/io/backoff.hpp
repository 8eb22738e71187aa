#pragma once

#include "src/io/asio.hpp"
#include "src/io/bounds.hpp"

#include <random>
#include <string>
#include <string_view>

namespace vmcbridge::io {

/// Waits between the tries to open a port: bounds::reconnect_first, doubled each time up to `last`, and up to a quarter
/// more by chance, so that many ports of a machine that came back don't try in step.
class Backoff {
public:
    explicit Backoff(Clock::duration last = bounds::reconnect_last) noexcept : last_{last} {}

    [[nodiscard]] Clock::duration next() {
        std::uniform_int_distribution<Clock::rep> part{0, wait_.count() / 4};
        const auto jittered = wait_ + Clock::duration{part(random_)};
        wait_ = std::min(wait_ * 2, last_);
        return jittered;
    }
    void reset() noexcept { wait_ = bounds::reconnect_first; }

private:
    Clock::duration last_;
    Clock::duration wait_ = bounds::reconnect_first;
    std::minstd_rand random_{std::random_device{}()};
};

/// How soon a server that has one client at a time is linked to again. Where another client wants it too, each throws
/// the other one out when it comes: whoever is thrown out soon after its link waits longer and longer. Pure.
class LinkPace {
public:
    /// The wait after a try that failed. The server is away, or refuses: nobody has taken it.
    [[nodiscard]] Clock::duration after_failure() {
        end_rivalry();
        return tries_.next();
    }
    /// The wait after a link that stood this long. `by_server`: that ended it.
    [[nodiscard]] Clock::duration after_link(Clock::duration stood, bool by_server) {
        if (by_server || stood >= bounds::reconnect_last) tries_.reset();
        if (!by_server) return tries_.next();
        if (stood >= bounds::link_settled) end_rivalry();
        if (stood < bounds::link_settled) ++thrown_out_;
        return rivals_.next();
    }
    /// So many links in a row have ended soon after they were made.
    [[nodiscard]] unsigned thrown_out() const noexcept { return thrown_out_; }
    /// The link stands for so long that nobody else seems to want it.
    void settled() noexcept { end_rivalry(); }

private:
    void end_rivalry() noexcept {
        rivals_.reset();
        thrown_out_ = 0;
    }

    Backoff tries_;
    Backoff rivals_{bounds::rivalry_last};
    unsigned thrown_out_ = 0;
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
    /// What it said last; empty: nothing is wrong.
    [[nodiscard]] const std::string& state() const noexcept { return last_; }

private:
    std::string last_;
};

}  // namespace vmcbridge::io
