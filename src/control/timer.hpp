#pragma once

#include "src/control/glib.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace vmcbridge::control {

/// Calls back once on the main loop; gone with its owner. Main thread only.
class Timer {
public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Calls `task` after `delay`, in place of what was started before.
    void start(std::chrono::milliseconds delay, std::function<void()> task) {
        task_ = std::move(task);
        source_ = SourceGuard{g_timeout_add(static_cast<guint>(delay.count()), fire, this)};
    }
    void stop() noexcept { source_.reset(); }

private:
    static gboolean fire(gpointer self) noexcept {
        static_cast<Timer*>(self)->source_.release();
        std::exchange(static_cast<Timer*>(self)->task_, nullptr)();  // may start this timer again
        return G_SOURCE_REMOVE;
    }

    std::function<void()> task_;
    SourceGuard source_;
};

}  // namespace vmcbridge::control
