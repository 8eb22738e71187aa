#pragma once

#include <functional>
#include <memory>
#include <utility>

/// Work that may block, away from the main thread.
namespace vmcbridge::control {

/// Runs `task` on the main loop, after all that was handed over before it. From any thread.
void on_main(std::function<void()> task);

/// Runs `task` on a thread of GLib's pool. What it captures is destroyed there too, unless somebody else holds it.
void in_background(std::function<void()> task);

/// Runs `work` likewise, and then `done` with what it gave, on the main loop.
template <class Work, class Done>
void in_background(Work work, Done done) {
    in_background(std::function<void()>{[work = std::move(work), done = std::move(done)]() mutable {
        auto result = std::make_shared<decltype(work())>(work());
        on_main([result, done = std::move(done)]() mutable { done(std::move(*result)); });
    }});
}

}  // namespace vmcbridge::control
