#include "src/bridge/clipboard_broker.hpp"

#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::ClipboardGrab;
using agent::ClipboardRelease;
using policy::Permission;

constexpr auto primary = Selection::primary;

HubSettings sharing() {
    return with_policy([](auto& p) { p.share_between_clients = true; });
}
HubSettings with_primary() {
    return with_policy([](auto& p) { p.primary_selection = true; });
}

// ---- Who owns it

TEST(ClipboardOwner, AGrabOfTheGuestIsOfferedToAllPermittedClients) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    auto& mute = s.joins({Permission::clipboard_to_guest});
    s.guest.grabs({png, text});
    EXPECT_EQ(alice.next("clipboard-grab").list("formats"), "image/png text/plain") << "in the owner's order";
    EXPECT_TRUE(bob.heard("clipboard-grab"));
    EXPECT_FALSE(mute.heard("clipboard-grab"));
}

TEST(ClipboardOwner, AGrabOfTheGuestFromBeforeAClientCameIsOfferedToIt) {
    Scenario s;
    s.guest.grabs({text});
    auto& alice = s.joins();
    EXPECT_EQ(alice.inbox.front().type(), "welcome") << "the first frame";
    EXPECT_TRUE(alice.heard("clipboard-grab"));
}

TEST(ClipboardOwner, EachOfferHasASerialOfItsOwn) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    s.guest.grabs({text});
    const auto first = alice.next("clipboard-grab").number("serial");
    EXPECT_GT(alice.next("clipboard-grab").number("serial"), first);
}

TEST(ClipboardOwner, AGrabOfAClientIsToldToTheGuestAndRevokesTheFormerOwner) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text, png});
    EXPECT_EQ(s.guest.next<ClipboardGrab>().formats, (FormatList{text, png}));
    EXPECT_FALSE(bob.heard("clipboard-grab")) << "sharing is off";
    bob.grabs({text});
    EXPECT_TRUE(s.guest.heard<ClipboardGrab>());
    EXPECT_FALSE(s.guest.heard<ClipboardRelease>()) << "a grab replaces everything";
    EXPECT_TRUE(alice.heard("clipboard-release"));
}

TEST(ClipboardOwner, AGrabOfTheGuestRevokesAClientsEvenWhereItMayNotRead) {
    Scenario s;
    auto& alice = s.joins({Permission::clipboard_to_guest});
    alice.grabs({text});
    s.guest.grabs({text});
    EXPECT_TRUE(alice.heard("clipboard-release"));
    EXPECT_FALSE(s.guest.heard<ClipboardRelease>()) << "the guest has taken it already";
}

TEST(ClipboardOwner, AReleaseOfTheOwnerIsToldToTheGuestAndThatOfAnotherIsNot) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text});
    bob.releases();
    EXPECT_FALSE(s.guest.heard<ClipboardRelease>());
    alice.releases();
    EXPECT_TRUE(s.guest.heard<ClipboardRelease>());
    EXPECT_FALSE(alice.heard("clipboard-release")) << "it knows";
}

TEST(ClipboardOwner, AnOwnerThatGoesReleases) {
    Scenario s;
    auto& alice = s.joins();
    s.joins();
    alice.grabs({text});
    alice.goes();
    EXPECT_TRUE(s.guest.heard<ClipboardRelease>());
}

TEST(ClipboardOwner, AGrabWithoutFormatsIsARelease) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    alice.grabs({});
    EXPECT_TRUE(s.guest.heard<ClipboardRelease>());
}

TEST(ClipboardOwner, AGrabOfTheGuestInUnknownFormatsOffersNothing) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    s.guest.grabs({});
    EXPECT_TRUE(alice.heard("clipboard-release"));
}

// ---- Sharing

TEST(ClipboardSharing, WhatOneClientCopiedIsOfferedToTheOthersWhereSharingIsOn) {
    Scenario s{sharing()};
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text});
    EXPECT_TRUE(bob.heard("clipboard-grab"));
    EXPECT_FALSE(alice.heard("clipboard-grab"));
    auto& late = s.joins();
    EXPECT_TRUE(late.heard("clipboard-grab"));
    alice.goes();
    EXPECT_TRUE(bob.heard("clipboard-release"));
}

TEST(ClipboardSharing, SwitchedOffItEndsAtOnceAndTheGuestKeepsTheOffer) {
    Scenario s{sharing()};
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text});
    s.settings({});
    EXPECT_TRUE(bob.heard("clipboard-release"));
    EXPECT_FALSE(s.guest.heard<ClipboardRelease>());
}

TEST(ClipboardSharing, FormatsMustBeAllowedBothWays) {
    auto settings = sharing();
    settings.policy.from_guest.formats = {png};
    Scenario s{settings};
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text, png});
    EXPECT_EQ(bob.next("clipboard-grab").list("formats"), "image/png");
}

// ---- Rules

TEST(ClipboardRules, AGrabThatMayNotBeIsRefusedByItsReason) {
    Scenario s;
    auto& reader = s.joins({Permission::clipboard_from_guest});
    reader.grabs({text});
    EXPECT_EQ(reader.next("error").string("code"), "forbidden");
    auto& alice = s.joins();
    alice.grabs({text}, primary);
    EXPECT_EQ(alice.next("error").string("code"), "disabled");
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {text}; }));
    alice.grabs({png});
    EXPECT_EQ(alice.next("error").string("code"), "policy-format");
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {}; }));
    alice.grabs({text});
    EXPECT_EQ(alice.next("error").string("code"), "policy-direction");
    EXPECT_FALSE(s.guest.heard<ClipboardGrab>());
}

TEST(ClipboardRules, FormatsThatPolicyForbidsAreNotOfferedEitherWay) {
    Scenario s{with_policy([](auto& p) {
        p.to_guest.formats = {text};
        p.from_guest.formats = {png};
    })};
    auto& alice = s.joins();
    alice.grabs({text, png});
    EXPECT_EQ(s.guest.next<ClipboardGrab>().formats, (FormatList{text}));
    s.guest.grabs({text, png});
    EXPECT_EQ(alice.next("clipboard-grab").list("formats"), "image/png");
}

TEST(ClipboardRules, AReloadEndsWhatIsNoLongerAllowedAtOnce) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    s.settings(with_policy([](auto& p) { p.from_guest.formats = {png}; }));
    EXPECT_TRUE(alice.heard("clipboard-release"));
    alice.grabs({text, png});
    s.guest.inbox.clear();
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {png}; }));
    EXPECT_EQ(s.guest.next<ClipboardGrab>().formats, (FormatList{png}));
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {}; }));
    EXPECT_TRUE(s.guest.heard<ClipboardRelease>());
}

TEST(ClipboardRules, PrimaryIsOffUnlessSwitchedOn) {
    Scenario off;
    auto& alice = off.joins();
    off.guest.grabs({text}, primary);
    EXPECT_FALSE(alice.heard("clipboard-grab"));

    Scenario on{with_primary()};
    auto& bob = on.joins();
    on.guest.grabs({text}, primary);
    EXPECT_EQ(bob.next("clipboard-grab").string("selection"), "primary");
    bob.grabs({text}, primary);
    EXPECT_EQ(on.guest.next<ClipboardGrab>().selection, primary);
}

TEST(ClipboardRules, SelectionsAreOwnedEachByItself) {
    Scenario s{with_primary()};
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.grabs({text}, primary);
    EXPECT_FALSE(alice.heard("clipboard-release"));
    EXPECT_EQ(alice.next("clipboard-grab").string("selection"), "primary");
}

// ---- What agents are like

TEST(ClipboardQuirks, AReleaseOfOneByteIsTaken) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    s.guest.says(AgentType::clipboard_release, from_hex("00"));
    EXPECT_TRUE(alice.heard("clipboard-release"));
}

TEST(ClipboardQuirks, AnAgentWithoutSelectionsIsToldOfTheClipboardOnly) {
    Scenario s{with_primary(), agent::CapabilitySet{0x20}};
    auto& alice = s.joins();
    alice.grabs({text}, primary);
    EXPECT_FALSE(s.guest.heard<ClipboardGrab>());
    alice.grabs({text});
    EXPECT_TRUE(s.guest.heard<ClipboardGrab>());
    s.guest.grabs({text});
    EXPECT_TRUE(alice.heard("clipboard-grab"));
}

TEST(ClipboardQuirks, AnAgentWithoutAClipboardIsToldOfNone) {
    Scenario s{{}, agent::CapabilitySet{0x1}};
    s.joins().grabs({text});
    EXPECT_TRUE(s.guest.inbox.empty());
}

TEST(ClipboardSerials, BothEndsCountEveryGrabPerSelection) {
    Scenario s{with_primary()};
    auto& alice = s.joins();
    const auto serial = [&] { return s.guest.next<ClipboardGrab>().serial.raw(); };
    alice.grabs({text});
    EXPECT_EQ(serial(), 0U);
    s.guest.grabs({text});
    alice.grabs({text});
    EXPECT_EQ(serial(), 2U);
    alice.grabs({text}, primary);
    EXPECT_EQ(serial(), 0U);
}

TEST(ClipboardSerials, OfTwoGrabsThatCrossedTheClientsWins) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.reads = false;
    alice.grabs({text});
    s.guest.grabs({png});  // has not seen it
    s.guest.reads = true;
    s.settle();
    EXPECT_FALSE(alice.heard("clipboard-release"));
    EXPECT_FALSE(alice.heard("clipboard-grab"));
    EXPECT_EQ(s.guest.next<ClipboardGrab>().serial.raw(), 0U);
    s.guest.requests(text);
    EXPECT_TRUE(alice.heard("clipboard-request"));
    EXPECT_EQ(s.hub.status().counters.clipboard_stale, 1U);
}

TEST(ClipboardSerials, AnAgentThatIsAheadIsFollowed) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.serials[0] = 7;
    s.guest.grabs({text});
    EXPECT_TRUE(alice.heard("clipboard-grab"));
    alice.grabs({text});
    EXPECT_EQ(s.guest.next<ClipboardGrab>().serial.raw(), 8U);
}

TEST(ClipboardSerials, AnAgentThatCountsNoneIsTakenAtEachGrab) {
    Scenario s{{}, old_linux_agent};
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.grabs({text});
    s.guest.grabs({png});
    EXPECT_EQ(alice.count("clipboard-grab"), 2U);
}

// ---- The agent goes and comes

TEST(ClipboardAndAgent, GrabsOfTheGuestEndWithItsAgent) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    s.guest.goes();
    EXPECT_TRUE(alice.heard("clipboard-release"));
    s.guest.comes();
    EXPECT_EQ(alice.count("clipboard-grab"), 1U) << "that from before";
}

TEST(ClipboardAndAgent, AGrabOfAClientThatStillStandsIsAnnouncedToTheAgentThatIsBackFromSerialZero) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    alice.grabs({text});
    s.guest.goes();
    s.guest.inbox.clear();
    s.guest.comes();
    s.advance(1s);
    const auto grab = s.guest.next<ClipboardGrab>();
    EXPECT_EQ(grab.formats, (FormatList{text}));
    EXPECT_EQ(grab.serial.raw(), 0U);
    EXPECT_FALSE(alice.heard("clipboard-release"));
}

TEST(ClipboardAndAgent, ACopyMadeInTheGuestWhileItsAgentComesBackWinsOverAGrabThatStoodBefore) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.inbox.clear();
    s.guest.comes();
    s.guest.grabs({png});
    s.advance(1s);
    EXPECT_EQ(alice.next("clipboard-grab").list("formats"), "image/png");
    EXPECT_FALSE(s.guest.heard<ClipboardGrab>());
}

TEST(ClipboardAndAgent, AFreshGrabIsToldToAnAgentThatJustCameAtOnce) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    s.guest.comes();
    alice.grabs({text});
    EXPECT_EQ(s.guest.count<ClipboardGrab>(), 1U);
    s.advance(1s);
    EXPECT_EQ(s.guest.count<ClipboardGrab>(), 1U);
}

TEST(ClipboardAndAgent, AGrabWithoutAnAgentIsKept) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    alice.grabs({text});
    EXPECT_FALSE(alice.heard("error"));
    s.guest.comes();
    s.advance(1s);
    EXPECT_TRUE(s.guest.heard<ClipboardGrab>());
}

}  // namespace
}  // namespace vmcbridge::bridge
