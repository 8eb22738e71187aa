#pragma once

#include "src/control/background.hpp"
#include "src/control/libvirt/libvirt_link.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace vmcbridge::control {

/// What is asked of a libvirt daemon besides which domains there are: few at once, since a daemon that has more
/// requests of one connection than it takes (five) reads nothing more of that, not even signs of life. Main thread
/// only.
class DaemonCalls : public std::enable_shared_from_this<DaemonCalls> {
public:
    static constexpr std::size_t at_once = 3;
    static constexpr std::size_t waiting_max = 64;
    /// Whoever waited so long has gone.
    static constexpr std::chrono::seconds waiting_last{5};

    /// `link`: the connection that there is now, or nullptr.
    explicit DaemonCalls(std::function<std::shared_ptr<LibvirtLink>()> link) : link_{std::move(link)} {}

    /// Calls `work` in the background, and then `done` on the main thread; at once with a problem, where there is no
    /// daemon, or too many wait for it.
    template <class Value>
    void call(std::function<Parsed<Value>(const LibvirtLink&)> work, std::function<void(Parsed<Value>)> done) {
        if (waiting_.size() == waiting_max) return done(Problem{"too much is being asked of libvirt's daemon"});
        const auto last = std::chrono::steady_clock::now() + waiting_last;
        waiting_.push_back([self = shared_from_this(), work = std::move(work), done = std::move(done), last] {
            self->start<Value>(work, done, last);
        });
        go_on();
    }

private:
    template <class Value>
    void start(std::function<Parsed<Value>(const LibvirtLink&)> work, std::function<void(Parsed<Value>)> done,
               std::chrono::steady_clock::time_point last) {
        if (std::chrono::steady_clock::now() > last) return done(Problem{"libvirt's daemon is busy"});
        auto now = link_();
        if (!now) return done(Problem{"libvirt's daemon is not there"});
        ++under_way_;
        in_background(
            [now = std::move(now), work = std::move(work)]() mutable {
                auto answer = work(*now);
                now.reset();  // its end may wait for the daemon
                return answer;
            },
            [self = shared_from_this(), done = std::move(done)](Parsed<Value> answer) {
                --self->under_way_;
                done(std::move(answer));
                self->go_on();
            });
    }

    void go_on() {
        while (under_way_ < at_once && !waiting_.empty()) {
            const auto next = std::move(waiting_.front());
            waiting_.pop_front();
            next();
        }
    }

    std::function<std::shared_ptr<LibvirtLink>()> link_;
    std::deque<std::function<void()>> waiting_;
    std::size_t under_way_ = 0;
};

}  // namespace vmcbridge::control
