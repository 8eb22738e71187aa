#include "src/bridge/display_broker.hpp"

#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::MonitorsConfig;
using policy::Permission;
using policy::ResizeRule;

HubSettings resize(ResizeRule rule) {
    return with_policy([&](auto& p) { p.resize = rule; });
}
std::string status(FakeClient& client, std::uint64_t id) {
    const auto result = client.next("monitors-result", id);
    return result.string("status") + (result.has("code") ? " " + result.string("code") : "");
}
std::uint32_t width(Scenario& s) { return s.guest.next<MonitorsConfig>().monitors.at(0).width; }

// ---- A layout

TEST(Layout, IsSentAndItsReplyReported) {
    Scenario s;
    auto& alice = s.joins();
    alice.says(R"({"type":"monitors","id":1,"monitors":[{"width":1920,"height":1080,"widthMm":520,"heightMm":290},
                   {"width":800,"height":600,"x":1920,"y":-5,"depth":24}]})");
    s.advance(100ms);
    const auto config = s.guest.next<MonitorsConfig>();
    EXPECT_TRUE(config.positions);
    EXPECT_EQ(config.monitors.at(0).height, 1080U);
    EXPECT_EQ(config.monitors.at(1), (agent::Monitor{800, 600, 24, 1920, -5, 0, 0}));
    EXPECT_FALSE(alice.heard("monitors-result"));
    s.guest.replies();
    EXPECT_EQ(status(alice, 1), "applied");
}

TEST(Layout, PhysicalSizesAreStrippedSinceAgentsDropAMessageThatHasThem) {
    Scenario s;
    s.joins().says(R"({"type":"monitors","monitors":[{"width":800,"height":600,"widthMm":520,"heightMm":290}]})");
    s.advance(100ms);
    s.guest.next<MonitorsConfig>();
    EXPECT_EQ(s.guest.last.body->size(), 8U + 20U);
}

TEST(Layout, OfMoreMonitorsThanOneChunkHoldsGoesWhole) {
    Scenario s;
    std::string monitors;
    for (int i = 0; i < 256; ++i) monitors += (i == 0 ? "" : ",") + std::string{R"({"width":640,"height":480})"};
    s.joins().says(R"({"type":"monitors","monitors":[)" + monitors + "]}");
    s.advance(100ms);
    EXPECT_EQ(s.guest.next<MonitorsConfig>().monitors.size(), 256U);
}

TEST(Layout, OfABurstTheLastOneWinsAndTheOthersAreSuperseded) {
    Scenario s;
    auto& alice = s.joins();
    for (std::uint32_t i = 1; i <= 50; ++i) alice.resizes(i, 800 + i, 600);
    s.advance(1s);
    EXPECT_EQ(width(s), 850U);
    EXPECT_FALSE(s.guest.heard<MonitorsConfig>());
    for (std::uint64_t i = 1; i < 50; ++i) EXPECT_EQ(status(alice, i), "superseded");
    s.guest.replies();
    EXPECT_EQ(status(alice, 50), "applied");
}

TEST(Layout, OfAWindowBeingDraggedGoesEvery100Milliseconds) {
    Scenario s;
    auto& alice = s.joins();
    for (std::uint32_t i = 0; i < 10; ++i) {
        alice.resizes(i, 800 + i, 600);
        s.advance(50ms);
    }
    EXPECT_EQ(s.guest.count<MonitorsConfig>(), 5U);
}

TEST(Layout, ThatTheAgentRefusesOrDoesNotAnswerIsReportedSo) {
    Scenario s;
    auto& alice = s.joins();
    alice.resizes(1, 800, 600);
    s.advance(100ms);
    s.guest.replies(false);
    EXPECT_EQ(status(alice, 1), "refused guest-error");
    alice.resizes(2, 800, 600);
    s.advance(100ms + 5s);
    EXPECT_EQ(status(alice, 2), "unanswered timeout");
}

TEST(Layout, IsUnansweredAtOnceWhereTheAgentNeverReplies) {
    Scenario s{{}, agent::CapabilitySet{0x2}};
    auto& alice = s.joins();
    alice.resizes(1, 800, 600);
    s.advance(100ms);
    EXPECT_TRUE(s.guest.heard<MonitorsConfig>());
    EXPECT_EQ(status(alice, 1), "unanswered not-supported");
}

TEST(Layout, AReplyOnTheServerPortOrOnPortZeroCounts) {
    for (const auto port : {ChunkPort::server, ChunkPort::none}) {
        Scenario s;
        auto& alice = s.joins();
        alice.resizes(1, 800, 600);
        s.advance(100ms);
        s.guest.says(agent::Reply{AgentType::monitors_config, true}, port);
        EXPECT_EQ(status(alice, 1), "applied");
    }
}

TEST(Layout, ThatMayNotBeIsRefusedByItsReason) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    auto& looker = s.joins({Permission::mouse});
    looker.resizes(1, 800, 600);
    EXPECT_EQ(status(looker, 1), "refused forbidden");
    bob.resizes(2, 800, 600);
    EXPECT_EQ(status(bob, 2), "refused not-lead");
    s.settings(resize(ResizeRule::off));
    alice.resizes(3, 800, 600);
    EXPECT_EQ(status(alice, 3), "refused disabled");
    s.advance(1s);
    EXPECT_FALSE(s.guest.heard<MonitorsConfig>());
}

TEST(Layout, WithoutAnAgentIsKeptAndAppliedWhenOneComes) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    alice.resizes(1, 1234, 600);
    EXPECT_EQ(status(alice, 1), "refused no-agent");
    s.guest.comes();
    s.advance(100ms);
    EXPECT_EQ(width(s), 1234U);
    s.guest.replies();
    EXPECT_FALSE(alice.heard("monitors-result")) << "it had its result";
}

TEST(Layout, OfAnAgentThatCannotResizeIsNotSupported) {
    Scenario s{{}, agent::CapabilitySet{0x60}};
    auto& alice = s.joins();
    alice.resizes(1, 800, 600);
    EXPECT_EQ(status(alice, 1), "refused not-supported");
}

TEST(Layout, AnAgentThatGoesLeavesEachWithAResult) {
    Scenario s;
    auto& alice = s.joins();
    alice.resizes(1, 800, 600);
    s.advance(100ms);
    alice.resizes(2, 900, 600);
    s.guest.goes();
    EXPECT_EQ(status(alice, 1), "unanswered agent-gone");
    EXPECT_EQ(status(alice, 2), "refused agent-gone");
}

TEST(Layout, ThatWaitsEndsWhenItsClientMayNoLongerResize) {
    Scenario s;
    auto& alice = s.joins();
    alice.resizes(1, 800, 600);
    s.settings(resize(ResizeRule::off));
    EXPECT_EQ(status(alice, 1), "refused disabled");
    s.advance(1s);
    EXPECT_FALSE(s.guest.heard<MonitorsConfig>());
}

TEST(Layout, ThatWaitsEndsWithItsClient) {
    Scenario s;
    auto& alice = s.joins();
    s.joins();
    alice.resizes(1, 800, 600);
    alice.goes();
    s.advance(1s);
    EXPECT_FALSE(s.guest.heard<MonitorsConfig>());
}

// ---- The lead

TEST(Lead, IsTheFirstWhoMayResize) {
    Scenario s;
    auto& looker = s.joins({Permission::mouse, Permission::observe});
    auto& alice = s.joins();
    auto& bob = s.joins();
    EXPECT_FALSE(looker.next("welcome").flag("lead"));
    EXPECT_TRUE(alice.next("welcome").flag("lead"));
    EXPECT_FALSE(bob.next("welcome").flag("lead"));
    const auto told = looker.next("lead");
    EXPECT_EQ(told.number("client"), alice.id.raw());
    EXPECT_FALSE(told.flag("you"));
}

TEST(Lead, IsGivenToWhoeverMayResizeAndAsks) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    auto& looker = s.joins({Permission::mouse});
    looker.says(R"({"type":"lead"})");
    EXPECT_EQ(looker.next("error").string("code"), "forbidden");
    bob.says(R"({"type":"lead"})");
    EXPECT_TRUE(bob.next("lead").flag("you"));
    EXPECT_FALSE(alice.next("lead").flag("you"));
    bob.says(R"({"type":"lead"})");
    EXPECT_TRUE(bob.next("lead").flag("you")) << "asked again, answered again";
    EXPECT_FALSE(alice.heard("lead"));
}

TEST(Lead, BringsTheLayoutThatItsClientAskedForWithoutIt) {
    Scenario s;
    s.joins();
    auto& bob = s.joins();
    bob.resizes(1, 1111, 600);
    s.advance(1s);
    EXPECT_FALSE(s.guest.heard<MonitorsConfig>());
    bob.says(R"({"type":"lead"})");
    s.advance(100ms);
    EXPECT_EQ(width(s), 1111U);
}

TEST(Lead, PassesToTheOneWhoWasActiveLastAndItsLayoutIsApplied) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    auto& carol = s.joins();
    s.advance(1s);
    carol.resizes(1, 1300, 600);
    s.advance(1s);
    bob.resizes(1, 1200, 600);
    alice.goes();
    s.advance(100ms);
    EXPECT_TRUE(bob.next("lead").flag("you"));
    EXPECT_FALSE(carol.next("lead").flag("you"));
    EXPECT_EQ(width(s), 1200U);
}

TEST(Lead, IsNobodysWhenNobodyMayResize) {
    Scenario s;
    auto& alice = s.joins();
    s.settings(resize(ResizeRule::off));
    EXPECT_FALSE(alice.next("lead").has("client"));
    alice.says(R"({"type":"lead"})");
    EXPECT_EQ(alice.next("error").string("code"), "disabled");
    s.settings({});
    EXPECT_TRUE(alice.next("lead").flag("you"));
}

TEST(Lead, IsNotNeededWhereAnyMayResize) {
    Scenario s{resize(ResizeRule::any)};
    s.joins();
    auto& bob = s.joins();
    bob.resizes(1, 1200, 600);
    s.advance(100ms);
    EXPECT_EQ(width(s), 1200U);
}

// ---- Mouse, volume, looks

TEST(OtherInput, ReachesTheGuestAsItsMessages) {
    Scenario s{{}, agent::CapabilitySet{0x38DF7U}};
    auto& alice = s.joins();
    alice.says(R"({"type":"mouse","display":1,"x":7,"y":8,"buttons":["left","side"]})");
    EXPECT_EQ(s.guest.next<agent::MouseState>(), (agent::MouseState{7, 8, 2 | 64, 1}));
    EXPECT_EQ(s.guest.last.port, ChunkPort::server);
    alice.says(
        R"({"type":"volume","playback":{"mute":true,"channels":[1,65535]},"record":{"mute":false,"channels":[]}})");
    EXPECT_EQ(s.guest.next<agent::AudioVolumeSync>(), (agent::AudioVolumeSync{true, true, {1, 65535}}));
    EXPECT_EQ(s.guest.next<agent::AudioVolumeSync>(), (agent::AudioVolumeSync{false, false, {}}));
    alice.says(R"({"type":"display-config","wallpaper":false,"depth":16})");
    EXPECT_EQ(s.guest.next<agent::DisplayConfig>(), (agent::DisplayConfig{true, false, false, true, 16}));
    EXPECT_FALSE(alice.heard("error"));
}

TEST(OtherInput, ThatMayNotBeOrThatTheAgentCannotIsRefused) {
    Scenario s{{}, agent::CapabilitySet{0x60}};
    auto& looker = s.joins({Permission::observe});
    auto& alice = s.joins();
    for (const auto* frame :
         {R"({"type":"mouse","x":1,"y":1,"buttons":[]})", R"({"type":"volume"})", R"({"type":"display-config"})"}) {
        looker.says(frame);
        EXPECT_EQ(looker.next("error").string("code"), "forbidden");
        alice.says(frame);
        EXPECT_EQ(alice.next("error").string("code"), "not-supported");
    }
    s.guest.goes();
    alice.says(R"({"type":"mouse","x":1,"y":1,"buttons":[]})");
    EXPECT_EQ(alice.next("error").string("code"), "no-agent");
}

}  // namespace
}  // namespace vmcbridge::bridge
