#include "src/io/task_group.hpp"

#include "tests/src/io/support/loop.hpp"

#include <boost/asio/this_coro.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace vmcbridge::io {
namespace {

using test::Loop;
using namespace std::chrono_literals;

Task<> sleep_for(net::io_context& context, milliseconds time) {
    Timer timer{context, Clock::now() + time};
    [[maybe_unused]] const auto [error] = co_await timer.async_wait(as_value);
}

Task<> sleep_for_ever(net::io_context& context) {
    for (;;) co_await sleep_for(context, 1h);
}

/// Does not leave when it is asked to.
Task<> stubborn(net::io_context& context, const bool& enough) {
    co_await net::this_coro::throw_if_cancelled(false);
    co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
    while (!enough) co_await sleep_for(context, 1ms);
}

Task<> faulty(net::io_context& context) {
    co_await sleep_for(context, 1ms);
    throw std::runtime_error{"no memory left, say"};
}

/// A group inside what its tasks share.
struct House : std::enable_shared_from_this<House> {
    explicit House(net::io_context& context) : tasks{context} {}
    static Task<> live(std::shared_ptr<House> self, net::io_context& context) {
        co_await sleep_for(context, 1ms);
        self->tasks.request_stop();
    }
    TaskGroup tasks;
};

TEST(TaskGroup, StopEndsTasksThatWaitForEver) {
    Loop loop;
    TaskGroup group{loop.context};
    for (int each = 0; each < 10; ++each) group.spawn("sleeper", sleep_for_ever(loop.context));
    EXPECT_EQ(group.size(), 10U);
    group.request_stop();
    EXPECT_TRUE(loop.until([&] { return group.size() == 0; }));
    group.spawn("late", sleep_for_ever(loop.context));
    EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, JoinTellsWhetherAllLeftInTime) {
    Loop loop;
    TaskGroup group{loop.context};
    bool enough = false;
    group.spawn("stubborn", stubborn(loop.context, enough));
    std::optional<bool> joined;
    const auto join = [](TaskGroup& of, milliseconds grace, std::optional<bool>& out) -> Task<> {
        out = co_await of.join(grace);
    };
    group.request_stop();
    loop.tasks.spawn("join", join(group, 30ms, joined));
    EXPECT_TRUE(loop.until([&] { return joined.has_value(); }));
    EXPECT_FALSE(*joined);
    enough = true;
    joined.reset();
    loop.tasks.spawn("join", join(group, 10s, joined));
    EXPECT_TRUE(loop.until([&] { return joined.has_value(); }));
    EXPECT_TRUE(*joined);
}

TEST(TaskGroup, ATaskThatThrowsIsNamedAndLeavesTheOthersAlone) {
    Loop loop;
    TaskGroup group{loop.context};
    testing::internal::CaptureStderr();
    group.spawn("other", sleep_for_ever(loop.context));
    group.spawn("faulty", faulty(loop.context));
    EXPECT_TRUE(loop.until([&] { return group.size() == 1; }));
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr("task=faulty reason=\"no memory left, say\""));
    group.request_stop();
    EXPECT_TRUE(loop.until([&] { return group.size() == 0; }));
}

TEST(TaskGroup, TheLastTaskMayTakeTheGroupAlong) {
    Loop loop;
    auto house = std::make_shared<House>(loop.context);
    const std::weak_ptr<House> seen = house;
    house->tasks.spawn("live", House::live(house, loop.context));
    house.reset();
    EXPECT_TRUE(loop.until([&] { return seen.expired(); }));
    loop.run_for(5ms);
}

}  // namespace
}  // namespace vmcbridge::io
