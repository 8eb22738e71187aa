#pragma once

#include "src/control/child.hpp"
#include "src/control/timer.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace vmcbridge::control {

/// A program that is started again when it ends: at once at first, then ever later, up to 2 s. Main thread only.
class Supervised {
public:
    struct Settings {
        Program program;
        std::string needs;    ///< a path that must be there before each start; empty: nothing
        std::string removes;  ///< a socket of the program, removed when it ended: its successor makes its own
    };

    explicit Supervised(Settings settings) : settings_{std::move(settings)} {}
    Supervised(const Supervised&) = delete;
    Supervised& operator=(const Supervised&) = delete;
    ~Supervised() = default;

    void start();
    /// From here on it is not started again. Signals it if it runs.
    void stop(int signal);
    [[nodiscard]] bool is_running() const noexcept { return child_ && child_->is_running(); }
    [[nodiscard]] const std::string& name() const noexcept { return settings_.program.name; }

private:
    void handle_ended(const std::string& how);

    Settings settings_;
    std::unique_ptr<Child> child_;
    Timer timer_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::milliseconds delay_{0};
    bool stopping_ = false;
};

}  // namespace vmcbridge::control
