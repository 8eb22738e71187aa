#pragma once

#include "src/io/asio.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace vmcbridge::io {

/// What `start` hands to the function that it is given, once and on any thread; nullopt: nothing came until `deadline`.
/// What comes later is destroyed.
template <class Value>
[[nodiscard]] Task<std::optional<Value>> answer_of(std::function<void(std::function<void(Value)>)> start,
                                                   Clock::time_point deadline) {
    struct Pending {
        Timer timer;
        std::optional<Value> value;
    };
    const Executor executor = co_await net::this_coro::executor;
    const auto pending = std::make_shared<Pending>(Pending{.timer = Timer{executor, deadline}, .value = {}});
    const std::weak_ptr<Pending> waiting{pending};
    start([waiting, executor](Value value) {
        net::post(executor, [waiting, value = std::move(value)]() mutable {
            const auto still = waiting.lock();
            if (!still) return;
            still->value.emplace(std::move(value));
            still->timer.cancel();
        });
    });
    [[maybe_unused]] const auto [called] = co_await pending->timer.async_wait(as_value);
    co_return std::move(pending->value);
}

}  // namespace vmcbridge::io
