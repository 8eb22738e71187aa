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
    if (stopping_) return;
    const auto entry = running_.emplace(running_.end());
    net::co_spawn(context_, std::move(task),
                  net::bind_cancellation_slot(entry->slot(), [this, name, entry](const std::exception_ptr& error) {
                      ended(name, entry, error);
                  }));
}

void TaskGroup::ended(std::string_view name, Running::iterator task, const std::exception_ptr& error) {
    report(name, error);
    running_.erase(task);
    if (running_.empty()) left_.notify();
}

void TaskGroup::request_stop() {
    stopping_ = true;
    for (auto task = running_.begin(); task != running_.end();) {
        const auto each = task++;  // a task that ends here and now takes its entry along
        each->emit(net::cancellation_type::terminal);
    }
}

Task<bool> TaskGroup::join(milliseconds grace) {
    using namespace net::experimental::awaitable_operators;
    Timer timer{context_, Clock::now() + grace};
    while (!running_.empty()) {
        const auto first = co_await (left_.wait() || timer.async_wait(as_value));
        if (first.index() == 1) co_return running_.empty();
    }
    co_return true;
}

}  // namespace vmcbridge::io
