#pragma once

#include "src/io/asio.hpp"

#include <utility>

namespace vmcbridge::io {

/// Wakes the one coroutine that waits for it. A notify that meets no waiter is kept for the next wait.
class Signal {
public:
    explicit Signal(net::io_context& context) : timer_{context, Clock::time_point::max()} {}

    void notify() {
        if (!std::exchange(notified_, true)) timer_.cancel();
    }
    /// Forgets a notify that nobody waited for.
    void clear() noexcept { notified_ = false; }
    /// One waiter at a time.
    [[nodiscard]] Task<> wait() {
        while (!notified_) {
            // Cancelled by notify(), or by the end of the task: then the next co_await throws.
            [[maybe_unused]] const auto [error] = co_await timer_.async_wait(as_value);
        }
        notified_ = false;
    }

private:
    Timer timer_;
    bool notified_ = false;
};

}  // namespace vmcbridge::io
