// A SPICE client in the hub: the main channel, its tokens, its dialect, and what it may break.
#include "tests/support/scenario.hpp"
#include "tests/support/spice_peer.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::Capability;
using policy::Permission;

std::uint32_t word(const ByteVector& body, std::size_t offset) { return load_le<std::uint32_t>(body.data() + offset); }

agent::FileStatus status_of(SpicePeer& peer) { return peer.next<agent::FileTransferStatus>().status; }

// ---- The channel

TEST(SpiceMain, BeginsWithInitNameAndUuid) {
    Scenario s;
    SpicePeer peer{s};
    ASSERT_EQ(peer.inbox.size(), 3U);
    EXPECT_EQ(peer.inbox.front().type, SPICE_MSG_MAIN_INIT);
    const auto init = peer.next(SPICE_MSG_MAIN_INIT);
    EXPECT_EQ(word(init, 0), 0x11223344U);
    EXPECT_EQ(word(init, 8), 1U) << "supported mouse modes: the server's only";
    EXPECT_EQ(word(init, 16), 1U) << "agent connected";
    EXPECT_EQ(word(init, 20), limits::spice_tokens);
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_NAME)), "05 00 00 00 77 65 62 31 00");
    EXPECT_EQ(peer.next(SPICE_MSG_MAIN_UUID).size(), 16U);
}

TEST(SpiceMain, ChannelsListComesWhenAskedFor) {
    Scenario s;
    SpicePeer peer{s};
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
    peer.says("", SPICE_MSGC_MAIN_ATTACH_CHANNELS);
    EXPECT_EQ(to_hex(peer.next(SPICE_MSG_MAIN_CHANNELS_LIST)), "00 00 00 00");
}

TEST(SpiceMain, FullHeadersAreSpokenToWhoHasNoMiniOnes) {
    Scenario s;
    auto kind = spice_gtk;
    kind.link.common = 0x05;
    SpicePeer peer{s, kind};
    peer.starts();
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    s.guest.grabs({text});
    EXPECT_TRUE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpiceMain, MouseModeRequestsAndAcknowledgementsChangeNothing) {
    Scenario s;
    SpicePeer peer{s};
    peer.inbox.clear();
    peer.says("02 00", SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST);
    peer.says("", SPICE_MSGC_ACK);
    peer.says("01 00 00 00", SPICE_MSGC_ACK_SYNC);
    peer.says("01 00 00 00 01 00 00 00 00 00 00 00", SPICE_MSGC_PONG);
    peer.says("01 00 00 00 00 00 00 00 00 00 00 00", SPICE_MSGC_DISCONNECTING);
    EXPECT_TRUE(peer.inbox.empty());
    EXPECT_FALSE(peer.closed());
}

TEST(SpiceMain, SilenceIsAskedForASignOfLife) {
    Scenario s;
    SpicePeer peer{s};
    s.hub.handle_spice_silence(peer.id, s.now);
    s.settle();
    EXPECT_EQ(word(peer.next(SPICE_MSG_PING), 0), 1U);
}

struct Bad {
    spice::MessageType type;
    std::string_view hex;
    std::string_view why;
};

class SpiceMainRefuses : public testing::TestWithParam<Bad> {};

TEST_P(SpiceMainRefuses, AndClosesWithAReason) {
    Scenario s;
    auto& other = s.joins();
    SpicePeer peer{s};
    peer.starts();
    peer.says(GetParam().hex, GetParam().type);
    ASSERT_TRUE(peer.closed());
    EXPECT_NE(peer.closed()->find(GetParam().why), std::string::npos) << *peer.closed();
    s.guest.grabs({text});
    EXPECT_TRUE(other.heard("clipboard-grab")) << "nobody else is touched";
}

INSTANTIATE_TEST_SUITE_P(
    Each, SpiceMainRefuses,
    testing::Values(Bad{SPICE_MSGC_MIGRATE_FLUSH_MARK, "", "no migration"},
                    Bad{SPICE_MSGC_MIGRATE_DATA, "", "no migration"},
                    Bad{SPICE_MSGC_MAIN_MIGRATE_DST_DO_SEAMLESS, "01 00 00 00", "no migration"}, Bad{0, "", "type"},
                    Bad{99, "", "type"}, Bad{113, "", "type"}, Bad{65535, "", "type"},
                    Bad{SPICE_MSGC_MAIN_AGENT_START, "01 00 00", "truncated"},
                    Bad{SPICE_MSGC_MAIN_AGENT_START, "01 00 00 00 00", "too large"},
                    Bad{SPICE_MSGC_MAIN_AGENT_TOKEN, "", "truncated"}, Bad{SPICE_MSGC_PONG, "01", "truncated"},
                    Bad{SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST, "01", "truncated"},
                    Bad{SPICE_MSGC_MAIN_AGENT_DATA, "00*2049", "too large"},
                    Bad{SPICE_MSGC_MAIN_AGENT_DATA, "02 00 00 00 09 00 00 00 00*12", "protocol"},
                    Bad{SPICE_MSGC_MAIN_AGENT_DATA, "01 00 00 00 07 00 00 00 00*8 ff ff ff ff", "too large"}));

TEST(SpiceMain, SizeOfFourGigabytesIsRefusedInTheHeader) {
    for (const auto started : {false, true}) {
        Scenario s;
        SpicePeer peer{s};
        if (started) peer.starts();
        peer.writes(from_hex("6b 00 ff ff ff ff"));
        ASSERT_TRUE(peer.closed());
        EXPECT_NE(peer.closed()->find("size"), std::string::npos);
    }
}

TEST(SpiceMain, AnyCutOfItsBytesMeansTheSame) {
    Scenario s;
    SpicePeer peer{s};
    ByteVector wire = from_hex(
        "6a 00 04 00 00 00 ff ff ff ff 6b 00 1c 00 00 00 01 00 00 00 06 00 00 00 00*8 08 00 00 00"
        " 01 00 00 00 77 50 03 00 68 00 00 00 00 00");
    for (const auto& byte : wire) peer.writes(Bytes{&byte, 1});
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
}

// ---- The agent comes and goes

TEST(SpiceAgent, AnnouncesTheNewestDialectWhateverTheGuestSpeaks) {
    Scenario s{HubSettings{}, old_linux_agent};
    SpicePeer peer{s};
    peer.starts();
    const auto announced = peer.next<agent::AnnounceCapabilities>();
    EXPECT_FALSE(announced.request);
    EXPECT_TRUE(announced.capabilities.has(Capability::clipboard_grab_serial));
    EXPECT_TRUE(announced.capabilities.has(Capability::clipboard_selection));
    EXPECT_FALSE(announced.capabilities.has(Capability::clipboard_no_release_on_regrab))
        << "only of an agent that really does not";
}

TEST(SpiceAgent, AnnouncementOfAClientNeverReachesTheGuest) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.announces(true);
    EXPECT_FALSE(s.guest.heard<agent::AnnounceCapabilities>());
}

TEST(SpiceAgent, GoneAndBackIsToldWithTokens) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.goes();
    EXPECT_EQ(word(peer.next(SPICE_MSG_MAIN_AGENT_DISCONNECTED), 0), 0U);
    s.guest.comes();
    EXPECT_EQ(word(peer.next(SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS), 0), limits::spice_tokens);
    peer.agent_inbox.clear();
    peer.starts();
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
}

TEST(SpiceAgent, OldClientsAreToldWithoutTokens) {
    Scenario s{Scenario::NoAgent{}};
    auto kind = spice_gtk;
    kind.link.channel = 0;
    SpicePeer peer{s, kind};
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_NAME));
    s.guest.comes();
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_CONNECTED));
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS));
}

TEST(SpiceAgent, DataBeforeAgentStartIsThrownAwayAndHarmless) {
    Scenario s;
    SpicePeer peer{s};
    for (auto i = 0; i < 300; ++i) peer.announces(true);
    EXPECT_FALSE(peer.heard<agent::AnnounceCapabilities>());
    EXPECT_FALSE(peer.closed());
}

// ---- Tokens

TEST(SpiceTokens, AreRefundedAsPiecesAreTaken) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    for (auto i = 0; i < 1000; ++i) peer.says(agent::MaxClipboard{.bytes = 1000});
    EXPECT_FALSE(peer.closed());
    EXPECT_GE(peer.may_send, limits::spice_tokens - 5);
}

TEST(SpiceTokens, OverdrawnEndTheClient) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.reads = false;
    peer.starts_file(1, "big", 100 * limits::mib);
    s.guest.file_status(TransferId{1}, agent::FileStatus::can_send_data);
    const std::string piece(60000, 'x');
    for (auto i = 0; i < 40 && !peer.closed(); ++i) peer.file_data(1, piece);
    ASSERT_TRUE(peer.closed());
    EXPECT_NE(peer.closed()->find("token"), std::string::npos);
}

TEST(SpiceTokens, OfTheClientAreHonoured) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts(10);  // SpicePeer throws where they are overdrawn
    s.guest.grabs({text});
    peer.requests(text);
    s.guest.answers(long_text(100000));
    EXPECT_EQ(peer.tokens, 0U);
    EXPECT_FALSE(peer.heard<agent::ClipboardData>());
    while (!peer.heard<agent::ClipboardData>()) peer.grants(5);
    EXPECT_EQ(peer.next_data(), long_text(100000));
}

TEST(SpiceTokens, LateGrantsAreReadHoweverMuchWaitsForThem) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts(0);
    while (peer.may_send > 0 && !peer.closed()) peer.announces(true);
    ASSERT_FALSE(peer.closed());
    EXPECT_TRUE(s.hub.client_is_readable(peer.id)) << "what it waits for comes in a message of its own";
    peer.grants(0xffffffff);
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    EXPECT_GE(peer.may_send, limits::spice_tokens - 5);
}

TEST(SpiceTokens, NeverGrantedCostOthersNothingAndLittleMemory) {
    Scenario s;
    auto& other = s.joins();
    SpicePeer peer{s};
    peer.starts(0);
    for (auto i = 0; i < 1000; ++i) s.guest.grabs({text});
    peer.requests(text);
    s.guest.answers("hello");
    other.requests(1, text);
    s.guest.answers("hello");
    EXPECT_EQ(other.contents(1), "hello");
    s.advance(60s);
    EXPECT_EQ(peer.pieces, 0U);
}

TEST(SpiceTokens, OfAConversationThatCrossedAreNotHeldAgainstTheClient) {
    Scenario s;
    SpicePeer peer{s};
    s.guest.goes();
    s.guest.comes();
    peer.says("ff ff ff ff", SPICE_MSGC_MAIN_AGENT_START);  // sent for INIT, before it read the rest
    peer.announces(true);
    peer.may_send = limits::spice_tokens;  // AGENT_CONNECTED_TOKENS sets it
    peer.starts();
    s.guest.reads = false;  // nothing is given back
    peer.starts_file(1, "big", 100 * limits::mib);
    s.guest.reads = true;
    s.settle();
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    s.guest.reads = false;
    const std::string data(20000, 'x');
    while (peer.may_send > 10 && !peer.closed()) peer.file_data(1, data);
    while (peer.may_send > 0 && !peer.closed()) peer.file_data(1, "x");
    EXPECT_FALSE(peer.closed()) << peer.closed().value_or("");
}

TEST(SpiceTokens, FileThatIsStartedTwiceHoldsThemAllTheSame) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "big", 100 * limits::mib);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    s.guest.reads = false;
    peer.agent_inbox.clear();
    const std::string data(20000, 'x');
    std::size_t sent = 0;
    for (auto i = 0; i < 200 && peer.may_send > 12; ++i, sent += data.size()) {
        peer.file_data(1, data);
        peer.says(agent::FileTransferStart{.id = TransferId{1}, .key_file = "no key file"});
    }
    EXPECT_LE(sent, limits::spice_held + limits::spice_tokens * spice::agent_data_size);
    EXPECT_FALSE(peer.heard<agent::FileTransferStatus>()) << "the client would take it for the running one";
}

// ---- Clipboard

TEST(SpiceClipboard, SlowReaderThatTakesSomeGetsItAll) {
    Scenario s{HubSettings{}, windows_agent};  // text of a guest with CRLF lies in a spool
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({text});
    peer.reads = false;
    peer.requests(text);
    s.guest.answers(std::string(3000000, 'x'));
    ByteVector buffer(64 * limits::kib);
    std::size_t taken = 0;
    for (auto i = 0; i < 200; ++i) {
        s.advance(500ms);
        taken += s.hub.poll_spice(peer.id, buffer, s.now);
    }
    EXPECT_GT(taken, 3000000U) << "nobody but its own socket moved";
}

TEST(SpiceClipboard, OwnerWhoseAgentCameBackIsAskedAgain) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    s.guest.goes();
    s.guest.comes();
    s.advance(200ms);  // what still stands is announced to the agent
    s.guest.requests(text);
    peer.agent_inbox.clear();
    peer.starts();
    EXPECT_EQ(peer.next<agent::ClipboardRequest>().format, text);
    peer.answers("hello");
    EXPECT_EQ(s.guest.next_data(), "hello");
}

TEST(SpiceClipboard, LateAnswerFromBeforeAGrabIsNotTakenForTheNewOne) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    s.guest.requests(text);
    s.advance(30s);
    EXPECT_EQ(s.guest.next_data(), "");
    peer.grabs({text});
    s.guest.requests(text);
    peer.agent_inbox.clear();
    peer.answers("copied before");
    EXPECT_FALSE(s.guest.heard<agent::ClipboardData>());
    EXPECT_TRUE(peer.heard<agent::ClipboardRequest>()) << "asked again: it may not have answered the first at all";
    peer.answers("copied now");
    EXPECT_EQ(s.guest.next_data(), "copied now");
}

TEST(SpiceClipboard, GuestsCopyIsReadWhole) {
    for (const std::size_t size : {0U, 1U, 2019U, 2020U, 2021U, 65536U, 3000000U}) {
        Scenario s;
        SpicePeer peer{s};
        peer.starts();
        s.guest.grabs({text, png});
        EXPECT_EQ(peer.next<agent::ClipboardGrab>().formats, (FormatList{text, png}));
        peer.requests(text);
        EXPECT_EQ(s.guest.next<agent::ClipboardRequest>().format, text);
        s.guest.answers(long_text(size));
        EXPECT_EQ(peer.next_data(), long_text(size)) << size;
    }
}

TEST(SpiceClipboard, ClientsCopyIsPastedWhole) {
    for (const std::size_t size : {0U, 1U, 2021U, 65536U, 3000000U}) {
        Scenario s;
        SpicePeer peer{s};
        peer.starts();
        peer.grabs({text});
        EXPECT_TRUE(s.guest.heard<agent::ClipboardGrab>());
        s.guest.requests(text);
        EXPECT_EQ(peer.next<agent::ClipboardRequest>().format, text);
        peer.answers(long_text(size));
        EXPECT_EQ(s.guest.next_data(), long_text(size)) << size;
    }
}

TEST(SpiceClipboard, OfSeveralOffersThatWaitTheLastOneIsTold) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.reads = false;
    s.guest.grabs({text});
    s.guest.grabs({png});
    peer.reads = true;
    s.settle();
    EXPECT_EQ(peer.next<agent::ClipboardGrab>().formats, FormatList{png});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpiceClipboard, OfTwoGrabsThatCrossTheClientsStands) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({text});  // serial 0
    peer.serials = {};      // it had not read that one when it copied
    peer.grabs({png});
    s.guest.requests(png);
    EXPECT_EQ(peer.next<agent::ClipboardRequest>().format, png);
}

TEST(SpiceClipboard, GrabOlderThanTheLastTwoIsDropped) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({text});
    s.guest.grabs({text});
    peer.serials = {};
    peer.grabs({png});
    s.guest.inbox.clear();
    s.guest.requests(png);
    EXPECT_FALSE(peer.heard<agent::ClipboardRequest>());
}

TEST(SpiceClipboard, EveryRequestIsAnsweredWithTheTypeThatWasAskedFor) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.requests(png);  // nobody owns anything
    auto answer = peer.next<agent::ClipboardData>();
    EXPECT_EQ(answer.format, png);
    EXPECT_TRUE(answer.data.empty());
    s.guest.grabs({text});
    peer.requests(text);
    s.advance(10s);  // the guest is silent
    answer = peer.next<agent::ClipboardData>();
    EXPECT_EQ(answer.format, text);
    EXPECT_TRUE(answer.data.empty());
}

TEST(SpiceClipboard, MaxClipboardOfTheClientIsHonoured) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.says(agent::MaxClipboard{.bytes = 100});
    s.guest.grabs({text});
    peer.requests(text);
    s.guest.answers(long_text(101));
    EXPECT_EQ(peer.next_data(), "");
    peer.requests(text);
    s.guest.answers(long_text(100));
    EXPECT_EQ(peer.next_data(), long_text(100));
}

TEST(SpiceClipboard, GuestThatGoesAmidContentsIsAnAgentThatGoes) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({png});
    peer.requests(png);
    s.guest.is_held = true;
    s.guest.answers(long_text(300000), png);
    s.guest.lets_read(200000);
    s.guest.is_held = false;
    s.guest.goes();
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_DISCONNECTED));
    EXPECT_FALSE(peer.heard<agent::ClipboardData>());
}

TEST(SpiceClipboard, SilenceAmidContentsIsToldAsAnAgentThatWentAndCame) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({png});
    peer.requests(png);
    s.guest.is_held = true;
    s.guest.answers(long_text(300000), png);
    s.guest.lets_read(200000);
    s.advance(10s);
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_DISCONNECTED));
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS));
    peer.starts();
    EXPECT_TRUE(peer.heard<agent::ClipboardGrab>()) << "what stands is offered again";
}

TEST(SpiceClipboard, WindowsGuestsTextHasLfForTheClientAndBack) {
    Scenario s{HubSettings{}, windows_agent};
    SpicePeer peer{s};
    peer.starts();
    const auto told = peer.next<agent::AnnounceCapabilities>().capabilities;
    EXPECT_FALSE(told.has(Capability::guest_lineend_crlf));
    EXPECT_TRUE(told.has(Capability::guest_lineend_lf));
    s.guest.grabs({text});
    peer.requests(text);
    s.guest.answers("a\r\nb");
    EXPECT_EQ(peer.next_data(), "a\nb");
    peer.grabs({text});
    s.guest.requests(text);
    peer.answers("a\nb");
    EXPECT_EQ(s.guest.next_data(), "a\r\nb");
}

TEST(SpiceClipboard, PassesBetweenABrowserAndASpiceClientByTheGuestAlone) {
    Scenario s;
    auto& browser = s.joins();
    SpicePeer peer{s};
    peer.starts();
    browser.grabs({text});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>()) << "share-between-clients is off";
    peer.grabs({text});
    EXPECT_TRUE(browser.heard("clipboard-release"));
}

TEST(SpiceClipboard, ClientThatLinksAsPureSpiceAndAnnouncesMoreHasSelections) {
    Scenario s;
    SpicePeer peer{s, {.link = pure_spice.link, .agent = spice_gtk.agent}};
    peer.starts();
    EXPECT_TRUE(peer.next<agent::AnnounceCapabilities>().capabilities.has(Capability::clipboard_selection));
    s.guest.grabs({text});
    peer.requests(text);
    s.guest.answers("hello");
    EXPECT_EQ(peer.next_data(), "hello");
}

// ---- Display

TEST(SpiceDisplay, MonitorsWithoutPositionsStandSideBySide) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    agent::MonitorsConfig config;
    config.monitors = {{.width = 800, .height = 600, .depth = 32}, {.width = 1024, .height = 768, .depth = 32}};
    peer.says(config);
    s.advance(200ms);
    EXPECT_EQ(s.guest.next<agent::MonitorsConfig>().monitors.back().x, 800);
}

TEST(SpiceDisplay, NoMonitorAtAllChangesNothingAndIsAnswered) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.says(agent::MonitorsConfig{});
    EXPECT_TRUE(peer.next<agent::Reply>().success);
    s.advance(200ms);
    EXPECT_FALSE(s.guest.heard<agent::MonitorsConfig>());
}

TEST(SpiceDisplay, MonitorSwitchedOffInTheMiddleNeedsASparseAgent) {
    Scenario s{HubSettings{}, agent::CapabilitySet{linux_agent.word() & ~0x80U}};
    SpicePeer peer{s};
    peer.starts();
    agent::MonitorsConfig config{.positions = true, .physical_sizes = false, .monitors = {}};
    config.monitors = {{.width = 800, .height = 600}, {}, {.width = 1024, .height = 768}};
    peer.says(config);
    s.advance(200ms);
    EXPECT_EQ(s.guest.next<agent::MonitorsConfig>().monitors.size(), 2U);
}

TEST(SpiceDisplay, MonitorOfNonsenseNeverReachesTheGuest) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    for (const agent::Monitor monitor : {agent::Monitor{.width = 65536, .height = 600, .depth = 32},
                                         agent::Monitor{.width = 800, .height = 0xffffffff, .depth = 32},
                                         agent::Monitor{.width = 800, .height = 600, .depth = 0xdeadbeef}}) {
        peer.says(agent::MonitorsConfig{.positions = true, .physical_sizes = false, .monitors = {monitor}});
        EXPECT_FALSE(peer.next<agent::Reply>().success);
    }
    s.advance(200ms);
    EXPECT_FALSE(s.guest.heard<agent::MonitorsConfig>());
}

TEST(SpiceDisplay, LooksOfTheDesktopAreTheLeadsToChange) {
    Scenario s{HubSettings{}, windows_agent};
    auto& lead = s.joins();
    SpicePeer peer{s};
    peer.starts();
    peer.says(agent::DisplayConfig{.disable_wallpaper = true});
    EXPECT_FALSE(s.guest.heard<agent::DisplayConfig>());
    lead.goes();
    peer.says(agent::DisplayConfig{.disable_wallpaper = true});
    EXPECT_TRUE(s.guest.heard<agent::DisplayConfig>());
}

TEST(SpiceDisplay, WhoHasNotTheLeadIsRefusedInWords) {
    Scenario s;
    auto& lead = s.joins();
    SpicePeer peer{s};
    peer.starts();
    agent::MonitorsConfig config;
    config.monitors = {{.width = 800, .height = 600, .depth = 32}};
    peer.says(config);
    EXPECT_FALSE(peer.next<agent::Reply>().success);
    EXPECT_TRUE(peer.heard(SPICE_MSG_NOTIFY));
    lead.goes();
    s.advance(200ms);
    EXPECT_TRUE(s.guest.heard<agent::MonitorsConfig>()) << "kept until it has the lead";
}

// ---- Files

TEST(SpiceFiles, ArriveAsTheyAreSent) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    const auto contents = long_text(200000);
    peer.starts_file(7, "a.txt", contents.size());
    const auto start = s.guest.next<agent::FileTransferStart>();
    s.guest.file_status(start.id, agent::FileStatus::can_send_data);
    EXPECT_EQ(status_of(peer), agent::FileStatus::can_send_data);
    for (std::size_t at = 0; at < contents.size(); at += 65536) peer.file_data(7, contents.substr(at, 65536));
    EXPECT_EQ(s.guest.next_file_data(start.id), contents);
    s.guest.file_status(start.id, agent::FileStatus::success);
    EXPECT_EQ(status_of(peer), agent::FileStatus::success);
}

TEST(SpiceFiles, OfTwoClientsWithTheSameIdAreTwo) {
    Scenario s;
    SpicePeer a{s};
    SpicePeer b{s};
    a.starts();
    b.starts();
    a.starts_file(1, "a", 1);
    b.starts_file(1, "b", 1);
    const auto first = s.guest.next<agent::FileTransferStart>().id;
    const auto second = s.guest.next<agent::FileTransferStart>().id;
    EXPECT_NE(first, second);
    s.guest.file_status(second, agent::FileStatus::can_send_data);
    EXPECT_FALSE(a.heard<agent::FileTransferStatus>());
    EXPECT_EQ(status_of(b), agent::FileStatus::can_send_data);
}

TEST(SpiceFiles, PolicyIsToldAsDisabledOrErrorByWhatTheClientKnows) {
    const auto settings = with_policy([](auto& p) { p.files_to_guest = false; });
    Scenario s{settings};
    SpicePeer detailed{s};
    detailed.starts();
    EXPECT_TRUE(detailed.next<agent::AnnounceCapabilities>().capabilities.has(Capability::file_xfer_disabled));
    detailed.starts_file(1, "a", 1);
    EXPECT_EQ(status_of(detailed), agent::FileStatus::disabled);
    SpicePeer plain{s, spice_html5};
    plain.starts();
    plain.starts_file(0, "a", 1);
    EXPECT_EQ(status_of(plain), agent::FileStatus::error);
}

TEST(SpiceFiles, CancelledByTheClientAreNotAnswered) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "a", 100);
    const auto id = s.guest.next<agent::FileTransferStart>().id;
    s.guest.file_status(id, agent::FileStatus::can_send_data);
    peer.agent_inbox.clear();
    peer.says(agent::FileTransferStatus{.id = TransferId{1}, .status = agent::FileStatus::cancelled});
    EXPECT_EQ(s.guest.next<agent::FileTransferStatus>().status, agent::FileStatus::cancelled);
    EXPECT_FALSE(peer.heard<agent::FileTransferStatus>());
}

TEST(SpiceFiles, CancelOfNoneSilencesNoLaterOne) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.says(agent::FileTransferStatus{.id = TransferId{5}, .status = agent::FileStatus::cancelled});
    peer.starts_file(5, "a", 10);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    EXPECT_EQ(status_of(peer), agent::FileStatus::can_send_data);
}

TEST(SpiceFiles, DataBeyondTheSizeEndTheTransferOnly) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "a", 10);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    peer.agent_inbox.clear();
    peer.file_data(1, long_text(11));
    EXPECT_EQ(status_of(peer), agent::FileStatus::error);
    EXPECT_FALSE(peer.closed());
}

TEST(SpiceFiles, SlowGuestHoldsTheTokens) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "big", 100 * limits::mib);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    s.guest.reads = false;
    const std::string data(60000, 'x');
    while (peer.may_send > 30) peer.file_data(1, data);
    EXPECT_FALSE(peer.closed());
    s.guest.reads = true;
    s.settle();
    EXPECT_GE(peer.may_send, limits::spice_tokens - 5);
}

TEST(SpiceFiles, EndWithTheirClient) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "a", 10);
    peer.goes();
    EXPECT_EQ(s.guest.next<agent::FileTransferStatus>().status, agent::FileStatus::cancelled);
    EXPECT_TRUE(s.guest.heard<agent::ClientDisconnected>());
}

// ---- Policy

TEST(SpicePolicy, ClipboardOffIsAnAgentWithoutOne) {
    Scenario s{with_policy([](auto& p) { p.to_guest.formats = p.from_guest.formats = {}; })};
    SpicePeer peer{s};
    peer.starts();
    const auto told = peer.next<agent::AnnounceCapabilities>().capabilities;
    EXPECT_FALSE(told.has(Capability::clipboard_by_demand));
    EXPECT_FALSE(told.has(Capability::clipboard_grab_serial));
    s.guest.grabs({text});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpicePolicy, OneWayIsToldInWordsAndEmptyAnswers) {
    Scenario s{with_policy([](auto& p) { p.to_guest.formats = {}; })};
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    EXPECT_TRUE(peer.heard(SPICE_MSG_NOTIFY));
    EXPECT_FALSE(s.guest.heard<agent::ClipboardGrab>());
    peer.inbox.clear();
    peer.grabs({text});
    EXPECT_FALSE(peer.heard(SPICE_MSG_NOTIFY)) << "the same thing is not said again at once";
}

TEST(SpicePolicy, ChangedRulesAreAnnouncedAnew) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.agent_inbox.clear();
    s.settings(with_policy([](auto& p) { p.files_to_guest = false; }));
    EXPECT_TRUE(peer.next<agent::AnnounceCapabilities>().capabilities.has(Capability::file_xfer_disabled));
}

TEST(SpicePolicy, TakeOverClosesAndRefuseRefuses) {
    Scenario take{with_policy([](auto& p) { p.several_clients = policy::SeveralClients::take_over; })};
    SpicePeer first{take};
    SpicePeer second{take};
    EXPECT_TRUE(first.closed());
    EXPECT_FALSE(second.closed());
    Scenario refuse{with_policy([](auto& p) { p.several_clients = policy::SeveralClients::refuse; })};
    SpicePeer only{refuse};
    EXPECT_THROW((SpicePeer{refuse}), BrokenRule);
}

}  // namespace
}  // namespace vmcbridge::bridge
