#include "src/io/throttle.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::io {
namespace {

using namespace std::chrono_literals;

class ThrottleTest : public testing::Test {
protected:
    void fail(std::size_t times, std::string_view address = "192.0.2.1") {
        for (std::size_t each = 0; each < times; ++each) throttle_.failed(address, now_);
    }
    milliseconds delay(std::string_view address = "192.0.2.1") const { return throttle_.delay(address, now_); }
    bool is_refused(std::string_view address = "192.0.2.1") const { return throttle_.is_refused(address, now_); }

    Throttle throttle_;
    Clock::time_point now_ = Clock::time_point{} + 1h;
};

TEST_F(ThrottleTest, TheFirstFailuresCostNothingThenTheWaitDoubles) {
    EXPECT_EQ(delay(), 0ms);
    for (const auto expected : {0ms, 0ms, 0ms, 250ms, 500ms, 1000ms, 2000ms, 4000ms, 4000ms, 4000ms, 4000ms}) {
        fail(1);
        EXPECT_EQ(delay(), expected);
    }
}

TEST_F(ThrottleTest, TenFailuresCloseTheDoorForAMinute) {
    fail(Throttle::most_failures - 1);
    EXPECT_FALSE(is_refused());
    fail(1);
    EXPECT_TRUE(is_refused());
    now_ += 60s - 1ms;
    EXPECT_TRUE(is_refused());
    now_ += 1ms;
    EXPECT_FALSE(is_refused());
    EXPECT_EQ(delay(), 4s);
    fail(1);
    EXPECT_TRUE(is_refused()) << "ten within ten minutes again";
}

TEST_F(ThrottleTest, OldFailuresDoNotCount) {
    fail(9);
    now_ += Throttle::window;
    EXPECT_EQ(delay(), 0ms);
    fail(4);
    EXPECT_FALSE(is_refused());
    EXPECT_EQ(delay(), 250ms);
}

TEST_F(ThrottleTest, EachAddressCountsForItself) {
    fail(10);
    EXPECT_TRUE(is_refused());
    EXPECT_FALSE(is_refused("192.0.2.2"));
    EXPECT_EQ(delay("192.0.2.2"), 0ms);
}

TEST_F(ThrottleTest, RemembersSoManyAddressesAndForgetsTheOneThatFailedLongestAgo) {
    fail(10, "first");
    fail(10, "second");
    for (std::size_t each = 0; each < Throttle::addresses - 2; ++each) fail(1, std::to_string(each));
    fail(1, "first");
    fail(1, "one more");
    EXPECT_EQ(throttle_.size(), Throttle::addresses);
    EXPECT_TRUE(is_refused("first"));
    EXPECT_FALSE(is_refused("second"));
}

}  // namespace
}  // namespace vmcbridge::io
