// Who has the session of the SPICE server behind the machine, and what viewers are told of it.
#include "tests/support/scenario.hpp"
#include "tests/support/spice_peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using policy::InputsRule;
using policy::Permission;
using policy::PermissionSet;
using spice::ChannelId;
using spice::ChannelType;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr ChannelId display{ChannelType::display, 0};
constexpr ChannelId inputs{ChannelType::inputs, 0};
constexpr ChannelId folders{ChannelType::webdav, 0};
constexpr auto no_channels = "00 00 00 00";

UpstreamSession session_of(std::vector<ChannelId> channels = {display, inputs, folders}) {
    return {.id = 7,
            .display_channels_hint = 1,
            .mouse_modes = 3,
            .mouse_mode = 1,
            .multi_media_time = 1000,
            .ram_hint = 5,
            .channels = std::move(channels)};
}

class Session : public testing::Test {
protected:
    void begins(HubSettings settings = {}) {
        s.settings(std::move(settings));
        s.hub.handle_session(session_of(), s.now);
        s.settle();
    }
    void attaches(SpicePeer& peer) { peer.says("", SPICE_MSGC_MAIN_ATTACH_CHANNELS); }
    std::string list(SpicePeer& peer) { return to_hex(peer.next(SPICE_MSG_MAIN_CHANNELS_LIST)); }
    /// What the next NOTIFY says, its severity before it.
    static std::string notice(SpicePeer& peer) {
        const auto body = peer.next(SPICE_MSG_NOTIFY);
        constexpr std::size_t severity_at = 8;
        constexpr std::size_t text_at = 24;
        const auto severity = std::to_integer<unsigned>(body.at(severity_at));
        return std::to_string(severity) + " " + std::string{as_text(Bytes{body}.subspan(text_at))}.c_str();
    }
    std::size_t noted(std::string_view event) const {
        return static_cast<std::size_t>(std::ranges::count(s.notes, event, &Note::event));
    }

    Scenario s;
};

TEST_F(Session, IsToldInInitAndInTheListOfChannels) {
    begins();
    s.advance(500ms);
    SpicePeer peer{s};
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_INIT)),
              "44 33 22 11 01 00 00 00 03 00 00 00 01 00 00 00 01 00 00 00 80 00 00 00 dc 05 00 00 05 00 00 00");
    attaches(peer);
    EXPECT_EQ(list(peer), "03 00 00 00 02 00 03 00 0b 00");
    EXPECT_TRUE(s.hub.may_open(peer.id, display));
    EXPECT_FALSE(s.hub.may_open(peer.id, {ChannelType::display, 1})) << "the server has no such one";
}

TEST_F(Session, HasTheNamesOfItsServer) {
    auto session = session_of();
    session.name = "guest";
    session.uuid.emplace().front() = std::byte{7};
    s.hub.handle_session(session, s.now);
    s.settle();
    SpicePeer peer{s};
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_NAME)), "06 00 00 00 67 75 65 73 74 00");
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_UUID)).substr(0, 5), "07 00");
}

TEST_F(Session, ThatBeginsLaterIsToldThen) {
    SpicePeer peer{s};
    attaches(peer);
    EXPECT_EQ(list(peer), no_channels);
    peer.inbox.clear();
    begins();
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_MOUSE_MODE)), "03 00 01 00");
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_MULTI_MEDIA_TIME)), "e8 03 00 00");
    EXPECT_EQ(list(peer), "03 00 00 00 02 00 03 00 0b 00");
}

TEST_F(Session, OfAServerThatCameBackIsGivenToWhoHadIt) {
    begins();
    SpicePeer peer{s};
    attaches(peer);
    s.hub.handle_session(std::nullopt, s.now);
    s.settle();
    EXPECT_FALSE(s.hub.may_open(peer.id, display));
    peer.inbox.clear();
    s.hub.handle_session(session_of({display}), s.now);
    s.settle();
    EXPECT_EQ(list(peer), "01 00 00 00 02 00");
}

TEST_F(Session, ChangeOfTheMouseAloneIsNoNewList) {
    begins();
    SpicePeer peer{s};
    attaches(peer);
    peer.inbox.clear();
    auto session = session_of();
    session.mouse_mode = 2;
    s.hub.handle_session(session, s.now);
    s.settle();
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_MOUSE_MODE)), "03 00 02 00");
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_MULTI_MEDIA_TIME));
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
}

TEST_F(Session, IsTakenOverAndComesBack) {
    begins();
    SpicePeer first{s};
    SpicePeer second{s};
    attaches(first);
    first.inbox.clear();
    attaches(second);
    EXPECT_FALSE(s.hub.may_open(first.id, display));
    EXPECT_TRUE(s.hub.may_open(second.id, display));
    EXPECT_TRUE(first.heard(SPICE_MSG_NOTIFY));
    EXPECT_THAT(s.reviews, ElementsAre(first.id));
    second.goes();
    EXPECT_EQ(list(first), "03 00 00 00 02 00 03 00 0b 00");
    EXPECT_TRUE(s.hub.may_open(first.id, display));
    EXPECT_THAT(s.reviews, ElementsAre(first.id, second.id)) << "its channels end with it";
}

TEST_F(Session, IsRefusedWhereThatIsTheRule) {
    begins(with_policy([](auto& p) { p.spice_session = policy::SpiceSession::refuse; }));
    SpicePeer first{s};
    SpicePeer second{s};
    attaches(first);
    attaches(second);
    EXPECT_EQ(list(second), no_channels);
    EXPECT_TRUE(second.heard(SPICE_MSG_NOTIFY));
    EXPECT_TRUE(s.hub.may_open(first.id, display));
    EXPECT_FALSE(s.hub.may_open(second.id, display));
    EXPECT_EQ(noted("session-refused"), 1U);
    first.goes();
    EXPECT_EQ(list(second), "03 00 00 00 02 00 03 00 0b 00") << "its turn has come";
}

TEST_F(Session, AsksForTheMouseModeOfItsViewerAlone) {
    begins();
    SpicePeer viewer{s};
    SpicePeer other{s};
    attaches(viewer);
    other.says("02 00", SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST);
    EXPECT_THAT(s.mouse_modes, IsEmpty());
    viewer.says("02 00", SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST);
    EXPECT_THAT(s.mouse_modes, ElementsAre(2));
}

TEST_F(Session, HasTheChannelsThatPolicyAndRightsLeave) {
    begins(with_policy([](auto& p) { p.files_to_guest = false; }));
    SpicePeer peer{s};
    attaches(peer);
    EXPECT_EQ(list(peer), "02 00 00 00 02 00 03 00") << "folders are files";
    EXPECT_FALSE(s.hub.may_open(peer.id, folders));
    SpicePeer blind{s, spice_gtk, PermissionSet{Permission::spice}};
    attaches(blind);
    EXPECT_EQ(list(blind), no_channels);
    EXPECT_TRUE(s.hub.may_open(peer.id, display)) << "who may not see it takes nothing over";
}

TEST_F(Session, ChannelsThatPolicyTakesAwayAreReviewed) {
    begins();
    SpicePeer peer{s};
    attaches(peer);
    s.settings(with_policy([](auto& p) { p.spice_channels.remove(ChannelType::inputs); }));
    EXPECT_THAT(s.reviews, ElementsAre(peer.id));
    EXPECT_FALSE(s.hub.may_open(peer.id, inputs));
    EXPECT_TRUE(s.hub.may_open(peer.id, display));
    s.settings(with_policy([](auto& p) { p.spice_channels = {}; }));
    EXPECT_FALSE(s.hub.may_open(peer.id, display));
    EXPECT_TRUE(peer.heard(SPICE_MSG_NOTIFY));
}

TEST_F(Session, KeysFollowTheRule) {
    begins(with_policy([](auto& p) { p.inputs = InputsRule::lead; }));
    auto& lead = s.joins();
    SpicePeer peer{s};
    attaches(peer);
    EXPECT_FALSE(s.hub.may_input(peer.id));
    lead.goes();
    EXPECT_TRUE(s.hub.may_input(peer.id)) << "it has the lead now";
    s.settings(with_policy([](auto& p) { p.inputs = InputsRule::off; }));
    EXPECT_FALSE(s.hub.may_input(peer.id));
    s.settings({});
    EXPECT_TRUE(s.hub.may_input(peer.id));
}

TEST_F(Session, ViewerWhoseKeysAreHeldIsToldWhy) {
    begins(with_policy([](auto& p) { p.inputs = InputsRule::off; }));
    SpicePeer peer{s};
    attaches(peer);
    s.hub.handle_held_input(peer.id, s.now);
    s.settle();
    EXPECT_EQ(notice(peer), "0 keys and clicks are not allowed on this machine");
    EXPECT_EQ(noted("inputs-held"), 1U);
    s.settings(with_policy([](auto& p) { p.inputs = InputsRule::lead; }));
    s.hub.handle_held_input(peer.id, s.now);
    s.settle();
    EXPECT_THAT(notice(peer), testing::HasSubstr("somebody else has the lead"));
    SpicePeer other{s};
    s.hub.handle_held_input(other.id, s.now);
    s.settle();
    EXPECT_FALSE(other.heard(SPICE_MSG_NOTIFY)) << "it has no session";
}

TEST_F(Session, ViewerIsToldOnceWhatTheRulesKeepFromIt) {
    begins(with_policy([](auto& p) { p.files_to_guest = false; }));
    SpicePeer peer{s};
    attaches(peer);
    EXPECT_EQ(notice(peer), "0 not allowed on this machine: webdav");
    attaches(peer);
    EXPECT_FALSE(peer.heard(SPICE_MSG_NOTIFY));
    EXPECT_EQ(noted("channels-left-out"), 1U);
    s.settings(with_policy([](auto& p) { p.spice_channels.remove(ChannelType::inputs); }));
    EXPECT_EQ(notice(peer), "0 not allowed on this machine: inputs");
    s.settings({});
    EXPECT_FALSE(peer.heard(SPICE_MSG_NOTIFY));
}

TEST_F(Session, ViewerWithoutAPictureIsWarned) {
    begins(with_policy([](auto& p) { p.spice_channels = {}; }));
    SpicePeer peer{s};
    attaches(peer);
    EXPECT_EQ(list(peer), no_channels);
    EXPECT_EQ(notice(peer), "1 not allowed on this machine: display, inputs, webdav");
}

TEST_F(Session, ChannelsOfOneThatIsOverAreReviewed) {
    begins();
    SpicePeer peer{s};
    attaches(peer);
    s.hub.handle_session(std::nullopt, s.now);
    s.settle();
    EXPECT_THAT(s.reviews, ElementsAre(peer.id)) << "nothing of another server goes on, whatever that server does";
}

TEST_F(Session, ViewerThatMayNotHaveItNowGetsItWhenItMay) {
    const auto dark = with_policy([](auto& p) { p.spice_channels = {}; });
    begins();
    SpicePeer first{s};
    SpicePeer second{s};
    attaches(first);
    attaches(second);
    s.settings(dark);
    second.inbox.clear();
    s.settings({});
    EXPECT_TRUE(s.hub.may_open(second.id, display)) << "it had it last";
    EXPECT_EQ(list(second), "03 00 00 00 02 00 03 00 0b 00");
    s.settings(dark);
    second.goes();
    SpicePeer late{s};
    attaches(late);
    s.settings({});
    EXPECT_TRUE(s.hub.may_open(late.id, display));
}

TEST_F(Session, ThatIsTakenToAndFroDoesNotFillTheLog) {
    begins();
    SpicePeer first{s};
    SpicePeer second{s};
    const auto before = s.notes.size();
    for (auto round = 0; round < 200; ++round) {
        attaches(first);
        attaches(second);
    }
    EXPECT_LT(s.notes.size() - before, 100U);
}

// ---- The viewer of a page, which has an agent client besides

TEST_F(Session, CompanionIsNoClientAndHasItsClientsLead) {
    begins(with_policy([](auto& p) {
        p.inputs = InputsRule::lead;
        p.several_clients = policy::SeveralClients::refuse;
    }));
    auto& page = s.joins();
    SpicePeer viewer{s, spice_html5, PermissionSet::all_but_admin(), page.resume_token};
    EXPECT_EQ(to_hex(viewer.next(SPICE_MSG_MAIN_INIT)).substr(48, 11), "00 00 00 00") << "no agent";
    attaches(viewer);
    EXPECT_TRUE(s.hub.may_input(viewer.id));
    EXPECT_EQ(s.hub.status().clients.size(), 1U);
    s.guest.grabs({text});
    viewer.says("ff ff ff ff", SPICE_MSGC_MAIN_AGENT_START);
    EXPECT_EQ(viewer.pieces, 0U);
    viewer.says("00", SPICE_MSGC_MAIN_AGENT_DATA);
    EXPECT_FALSE(viewer.closed());
}

TEST_F(Session, CompanionGoesWithItsClient) {
    begins();
    auto& page = s.joins();
    SpicePeer viewer{s, spice_html5, PermissionSet::all_but_admin(), page.resume_token};
    attaches(viewer);
    page.goes();
    EXPECT_TRUE(viewer.closed());
    EXPECT_FALSE(s.hub.may_open(viewer.id, display));
    EXPECT_TRUE(s.guest.heard<agent::ClientDisconnected>()) << "nobody is left";
}

TEST_F(Session, PageHasFewCompanionsAndTheOldestGoesFirst) {
    begins();
    auto& page = s.joins();
    auto& other = s.joins();
    const auto opens = [&](FakeClient& of) {
        return std::make_unique<SpicePeer>(s, spice_html5, PermissionSet::all_but_admin(), of.resume_token);
    };
    auto theirs = opens(other);
    std::vector<std::unique_ptr<SpicePeer>> ours;
    for (auto i = 0; i < 5; ++i) ours.push_back(opens(page));
    EXPECT_TRUE(ours[0]->closed());
    EXPECT_FALSE(ours[1]->closed());
    EXPECT_FALSE(theirs->closed());
}

TEST_F(Session, CompanionOfNobodyIsRefused) {
    begins();
    s.joins();
    EXPECT_THROW((SpicePeer{s, spice_html5, PermissionSet::all_but_admin(), "a guess"}), BrokenRule);
}

}  // namespace
}  // namespace vmcbridge::bridge
