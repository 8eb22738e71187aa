#pragma once

#include <chrono>
#include <functional>
#include <memory>

/// The control plane's thread, and the only crossing to it from the data plane.
namespace vmcbridge::control {

/// GLib's main loop on the main thread. invoke() and quit() may be called from any thread while the Loop lives, all
/// else from the main thread only. Callbacks run on the main thread, inside run().
class Loop {
public:
    using Task = std::function<void()>;

    Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    /// Called at each SIGTERM and SIGINT. From here on these signals no longer kill the process.
    void on_stop(Task task);
    /// Called at each SIGHUP; likewise.
    void on_reload(Task task);

    /// Runs `task` on the main thread, after all that was invoked before it. Not at all if the Loop goes before.
    void invoke(Task task);
    /// Runs `task` once, when `delay` has passed. Not at all if the Loop goes before.
    void after(std::chrono::milliseconds delay, Task task);

    /// Returns when quit() was called, at once if it was called before.
    void run();
    void quit();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmcbridge::control
