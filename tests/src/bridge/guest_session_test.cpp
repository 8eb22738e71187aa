#include "src/bridge/guest_session.hpp"

#include "tests/support/scenario.hpp"

#include <gmock/gmock.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::AnnounceCapabilities;
using agent::Capability;

TEST(Negotiation, TheAgentIsAskedOnceWhenItsPortOpensAndToldOurCapabilities) {
    Scenario s{Scenario::NoAgent{}};
    s.guest.comes();
    const auto question = s.guest.next<AnnounceCapabilities>();
    EXPECT_TRUE(question.request);
    EXPECT_TRUE(question.capabilities.has(Capability::clipboard_by_demand));
    EXPECT_TRUE(question.capabilities.has(Capability::file_xfer_detailed_errors));
    EXPECT_FALSE(question.capabilities.has(Capability::max_clipboard)) << "that is an agent's";
    EXPECT_FALSE(s.guest.next<AnnounceCapabilities>().request) << "the answer to its own announcement";
    EXPECT_FALSE(s.guest.heard<AnnounceCapabilities>());
    EXPECT_TRUE(s.hub.status().agent_connected);
    EXPECT_EQ(s.hub.status().agent_guess, "spice-vdagent 0.20 or newer");
}

TEST(Negotiation, AClientThatComesIsNoReasonToAnnounceAgain) {
    Scenario s;
    s.joins();
    s.joins().goes();
    EXPECT_FALSE(s.guest.heard<AnnounceCapabilities>());
}

TEST(Negotiation, AnAgentThatOpensAgainAfterAnErrorSaysNothingSoWeAsk) {
    Scenario s;
    s.guest.goes();
    EXPECT_FALSE(s.hub.status().agent_connected);
    s.guest.opens();
    EXPECT_TRUE(s.guest.next<AnnounceCapabilities>().request);
    EXPECT_TRUE(s.hub.status().agent_connected);
}

TEST(Negotiation, AnAgentThatAnswersNoQuestionIsTakenAtItsFirstWordAfterASecond) {
    Scenario s{Scenario::NoAgent{}};
    s.guest.answers_announce = false;
    s.guest.comes();
    s.advance(999ms);
    EXPECT_FALSE(s.hub.status().agent_connected);
    s.advance(1ms);
    EXPECT_TRUE(s.hub.status().agent_connected);
}

TEST(Negotiation, AnOpenPortWithNobodyBehindItIsNoAgent) {
    Scenario s{Scenario::NoAgent{}};
    s.guest.answers_announce = false;
    s.guest.opens();
    auto& alice = s.joins();
    s.advance(1min);
    EXPECT_FALSE(alice.next("welcome").object("agent").flag("connected"));
    EXPECT_FALSE(alice.heard("agent"));
}

TEST(Negotiation, AClientHearsOfTheAgentAtOnceAndByNames) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    EXPECT_FALSE(alice.next("welcome").object("agent").flag("connected"));
    s.guest.comes();
    const auto agent = alice.next("agent");
    EXPECT_TRUE(agent.flag("connected"));
    EXPECT_THAT(agent.list("capabilities"), testing::HasSubstr("clipboard-by-demand"));
    s.guest.goes();
    EXPECT_FALSE(alice.next("agent").flag("connected"));
}

TEST(Negotiation, AnAgentThatAnnouncesItselfAgainWasRestartedBehindAPortThatDidNotClose) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.forgets();
    s.guest.announces(true);
    EXPECT_TRUE(s.guest.next<AnnounceCapabilities>().request) << "the new one must learn our capabilities";
    EXPECT_FALSE(alice.next("agent").flag("connected"));
    EXPECT_TRUE(alice.next("agent").flag("connected"));
    EXPECT_TRUE(alice.heard("clipboard-release")) << "the grab was the old agent's";
}

TEST(Negotiation, AnAgentThatRepeatsItsAnswerChangesNothing) {
    Scenario s;
    auto& alice = s.joins();
    alice.forgets();
    s.guest.announces(false);
    EXPECT_TRUE(alice.inbox.empty());
    EXPECT_TRUE(s.guest.inbox.empty());
}

TEST(Negotiation, AnAgentThatLearnsToDoMoreIsShownAnew) {
    Scenario s{{}, old_linux_agent};
    auto& alice = s.joins();
    s.guest.capabilities = linux_agent;
    s.guest.announces(false);
    EXPECT_THAT(alice.next("agent").list("capabilities"), testing::HasSubstr("max-clipboard"));
}

// ---- What the agent is told

TEST(Negotiation, MaxClipboardIsToldWellAboveTheLimitSinceAgentsAnswerWithNothingWhenItIsPassed) {
    Scenario s{Scenario::NoAgent{}};
    s.guest.comes();
    EXPECT_GE(s.guest.next<agent::MaxClipboard>().bytes, 8 * 32 * 1024 * 1024);
}

TEST(Negotiation, MaxClipboardIsTheLargestNumberWhereTheLimitIsGreat) {
    Scenario s{Scenario::NoAgent{}, with_policy([](auto& p) { p.from_guest.max_bytes = 2048 * policy::mebibyte; })};
    s.guest.comes();
    EXPECT_EQ(s.guest.next<agent::MaxClipboard>().bytes, std::numeric_limits<std::int32_t>::max());
}

TEST(Negotiation, MaxClipboardIsToldAgainWhereTheLimitGrows) {
    Scenario s;
    s.settings(with_policy([](auto& p) { p.from_guest.max_bytes = 100 * policy::mebibyte; }));
    EXPECT_GE(s.guest.next<agent::MaxClipboard>().bytes, 800 * 1024 * 1024);
}

TEST(Negotiation, MaxClipboardIsNotToldToAnAgentThatDoesNotKnowIt) {
    Scenario s{Scenario::NoAgent{}};
    s.guest.capabilities = old_linux_agent;
    s.guest.comes();
    EXPECT_FALSE(s.guest.heard<agent::MaxClipboard>());
}

TEST(Negotiation, MaxClipboardIsToldToEachAgentThatComesSinceItIsNeverReset) {
    Scenario s;
    s.guest.comes();
    EXPECT_TRUE(s.guest.heard<agent::MaxClipboard>());
}

// ---- Capabilities under policy

policy::Policy without_clipboard() {
    policy::Policy policy;
    policy.to_guest.formats = policy.from_guest.formats = {};
    return policy;
}

TEST(Negotiation, CapabilitiesThatPolicyForbidsAreClearedInBothDirections) {
    auto policy = without_clipboard();
    policy.resize = policy::ResizeRule::off;
    policy.files_to_guest = false;
    Scenario s{Scenario::NoAgent{}, {.policy = policy, .limits = {}}};
    s.guest.comes();
    EXPECT_FALSE(s.guest.told.has(Capability::clipboard_by_demand));
    EXPECT_FALSE(s.guest.told.has(Capability::clipboard_grab_serial));
    const auto shown = s.joins().next("welcome").object("agent").list("capabilities");
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr("clipboard-by-demand")));
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr("monitors-config")));
    EXPECT_THAT(shown, testing::HasSubstr("file-xfer-disabled"));
}

TEST(Negotiation, AReloadThatSwitchesTheClipboardOnTellsTheAgentWithoutAQuestion) {
    Scenario s{{.policy = without_clipboard(), .limits = {}}};
    auto& alice = s.joins();
    s.settings({});
    EXPECT_TRUE(s.guest.told.has(Capability::clipboard_by_demand));
    EXPECT_FALSE(s.guest.next<AnnounceCapabilities>().request) << "a question would end its clipboards and transfers";
    s.guest.grabs({text});
    EXPECT_EQ(alice.next("clipboard-grab").list("formats"), "text/plain");
}

}  // namespace
}  // namespace vmcbridge::bridge
