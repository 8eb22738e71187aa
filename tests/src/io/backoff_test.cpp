#include "src/io/backoff.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::io {
namespace {

using namespace std::chrono_literals;

/// Without what chance adds.
void expect_wait(Clock::duration wait, Clock::duration expected) {
    EXPECT_GE(wait, expected);
    EXPECT_LE(wait, expected + expected / 4);
}

TEST(LinkPace, ServerThatIsAwayIsTriedForEachSecondAtLeast) {
    LinkPace pace;
    for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms})
        expect_wait(pace.after_failure(), expected);
    expect_wait(pace.after_link(1h, true), 100ms);
    expect_wait(pace.after_failure(), 100ms);
}

TEST(LinkPace, LinkThatIsTakenAgainAndAgainIsMadeLessAndLessOften) {
    LinkPace pace;
    expect_wait(pace.after_link(1h, true), 100ms);
    EXPECT_EQ(pace.thrown_out(), 0U) << "one that stood long";
    for (const auto expected : {200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30000ms, 30000ms})
        expect_wait(pace.after_link(2s, true), expected);
    EXPECT_EQ(pace.thrown_out(), 10U);
}

TEST(LinkPace, RivalsThatDoAlikeDoNotTakeEachOtherForGone) {
    EXPECT_GT(bounds::link_settled, bounds::rivalry_last + bounds::rivalry_last / 4 + bounds::connect_deadline);
}

TEST(LinkPace, ServerThatWasAwayWasNotTaken) {
    LinkPace pace;
    for (auto each = 0; each < 8; ++each) static_cast<void>(pace.after_link(0s, true));
    expect_wait(pace.after_failure(), 100ms);
    EXPECT_EQ(pace.thrown_out(), 0U);
    expect_wait(pace.after_link(0s, true), 100ms);
}

TEST(LinkPace, LinkThatStandsEndsTheRivalry) {
    LinkPace pace;
    for (auto each = 0; each < 8; ++each) static_cast<void>(pace.after_link(0s, true));
    pace.settled();
    EXPECT_EQ(pace.thrown_out(), 0U);
    expect_wait(pace.after_link(90s, true), 100ms);
}

TEST(LinkPace, ServerThatMakesNoSenseIsTriedAsOneThatIsAway) {
    LinkPace pace;
    for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms})
        expect_wait(pace.after_link(10ms, false), expected);
    expect_wait(pace.after_link(2s, false), 100ms);
    EXPECT_EQ(pace.thrown_out(), 0U);
}

}  // namespace
}  // namespace vmcbridge::io
