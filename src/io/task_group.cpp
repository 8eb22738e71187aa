#include "src/io/task_group.hpp"

#include "src/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace vmcbridge::io {
namespace {

// The end of a cancelled task is an end like any other; anything else thrown is our own fault or a lack of memory.
void report(std::string_view name, const std::exception_ptr& error) {
    if (!error) return;
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& thrown) {
        if (thrown.code() == net::error::operation_aborted) return;
        log::error("task-failed", {{"task", name}, {"reason", thrown.what()}});
    } catch (const std::exception& thrown) {
        log::error("task-failed", {{"task", name}, {"reason", thrown.what()}});
    }
}

}  // namespace

void TaskGroup::spawn(std::string_view name, Task<> task) {
    if (state_->stopping) return;
    const auto entry = state_->running.emplace(state_->running.end());
    net::co_spawn(
        context_, std::move(task),
        net::bind_cancellation_slot(entry->slot(), [state = state_, name, entry](const std::exception_ptr& error) {
            state->ended(name, entry, error);
        }));
}

void TaskGroup::State::ended(std::string_view name, Running::iterator task, const std::exception_ptr& error) {
    report(name, error);
    running.erase(task);
    if (running.empty()) left.notify();
}

void TaskGroup::request_stop() {
    const auto state = state_;
    state->stopping = true;
    for (auto task = state->running.begin(); task != state->running.end();) {
        const auto each = task++;  // a task that ends here and now takes its entry along
        each->emit(net::cancellation_type::terminal);
    }
}

Task<bool> TaskGroup::join(milliseconds grace) {
    using namespace net::experimental::awaitable_operators;
    const auto state = state_;
    Timer timer{context_, Clock::now() + grace};
    while (!state->running.empty()) {
        const auto first = co_await (state->left.wait() || timer.async_wait(as_value));
        if (first.index() == 1) co_return state->running.empty();
    }
    co_return true;
}

}  // namespace vmcbridge::io
