#pragma once

#include "src/io/asio.hpp"
#include "src/io/signal.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <list>
#include <memory>
#include <string_view>

namespace vmcbridge::io {

/// Owns a set of running coroutines of one context; nothing in the data plane is spawned in any other way.
///
/// All calls on the thread of the context. It outlives its tasks: whoever owns it joins it, or hands each task a share
/// of the owner.
class TaskGroup {
public:
    explicit TaskGroup(net::io_context& context) : context_{context}, state_{std::make_shared<State>(context)} {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// `name` is a literal, for the log should the task throw. After request_stop() the task ends before it begins.
    void spawn(std::string_view name, Task<> task);
    /// Cancels every task: its wait ends, and it unwinds.
    void request_stop();
    /// Waits until no task is left, at most `grace`; false: somebody did not leave. One caller at a time.
    [[nodiscard]] Task<bool> join(milliseconds grace);
    [[nodiscard]] std::size_t size() const noexcept { return state_->running.size(); }
    [[nodiscard]] net::io_context& context() noexcept { return context_; }

private:
    using Running = std::list<net::cancellation_signal>;
    /// Shared with the completion of each task: its frame may hold the last share of the group's owner, and is gone by
    /// then.
    struct State {
        explicit State(net::io_context& context) : left{context} {}
        void ended(std::string_view name, Running::iterator task, const std::exception_ptr& error);

        Running running;
        Signal left;
        bool stopping = false;
    };

    net::io_context& context_;
    std::shared_ptr<State> state_;
};

}  // namespace vmcbridge::io
