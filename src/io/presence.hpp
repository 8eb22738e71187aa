#pragma once

#include <atomic>
#include <functional>
#include <utility>

namespace vmcbridge::io {

/// Whether somebody still waits for an answer that takes its time. Belongs to the context of who waits.
class Presence {
public:
    /// From any thread.
    [[nodiscard]] bool is_gone() const noexcept { return gone_.load(std::memory_order_relaxed); }
    /// Nobody waits any more.
    void leave() {
        gone_.store(true, std::memory_order_relaxed);
        if (when_gone_) std::exchange(when_gone_, nullptr)();
    }
    /// What leave() calls, once.
    void when_gone(std::function<void()> call) { when_gone_ = std::move(call); }

private:
    std::atomic<bool> gone_ = false;
    std::function<void()> when_gone_;
};

}  // namespace vmcbridge::io
