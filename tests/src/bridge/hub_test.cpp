// A whole VM: who may come, what ends whom, what hostile peers can do, and that cuts of the guest's bytes matter not.
#include "src/bridge/hub.hpp"

#include "tests/support/scenario.hpp"
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::ClientDisconnected;
using policy::Permission;
using policy::SeveralClients;

HubSettings several(SeveralClients rule) {
    return with_policy([&](auto& p) { p.several_clients = rule; });
}

// ---- Clients come and go

TEST(Clients, AreWelcomedWithWhatTheyMayAndTheirLimits) {
    Scenario s{with_policy([](auto& p) {
        p.resize = policy::ResizeRule::off;
        p.to_guest.max_bytes = 1000;
        p.from_guest.max_bytes = 2000;
        p.file_max = 3000;
    })};
    auto& alice = s.joins({Permission::resize, Permission::mouse}, "alice");
    const auto welcome = alice.inbox.front();
    EXPECT_EQ(welcome.type(), "welcome");
    EXPECT_EQ(welcome.number("protocol"), 1U);
    EXPECT_EQ(welcome.string("vm"), "web1");
    EXPECT_EQ(welcome.string("user"), "alice");
    EXPECT_EQ(welcome.number("client"), alice.id.raw());
    EXPECT_EQ(welcome.list("permissions"), "mouse");
    const auto limit = welcome.object("limits");
    EXPECT_EQ(limit.number("clipboardBytes"), 1000U);
    EXPECT_EQ(limit.number("clipboardFromGuestBytes"), 2000U);
    EXPECT_EQ(limit.number("fileBytes"), 3000U);
    EXPECT_EQ(limit.number("frameBytes"), limits::frame_payload);
    EXPECT_EQ(limit.number("initialCredit"), limits::initial_credit);
}

TEST(Clients, WithoutAnyRightGetWelcomeAndAgentAndNothingElse) {
    Scenario s;
    auto& nobody = s.joins({});
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.grabs({text});
    s.guest.goes();
    for (const auto& frame : nobody.inbox)
        EXPECT_TRUE(frame.type() == "welcome" || frame.type() == "agent" || frame.type() == "lead") << frame.json();
}

TEST(Clients, AreListedToObserversOnEveryChange) {
    Scenario s;
    auto& watcher = s.joins({Permission::observe}, "watcher");
    auto& alice = s.joins(policy::PermissionSet::all_but_admin(), "alice");
    auto& blind = s.joins({Permission::mouse});
    watcher.forgets();
    alice.goes();
    const auto left = watcher.next("clients");
    EXPECT_EQ(left.list("clients", "user"), "watcher ");
    EXPECT_FALSE(blind.heard("clients"));
}

TEST(Clients, AreListedAnewWhenAReloadMovesTheLead) {
    Scenario s;
    auto& watcher = s.joins({Permission::observe});
    s.joins({Permission::resize});
    watcher.forgets();
    s.settings(with_policy([](auto& p) { p.resize = policy::ResizeRule::off; }));
    EXPECT_EQ(watcher.next("clients").list("clients", "lead"), "false false");
}

TEST(Clients, TheLastOneThatGoesIsToldToTheGuestOnTheServerPort) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.grabs({text});
    alice.goes();
    EXPECT_FALSE(s.guest.heard<ClientDisconnected>());
    bob.goes();
    s.guest.next<ClientDisconnected>();
    EXPECT_EQ(s.guest.last.port, ChunkPort::server);
}

TEST(Clients, OneWithoutAPlaceIsRefused) {
    Scenario s{several(SeveralClients::refuse)};
    auto& alice = s.joins();
    EXPECT_EQ(s.refused(), browser::Code::busy);
    alice.goes();
    EXPECT_EQ(s.refused(), std::nullopt);
}

TEST(Clients, TooManyAreTooMany) {
    Scenario s;
    for (std::size_t i = 0; i < limits::vm_clients; ++i) EXPECT_EQ(s.refused(), std::nullopt);
    EXPECT_EQ(s.refused(), browser::Code::too_many);
}

TEST(Clients, OneThatTakesOverClosesTheOtherAndTheGuestIsNotToldThatNobodyIsThere) {
    Scenario s{several(SeveralClients::take_over)};
    auto& alice = s.joins();
    s.guest.grabs({text});
    auto& bob = s.joins();
    ASSERT_TRUE(alice.closed);
    EXPECT_EQ(alice.closed->code, browser::CloseCode::replaced);
    EXPECT_TRUE(bob.next("welcome").flag("lead"));
    EXPECT_TRUE(bob.heard("clipboard-grab"));
    EXPECT_FALSE(s.guest.heard<ClientDisconnected>()) << "it would make the agent drop the guest's own copy";
}

TEST(Clients, AreClosedTogetherWhenTheMachineGoes) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    s.hub.close_clients(browser::CloseCode::vm_gone, "detached", s.now);
    s.settle();
    EXPECT_EQ(alice.closed->code, browser::CloseCode::vm_gone);
    EXPECT_EQ(bob.closed->reason, "detached");
    EXPECT_TRUE(s.guest.heard<ClientDisconnected>());
}

TEST(Clients, ThatTheHubForgotMayStillBeNamed) {
    Scenario s;
    auto& alice = s.joins();
    alice.goes();
    s.hub.handle_client_gone(alice.id, s.now);
    alice.says("{}");
    alice.sends(1, "x");
    EXPECT_FALSE(s.hub.client_is_readable(alice.id));
    EXPECT_FALSE(s.hub.poll_client(alice.id));
}

TEST(Clients, HearOfNewRightsAndLimits) {
    Scenario s;
    auto& alice = s.joins();
    s.settings({});
    EXPECT_FALSE(alice.heard("permissions")) << "nothing changed";
    s.settings(with_policy([](auto& p) { p.files_to_guest = false; }));
    EXPECT_EQ(alice.next("permissions").list("permissions").find("files-to-guest"), std::string::npos);
    EXPECT_NE(alice.next("agent").list("capabilities").find("file-xfer-disabled"), std::string::npos);
}

// ---- A reload amid contents

TEST(Reload, EndsContentsOnTheirWayThatAreNoLongerAllowed) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({png});
    alice.grants = false;
    alice.requests(1, png);
    s.guest.answers(long_text(200'000), png);
    s.settings(with_policy([](auto& p) { p.from_guest.formats = {}; }));
    EXPECT_EQ(alice.error(1), "policy-direction");

    s.settings({});
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 1, 10);
    alice.sends(1, "12345");
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {text}; }));
    EXPECT_EQ(s.guest.next_data(), "");
    alice.sends(1, "67890");
    EXPECT_FALSE(alice.heard("error"));
    EXPECT_FALSE(s.guest.heard<agent::ClipboardData>());
}

TEST(Reload, EndsContentsThatAreLargerThanTheNewLimit) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 1, 1000);
    s.settings(with_policy([](auto& p) { p.to_guest.max_bytes = 999; }));
    EXPECT_EQ(s.guest.next_data(), "");
}

TEST(ToGuest, AnOversizeCopyIsRefusedByNameAndTheGuestIsAnswered) {
    Scenario s{with_policy([](auto& p) { p.to_guest.max_bytes = 999; })};
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 1, 1000);
    EXPECT_EQ(alice.next("error").string("code"), "too-large");
    EXPECT_EQ(s.guest.next_data(), "");
}

TEST(ToGuest, AnAnswerInAnotherFormatIsRefusedAndTheGuestIsAnswered) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), "words");
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
    EXPECT_EQ(s.guest.next<agent::ClipboardData>().format, png);
}

TEST(ToGuest, ContentsForWhichThereIsNoRoomAreBusy) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 1, limits::vm_clipboard_memory + 1);
    EXPECT_EQ(alice.next("error").string("code"), "busy");
    EXPECT_EQ(s.guest.next_data(), "");
}

// ---- Hostile guests

TEST(HostileGuest, ThatCannotBeReadOnIsDroppedByNameAndServedAgain) {
    const std::vector<std::pair<std::string, const char*>> streams{
        {"03 00 00 00 01 00 00 00", "port"},
        {"ff ff ff ff 01 00 00 00", "port"},
        {"01 00 00 00 14 00 00 00 02 00 00 00 06 00 00 00 00*8 00*4", "protocol"},
        {"01 00 00 00 ff ff ff ff 01 00 00 00 06 00 00 00 00*8 ff ff ff ff", "size"},
        {"01 00 00 00 14 00 00 00 01 00 00 00 99 00 00 00 00*8 ff ff ff ff", "size"},
    };
    for (const auto& [hex, field] : streams) {
        Scenario s;
        auto& alice = s.joins();
        s.guest.writes(from_hex(hex));
        ASSERT_EQ(s.dropped.size(), 1U) << hex;
        EXPECT_NE(s.dropped.front().find(field), std::string::npos) << s.dropped.front();
        EXPECT_FALSE(alice.closed);
        s.guest.comes();
        s.guest.grabs({text});
        EXPECT_TRUE(alice.heard("clipboard-grab"));
        EXPECT_EQ(s.hub.status().counters.guest_connections_dropped, 1U);
    }
}

TEST(HostileGuest, MessagesThatMakeNoSenseAreIgnoredAndCounted) {
    Scenario s;
    auto& alice = s.joins();
    alice.forgets();
    s.guest.says(AgentType::clipboard_grab, from_hex("09 00 00 00 00 00 00 00 01 00 00 00"));
    s.guest.says(AgentType::clipboard_request, from_hex("00"));
    s.guest.says(AgentType::clipboard, from_hex("00 00"));
    s.guest.says(static_cast<AgentType>(99), from_hex("00*100"));
    s.guest.says(agent::MouseState{1, 2, 3, 4});
    s.guest.says(agent::MaxClipboard{5});
    EXPECT_EQ(s.hub.status().counters.guest_messages_ignored, 6U);
    EXPECT_TRUE(s.dropped.empty());
    EXPECT_TRUE(alice.inbox.empty());
    EXPECT_TRUE(s.guest.inbox.empty());
}

TEST(HostileGuest, ChunksOfNoBytesAndSplitHeadersAreRead) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.writes(from_hex("01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00"));
    s.guest.chunk = 7;
    s.guest.grabs({text});
    EXPECT_TRUE(alice.heard("clipboard-grab"));
}

TEST(HostileGuest, ThatAsksWithoutReadingIsReadNoMore) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.reads = false;
    s.guest.cut = 64UL * 1024;
    s.guest.is_held = true;
    for (int i = 0; i < 20'000; ++i) s.guest.requests(png);
    s.guest.is_held = false;
    s.settle();
    EXPECT_GT(s.guest.bytes_unread, 20'000U * 36 - 3 * 65536) << "two reads at most";
    EXPECT_TRUE(s.hub.client_is_readable(alice.id)) << "nothing of it is the clients' fault";
    s.guest.reads = true;
    s.settle();
    EXPECT_EQ(s.guest.count<agent::ClipboardData>(), 20'000U) << "each is answered";
}

TEST(HostileGuest, ThatAsksForTheSameAThousandTimesIsAnsweredAThousandTimes) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    for (int i = 0; i < 1000; ++i) s.guest.requests(text);
    EXPECT_EQ(alice.count("clipboard-request"), 1U);
    alice.answers(alice.asked(), "x");
    EXPECT_EQ(s.guest.count<agent::ClipboardData>(), 1000U);
}

TEST(HostileGuest, ThatAnnouncesWithoutReadingIsReadNoMoreAndClientsAreWokenWhenItGoes) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    s.guest.reads = false;
    s.guest.answers_announce = false;
    s.guest.opens();
    s.guest.cut = 64UL * 1024;
    s.guest.is_held = true;
    for (int i = 0; i < 20'000; ++i) s.guest.announces(true);
    s.guest.is_held = false;
    s.settle();
    EXPECT_GT(s.guest.bytes_unread, 20'000U * 36 / 2);
    EXPECT_FALSE(s.hub.client_is_readable(alice.id));
    s.hub.handle_guest_gone(s.now);
    EXPECT_EQ(s.hub.take_ready_clients(), std::vector{alice.id});
    EXPECT_TRUE(s.hub.client_is_readable(alice.id));
}

TEST(HostileGuest, AMessageThatNeverEndsHoldsNothing) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.writes(from_hex("01 00 00 00 ff ff ff ff 01 00 00 00 04 00 00 00 00*8 00 ff ff ff"));
    for (int i = 0; i < 100; ++i) s.guest.writes(ByteVector(65536));
    EXPECT_TRUE(s.dropped.empty());
    EXPECT_FALSE(alice.heard("clipboard-data"));
}

TEST(GuestThatDoesNotRead, PausesTheClientsThatFillItsOutboxAndWakesThem) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.reads = false;
    auto said = 0;
    for (; s.hub.client_is_readable(alice.id) && said < 20'000; ++said)
        alice.says(R"({"type":"volume","playback":{"mute":false,"channels":[1,2,3,4,5,6,7,8]}})");
    EXPECT_LT(said, 10'000);
    (void)s.hub.take_ready_clients();
    s.guest.reads = true;
    s.settle();
    EXPECT_TRUE(s.hub.client_is_readable(alice.id));
    EXPECT_EQ(s.guest.count<agent::AudioVolumeSync>(), static_cast<std::size_t>(said));
}

// ---- Cuts

/// What a client hears of a recorded session whose bytes come in pieces of `cut`.
std::vector<std::string> heard_of(const StreamVector& vector, std::size_t cut) {
    Scenario s{with_policy([](auto& p) { p.primary_selection = true; }),
               vector.dialect.selection ? linux_agent : agent::CapabilitySet{0x20}};
    auto& alice = s.joins();
    s.guest.grabs({text, png});
    s.guest.grabs({text, png}, Selection::primary);
    alice.requests(1, text);
    alice.requests(2, png);
    alice.requests(3, text, Selection::primary);
    for (std::uint32_t file = 1; file < 4; ++file) alice.starts_file(file, "a", 0, file);
    s.guest.is_held = true;  // it said all this at once
    s.guest.cut = cut;
    s.guest.writes(vector.bytes);
    s.guest.answers_announce = false;
    s.guest.is_held = false;
    s.settle();
    s.advance(10s);
    return alice.log;
}

TEST(Cuts, OfARecordedSessionChangeNothingOfWhatAClientHears) {
    for (const auto& vector : stream_vectors()) {
        if (vector.bytes.size() > 20'000) continue;
        // Smaller than any message: a read ends at most one. Of several in one read a client hears the last state only.
        for (const std::size_t cut : {2U, 3U, 7U, 13U, 27U})
            EXPECT_EQ(heard_of(vector, 1), heard_of(vector, cut)) << vector.name << " by " << cut;
    }
}

TEST(Status, NamesTheAgentOnlyWhileItIsThere) {
    Scenario s;
    s.joins({}, "alice");
    EXPECT_EQ(s.hub.status().clients.at(0).user, "alice");
    s.guest.answers_announce = false;
    s.guest.comes();
    const auto status = s.hub.status();
    EXPECT_FALSE(status.agent_connected);
    EXPECT_EQ(status.capabilities, agent::CapabilitySet{});
    EXPECT_EQ(status.agent_guess, "");
}

}  // namespace
}  // namespace vmcbridge::bridge
