// The guest's pointer, moved by several clients.
#include "src/bridge/mouse_broker.hpp"

#include "tests/support/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spice/vd_agent.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::MouseState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t left = VD_AGENT_LBUTTON_MASK;
constexpr std::uint32_t right = VD_AGENT_RBUTTON_MASK;
constexpr std::uint32_t up = VD_AGENT_UBUTTON_MASK;

void mouse(FakeClient& client, int x, std::string_view buttons = {}, int display = 0) {
    client.says(R"({"type":"mouse","y":5,"x":)" + std::to_string(x) + R"(,"display":)" + std::to_string(display) +
                R"(,"buttons":[)" + std::string{buttons} + "]}");
}

MouseState state(std::uint32_t x, std::uint32_t buttons = 0, std::uint8_t display = 0) {
    return {.x = x, .y = x == 0 ? 0U : 5U, .buttons = buttons, .display_id = display};
}

std::vector<MouseState> heard(Scenario& s) {
    std::vector<MouseState> out;
    while (s.guest.heard<MouseState>()) out.push_back(s.guest.next<MouseState>());
    return out;
}

TEST(TheMouse, IsWhereTheLastClientPutItWithTheButtonsOfAll) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    mouse(alice, 1, R"("left")");
    mouse(bob, 2);
    mouse(bob, 3, R"("left","right")");
    mouse(alice, 4);
    mouse(bob, 5);
    EXPECT_THAT(heard(s),
                ElementsAre(state(1, left), state(2, left), state(3, left | right), state(4, left | right), state(5)));
}

TEST(TheMouse, LetsGoOfWhatAClientHeldThatGoes) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    mouse(alice, 1, R"("left","right")");
    mouse(bob, 2, R"("right")");
    alice.goes();
    EXPECT_THAT(heard(s), ElementsAre(state(1, left | right), state(2, left | right), state(2, right)));
    bob.goes();
    EXPECT_EQ(s.guest.next<MouseState>(), state(2));
    EXPECT_EQ(s.guest.last.port, ChunkPort::server);
    EXPECT_TRUE(s.guest.heard<agent::ClientDisconnected>());
}

TEST(TheMouse, LetsGoBeforeTheGuestHearsThatNobodyIsLeft) {
    Scenario s;
    auto& alice = s.joins();
    mouse(alice, 1, R"("left")");
    s.guest.inbox.clear();
    alice.goes();
    ASSERT_EQ(s.guest.inbox.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<MouseState>(s.guest.inbox.front().message));
    EXPECT_TRUE(std::holds_alternative<agent::ClientDisconnected>(s.guest.inbox.back().message));
}

TEST(TheMouse, HearsNothingOfAClientThatGoesWithNoButtonDown) {
    Scenario s;
    auto& alice = s.joins();
    mouse(alice, 1, R"("left")");
    mouse(alice, 2);
    s.guest.inbox.clear();
    alice.goes();
    EXPECT_THAT(heard(s), IsEmpty());
}

TEST(TheMouse, LetsGoOfWhatALostClientHeldWithoutWaitingForItsReturn) {
    Scenario s;
    auto& alice = s.joins();
    mouse(alice, 1, R"("left")");
    alice.is_lost();
    EXPECT_THAT(heard(s), ElementsAre(state(1, left), state(1)));
    auto& again = s.resumes(alice);
    mouse(again, 2, R"("left")");
    EXPECT_THAT(heard(s), ElementsAre(state(2, left)));
    auto& taken_over = s.resumes(again);  // while the former connection still stands
    EXPECT_THAT(heard(s), ElementsAre(state(2)));
    mouse(taken_over, 3);
    EXPECT_THAT(heard(s), ElementsAre(state(3)));
}

TEST(TheMouse, LetsGoWhereAnAgentComesThatMayKnowOfAPress) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    mouse(alice, 1, R"("left")");
    s.guest.inbox.clear();
    s.guest.goes();
    s.guest.comes();
    EXPECT_THAT(heard(s), ElementsAre(state(1)));
    mouse(bob, 2);  // alice was told that the agent went, and holds nothing of the new one's
    EXPECT_THAT(heard(s), ElementsAre(state(2)));
    s.guest.goes();
    s.guest.comes();
    EXPECT_THAT(heard(s), IsEmpty());
}

TEST(TheMouse, LetsGoWhereTheReleaseItselfWasLost) {
    Scenario s;
    auto& alice = s.joins();
    mouse(alice, 1, R"("left")");
    s.guest.inbox.clear();
    s.guest.reads = false;
    mouse(alice, 2);
    s.guest.goes();
    s.guest.reads = true;
    s.guest.comes();
    EXPECT_THAT(heard(s), ElementsAre(state(2)));
}

TEST(TheMouse, ThatMovesWhileNobodyReadsIsWhereItIsNow) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.reads = false;
    for (int x = 1; x < 10'000; ++x) mouse(alice, x);
    EXPECT_TRUE(s.hub.client_is_readable(alice.id));
    s.guest.reads = true;
    s.settle();
    EXPECT_THAT(heard(s), ElementsAre(state(1), state(9999))) << "the first changed the buttons that may have been";
}

TEST(TheMouse, PressesAndReleasesEachWhereItWas) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    mouse(alice, 1);
    s.guest.inbox.clear();
    s.guest.reads = false;
    mouse(alice, 2);
    mouse(alice, 10, R"("left")");
    for (int x = 11; x < 20; ++x) {
        mouse(alice, x, R"("left")");
        mouse(bob, 100 + x);
    }
    mouse(alice, 20);
    mouse(alice, 21);
    mouse(alice, 22);
    mouse(alice, 23, {}, 1);
    s.guest.reads = true;
    s.settle();
    EXPECT_THAT(heard(s),
                ElementsAre(state(2), state(10, left), state(119, left), state(20), state(22), state(23, 0, 1)));
}

TEST(TheMouse, ScrollsByEveryStep) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.reads = false;
    for (int step = 0; step < 3; ++step) {
        mouse(alice, 1, R"("up")");
        mouse(alice, 1);
    }
    s.guest.reads = true;
    s.settle();
    EXPECT_THAT(heard(s), ElementsAre(state(1, up), state(1), state(1, up), state(1), state(1, up), state(1)));
}

TEST(TheMouse, OfAClientThatClicksMoreThanTheGuestTakesIsNotRead) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.reads = false;
    std::size_t clicks = 0;
    for (; clicks < 100'000 && s.hub.client_is_readable(alice.id); ++clicks)
        mouse(alice, 1, clicks % 2 ? "" : R"("left")");
    EXPECT_LT(clicks, 100'000U);
    s.guest.reads = true;
    s.settle();
    EXPECT_EQ(heard(s).size(), clicks);
    EXPECT_TRUE(s.hub.client_is_readable(alice.id));
}

}  // namespace
}  // namespace vmcbridge::bridge
