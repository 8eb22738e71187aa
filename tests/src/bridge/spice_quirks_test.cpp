// What stock SPICE clients and agents do that no specification says: each test is named after one of their habits.
#include "proto/agent/header.hpp"
#include "tests/support/scenario.hpp"
#include "tests/support/spice_peer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::Capability;

std::uint32_t word(const ByteVector& body, std::size_t offset) { return load_le<std::uint32_t>(body.data() + offset); }

agent::FileStatus status_of(SpicePeer& peer) { return peer.next<agent::FileTransferStatus>().status; }

/// PureSpice's pieces: the header of an agent's message alone, then the rest.
void says_as_purespice(SpicePeer& peer, AgentType type, std::string_view body_hex) {
    const auto body = from_hex(body_hex);
    ByteVector header(limits::agent_header);
    agent::store(header.data(), agent::MessageHeader{.type = type, .size = static_cast<std::uint32_t>(body.size())});
    peer.agent_data(header);
    if (!body.empty()) peer.agent_data(body);
}

/// The bytes that one message of `size` takes on the guest's port if its chunk is one.
constexpr std::size_t one_chunk(std::size_t size) { return limits::chunk_header + limits::agent_header + size; }

// ---- PureSpice

TEST(PureSpiceQuirk, IsReadyOnlyAfterNameUuidAndChannelsList) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_NAME));
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_UUID));
    peer.says("", SPICE_MSGC_MAIN_ATTACH_CHANNELS);
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
}

TEST(PureSpiceQuirk, TakesNoGrabFromAnAgentWithSelections) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.starts();
    EXPECT_FALSE(peer.next<agent::AnnounceCapabilities>().capabilities.has(Capability::clipboard_selection));
    s.guest.grabs({text}, Selection::primary);
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
    s.guest.grabs({png, text});
    const auto grab = peer.next<agent::ClipboardGrab>();
    EXPECT_EQ(grab.formats, (FormatList{png, text})) << "it asks for the first one: the guest's order stands";
    EXPECT_EQ(peer.last.body->size(), 8U) << "types alone";
}

TEST(PureSpiceQuirk, AsksWithoutASelectionAndWithTheHeaderAlone) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.starts();
    s.guest.grabs({text});
    says_as_purespice(peer, AgentType::clipboard_request, "01 00 00 00");
    EXPECT_EQ(s.guest.next<agent::ClipboardRequest>().format, text);
    s.guest.answers(long_text(70000));
    EXPECT_EQ(peer.next_data(), long_text(70000));
    EXPECT_EQ(peer.last.body->size(), 4U + 70000U);
}

TEST(PureSpiceQuirk, GrabsAndAnswersWithoutASelection) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.starts();
    says_as_purespice(peer, AgentType::clipboard_grab, "01 00 00 00");
    EXPECT_TRUE(s.guest.heard<agent::ClipboardGrab>());
    s.guest.requests(text);
    EXPECT_EQ(peer.next<agent::ClipboardRequest>().format, text);
    says_as_purespice(peer, AgentType::clipboard, "01 00 00 00 68 69");
    EXPECT_EQ(s.guest.next_data(), "hi");
    says_as_purespice(peer, AgentType::clipboard_release, "");
    EXPECT_TRUE(s.guest.heard<agent::ClipboardRelease>());
}

TEST(PureSpiceQuirk, AsksForTheMouseWhateverIsSupported) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.says("02 00", SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST);
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_MOUSE_MODE));
    EXPECT_FALSE(peer.closed());
}

TEST(PureSpiceQuirk, AnnouncesNothingWhereItsClipboardIsOff) {
    Scenario s;
    SpicePeer peer{s, {.link = pure_spice.link, .agent = {}}};
    peer.tokens = 0xffffffff;
    peer.says("ff ff ff ff", SPICE_MSGC_MAIN_AGENT_START);
    peer.announces(false);
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    s.guest.grabs({text});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
}

TEST(PureSpiceQuirk, DropsTheRestOfAMessageWhenTheAgentGoes) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.starts();
    peer.grabs({text});
    s.guest.requests(text);
    peer.agent_data(from_hex("01 00 00 00 04 00 00 00 00*8 88 13 00 00"));  // 5000 bytes
    peer.agent_data(from_hex("01 00 00 00 00*2000"));
    s.guest.goes();
    s.guest.comes();
    peer.agent_inbox.clear();
    peer.starts();
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    s.guest.grabs({text});
    EXPECT_TRUE(peer.heard<agent::ClipboardGrab>());
}

TEST(PureSpiceQuirk, KnowsNoMessageOfTheMainChannelThatItDoesNotNeed) {
    Scenario s;
    SpicePeer peer{s, pure_spice};
    peer.starts();
    peer.says("", SPICE_MSGC_MAIN_ATTACH_CHANNELS);
    s.guest.goes();
    s.guest.comes();
    peer.starts();
    for (auto i = 0; i < 10; ++i) peer.grabs({text});
    const std::set<spice::MessageType> known{SPICE_MSG_MAIN_INIT,
                                             SPICE_MSG_MAIN_NAME,
                                             SPICE_MSG_MAIN_UUID,
                                             SPICE_MSG_MAIN_CHANNELS_LIST,
                                             SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS,
                                             SPICE_MSG_MAIN_AGENT_DISCONNECTED,
                                             SPICE_MSG_MAIN_AGENT_TOKEN};
    for (const auto& each : peer.inbox) EXPECT_TRUE(known.contains(each.type)) << each.type;
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_TOKEN));
}

// ---- spice-html5

TEST(SpiceHtml5Quirk, HasNoClipboardAndIsToldOfNone) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    peer.agent_inbox.clear();
    s.guest.grabs({text});
    s.guest.releases();
    EXPECT_TRUE(peer.agent_inbox.empty());
}

TEST(SpiceHtml5Quirk, AnnouncesRepliesAndKnowsNone) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    agent::MonitorsConfig config;
    config.monitors = {{.width = 800, .height = 600, .depth = 32}};
    peer.says(config);
    s.advance(200ms);
    EXPECT_TRUE(s.guest.heard<agent::MonitorsConfig>());
    s.guest.replies();
    EXPECT_FALSE(peer.heard<agent::Reply>());
}

TEST(SpiceHtml5Quirk, ForkTakesNoMessageOverOnePiece) {
    Scenario s;
    SpicePeer peer{s, spice_html5_fork};
    peer.starts();
    constexpr std::size_t most = spice::agent_data_size - limits::agent_header - 8;
    for (const auto& [size, expected] : {std::pair{most, most}, {most + 1, 0UL}, {300000UL, 0UL}}) {
        s.guest.grabs({text});
        peer.requests(text);
        s.guest.answers(long_text(size));
        EXPECT_EQ(peer.next_data(), long_text(expected)) << size;
        EXPECT_LE(limits::agent_header + peer.last.body->size(), spice::agent_data_size);
    }
}

TEST(SpiceHtml5Quirk, ForkTakesAnySelectionForTheClipboard) {
    Scenario s{with_policy([](auto& p) { p.primary_selection = true; })};
    SpicePeer peer{s, spice_html5_fork};
    peer.starts();
    s.guest.grabs({text}, Selection::primary);
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
    s.guest.grabs({text});
    EXPECT_EQ(peer.next<agent::ClipboardGrab>().selection, Selection::clipboard);
}

TEST(SpiceHtml5Quirk, CountsItsFilesFromZero) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    peer.starts_file(0, "a", 2);
    const auto id = s.guest.next<agent::FileTransferStart>().id;
    s.guest.file_status(id, agent::FileStatus::can_send_data);
    EXPECT_EQ(peer.next<agent::FileTransferStatus>().id, TransferId{0});
    peer.file_data(0, "hi");
    EXPECT_EQ(s.guest.next_file_data(id), "hi");
}

TEST(SpiceHtml5Quirk, SendsNothingOfAnEmptyFileTimeAndAgain) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    peer.starts_file(0, "empty", 0);
    const auto id = s.guest.next<agent::FileTransferStart>().id;
    s.guest.file_status(id, agent::FileStatus::can_send_data);
    for (auto i = 0; i < 1000; ++i) peer.file_data(0, "");
    EXPECT_FALSE(peer.closed()) << "each round costs a token";
    EXPECT_EQ(s.guest.count<agent::FileTransferData>(), 1U);
    peer.agent_inbox.clear();
    s.guest.file_status(id, agent::FileStatus::success);
    EXPECT_EQ(status_of(peer), agent::FileStatus::success);
}

TEST(SpiceHtml5Quirk, KeepsAFileUntilItHearsHowItEnded) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    peer.starts_file(3, "a", 100000);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    peer.agent_inbox.clear();
    s.guest.goes();
    EXPECT_EQ(status_of(peer), agent::FileStatus::error);
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_AGENT_DISCONNECTED));
}

TEST(SpiceHtml5Quirk, GoesOnWithFilesOfAnAgentThatHasGone) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    peer.starts_file(3, "a", 100000);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    s.guest.goes();
    s.guest.comes();
    s.guest.inbox.clear();
    peer.says("ff ff ff ff", SPICE_MSGC_MAIN_AGENT_START);
    for (auto i = 0; i < 20; ++i) peer.file_data(3, long_text(60000));  // before it announces anything
    peer.announces(true);
    EXPECT_FALSE(peer.closed());
    EXPECT_GE(peer.may_send, limits::spice_tokens - 5) << "what nobody wants costs it no token";
    EXPECT_FALSE(s.guest.heard<agent::FileTransferData>());
    peer.starts_file(4, "b", 2);
    EXPECT_TRUE(s.guest.heard<agent::FileTransferStart>());
}

TEST(SpiceHtml5Quirk, KnowsNoStatusAboveThree) {
    using agent::FileStatus;
    for (const auto status : {FileStatus::not_enough_space, FileStatus::session_locked, FileStatus::agent_not_connected,
                              FileStatus::disabled}) {
        Scenario s;
        SpicePeer plain{s, spice_html5};
        SpicePeer detailed{s};
        for (auto* peer : {&plain, &detailed}) {
            peer->starts();
            peer->starts_file(1, "a", 1);
            s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, status, 77);
        }
        EXPECT_EQ(status_of(plain), FileStatus::error);
        EXPECT_EQ(plain.last.body->size(), 8U);
        EXPECT_EQ(status_of(detailed), status);
    }
}

TEST(SpiceHtml5Quirk, SendsAByteForEachCharacterOfAName) {
    Scenario s;
    SpicePeer peer{s, spice_html5};
    peer.starts();
    ByteVector body = from_hex("00 00 00 00");
    const auto file = as_bytes(
        "[vdagent-file-xfer]\nname=Gr\xf6\xdf"
        "e.txt\nsize=1\n");
    body.insert(body.end(), file.begin(), file.end());
    body.push_back(std::byte{0});
    peer.says(AgentType::file_xfer_start, body);
    const auto start = s.guest.next<agent::FileTransferStart>();
    EXPECT_NE(start.key_file.find("Größe.txt"), std::string_view::npos) << start.key_file;
}

// ---- spice-gtk

TEST(SpiceGtkQuirk, AnnouncesItselfBeforeItAttachesChannels) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    EXPECT_FALSE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    peer.says("", SPICE_MSGC_MAIN_ATTACH_CHANNELS);
    EXPECT_TRUE(peer.heard(SPICE_MSG_MAIN_CHANNELS_LIST));
}

TEST(SpiceGtkQuirk, DoesNotAnswerForAPictureThatItCannotServe) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({png, text});
    s.guest.requests(png);
    s.advance(6s);
    EXPECT_EQ(s.guest.next_data(), "") << "agents wait for ever";
    s.guest.requests(png);
    peer.answers("PNG", png);
    EXPECT_EQ(s.guest.next_data(), "PNG") << "the silence delays no later paste";
}

TEST(SpiceGtkQuirk, AnswersTextThatIsTooLongWithNoBytes) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    s.guest.requests(text);
    peer.answers("");
    const auto answer = s.guest.next<agent::ClipboardData>();
    EXPECT_EQ(answer.format, text);
    EXPECT_TRUE(answer.data.empty());
}

TEST(SpiceGtkQuirk, AnswersWithTheTypeNoneWhatIsNotThere) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    s.guest.requests(text);
    peer.answers("", ClipboardFormat::none);
    const auto answer = s.guest.next<agent::ClipboardData>();
    EXPECT_EQ(answer.format, text) << "the Linux agent ignores a NONE, and the application waits for ever";
    EXPECT_TRUE(answer.data.empty());
}

TEST(SpiceGtkQuirk, HoldsReleasesBackUnlessTheAgentNeedsNoneBetweenGrabs) {
    for (const auto& guest : {linux_agent, old_linux_agent}) {
        Scenario s{HubSettings{}, guest};
        SpicePeer peer{s};
        peer.starts();
        const auto told = peer.next<agent::AnnounceCapabilities>().capabilities;
        constexpr auto bit = Capability::clipboard_no_release_on_regrab;
        EXPECT_EQ(told.has(bit), guest.has(bit));
    }
}

TEST(SpiceGtkQuirk, RepeatsMaxClipboardWithEachAnnouncement) {
    Scenario s;
    SpicePeer peer{s};
    SpicePeer other{s};
    peer.starts();
    other.starts();
    s.guest.inbox.clear();
    for (auto i = 0; i < 3; ++i) peer.says(agent::MaxClipboard{.bytes = 100});
    EXPECT_FALSE(s.guest.heard<agent::MaxClipboard>()) << "it is one client's, not the guest's";
    s.guest.grabs({text});
    other.requests(text);
    s.guest.answers(long_text(101));
    EXPECT_EQ(other.next_data(), long_text(101));
    peer.requests(text);
    s.guest.answers(long_text(101));
    EXPECT_EQ(peer.next_data(), "");
    peer.says(agent::MaxClipboard{.bytes = -1});
    peer.requests(text);
    s.guest.answers(long_text(101));
    EXPECT_EQ(peer.next_data(), long_text(101)) << "-1 is no limit";
}

TEST(SpiceGtkQuirk, TellsThatItGaveAFileUpWithTheNextThingThatItHears) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "a", 100000);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    peer.file_data(1, long_text(50000));
    peer.inbox.clear();
    s.advance(400ms);
    EXPECT_FALSE(peer.heard(SPICE_MSG_PING));
    s.advance(200ms);
    EXPECT_TRUE(peer.heard(SPICE_MSG_PING)) << "it waits to hear something";
    peer.inbox.clear();
    s.guest.reads = false;
    peer.file_data(1, long_text(40000));
    s.advance(600ms);
    EXPECT_FALSE(peer.heard(SPICE_MSG_PING)) << "it is the guest that is slow";
    s.guest.reads = true;
    s.settle();
    peer.file_data(1, long_text(10000));
    s.advance(600ms);
    EXPECT_FALSE(peer.heard(SPICE_MSG_PING)) << "all of it is here";
}

TEST(SpiceGtkQuirk, SendsSixteenDisplaysWithPhysicalSizes) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    agent::MonitorsConfig config{.positions = true, .physical_sizes = true, .monitors = {}};
    config.monitors.push_back({.width = 1280, .height = 720, .depth = 32, .width_mm = 300, .height_mm = 200});
    config.monitors.resize(16);
    peer.says(config);
    s.advance(200ms);
    const auto seen = s.guest.next<agent::MonitorsConfig>();
    EXPECT_FALSE(seen.physical_sizes) << "the Linux agent drops a layout with them";
    ASSERT_EQ(seen.monitors.size(), 1U);
    EXPECT_EQ(seen.monitors.front().width, 1280U);
    s.guest.replies();
    EXPECT_TRUE(peer.next<agent::Reply>().success);
}

// ---- All clients: pieces and tokens

TEST(SpiceClientQuirk, GluesMessagesOrCutsThemAnywhere) {
    for (std::size_t cut = 1; cut <= 90; ++cut) {
        Scenario s;
        SpicePeer peer{s};
        peer.starts();
        const auto stream = from_hex(
            "01 00 00 00 0e 00 00 00 00*8 04 00 00 00 64 00 00 00"                           // MAX_CLIPBOARD
            " 01 00 00 00 07 00 00 00 00*8 0c 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00"  // GRAB
            " 01 00 00 00 09 00 00 00 00*8 04 00 00 00 00 00 00 00");                        // RELEASE
        for (Bytes left = stream; !left.empty(); left = left.subspan(std::min(cut, left.size())))
            peer.agent_data(left.first(std::min(cut, left.size())));
        ASSERT_FALSE(peer.closed()) << cut << ": " << *peer.closed();
        EXPECT_TRUE(s.guest.heard<agent::ClipboardGrab>()) << cut;
        EXPECT_TRUE(s.guest.heard<agent::ClipboardRelease>()) << cut;
    }
}

TEST(SpiceClientQuirk, GrantsFourBillionTokensAndMore) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts(0xffffffff);
    peer.grants(0xffffffff);
    peer.grants(0xffffffff);
    s.guest.grabs({text});
    EXPECT_TRUE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpiceClientQuirk, ConnectedTokensSetAndAgentTokensAdd) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    for (auto i = 0; i < 7; ++i) peer.says(agent::MaxClipboard{.bytes = 1000});
    peer.inbox.clear();
    for (auto i = 0; i < 5; ++i) peer.says(agent::MaxClipboard{.bytes = 1000});
    EXPECT_EQ(word(peer.next(SPICE_MSG_MAIN_AGENT_TOKEN), 0), 5U);
    s.guest.goes();
    s.guest.comes();
    EXPECT_EQ(word(peer.next(SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS), 0), limits::spice_tokens);
    peer.inbox.clear();
    peer.starts();
    for (std::size_t i = 1; i < limits::spice_tokens; ++i)
        peer.agent_data(from_hex("01 00 00 00 0e 00 00 00 00*8 04 00 00 00 64 00 00 00"));
    EXPECT_FALSE(peer.closed());
}

TEST(SpiceClientQuirk, AgentStartWhileItIsOnSetsTheTokens) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.says("00 00 00 00", SPICE_MSGC_MAIN_AGENT_START);
    peer.tokens = 0;  // SpicePeer throws where they are overdrawn
    s.guest.grabs({text});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
    peer.grants(1);
    EXPECT_TRUE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpiceClientQuirk, FinishesAMessageThatItBeganForAFormerAgent) {
    for (const auto& kind : {spice_gtk, spice_html5_fork}) {
        Scenario s;
        SpicePeer peer{s, kind};
        peer.starts();
        peer.grabs({text});
        s.guest.requests(text);
        ByteVector stream = from_hex("01 00 00 00 04 00 00 00 00*8 90 13 00 00 00 00 00 00 01 00 00 00");
        stream.resize(20 + 5008, std::byte{'x'});
        peer.agent_data(Bytes{stream}.first(2048));
        s.guest.goes();
        s.guest.comes();
        peer.agent_inbox.clear();
        peer.says("ff ff ff ff", SPICE_MSGC_MAIN_AGENT_START);
        peer.agent_data(Bytes{stream}.subspan(2048, 2048));  // the tail that was queued
        peer.agent_data(Bytes{stream}.subspan(4096));
        peer.announces(true);
        EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
        EXPECT_FALSE(peer.closed());
    }
}

TEST(SpiceClientQuirk, SecondAnnouncementWithARequestBeginsAnew) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    s.guest.grabs({text});
    s.guest.grabs({png});
    peer.agent_inbox.clear();
    s.guest.inbox.clear();
    peer.announces(true);
    EXPECT_FALSE(peer.next<agent::AnnounceCapabilities>().request);
    const auto grab = peer.next<agent::ClipboardGrab>();
    EXPECT_EQ(grab.formats, FormatList{png});
    EXPECT_EQ(grab.serial.raw(), 0U) << "serials begin anew";
    EXPECT_FALSE(s.guest.heard<agent::AnnounceCapabilities>()) << "to the guest that were a new client";
}

TEST(SpiceClientQuirk, AnnouncementWithoutAWordIsOneOfNothing) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.agent_inbox.clear();
    peer.says(AgentType::announce_capabilities, from_hex("01 00 00 00"));
    EXPECT_FALSE(peer.closed());
    EXPECT_TRUE(peer.heard<agent::AnnounceCapabilities>());
    peer.agent_inbox.clear();
    s.guest.grabs({text});
    EXPECT_FALSE(peer.heard<agent::ClipboardGrab>());
}

TEST(SpiceClientQuirk, SecondOneLeavesTheFirstAlone) {
    Scenario s;
    SpicePeer first{s};
    first.starts();
    SpicePeer second{s};
    second.starts();
    EXPECT_FALSE(first.closed());
    s.guest.grabs({text});
    EXPECT_TRUE(first.heard<agent::ClipboardGrab>());
    EXPECT_TRUE(second.heard<agent::ClipboardGrab>());
}

// ---- Agents behind the bridge

TEST(AgentQuirk, ReleaseOfOneByteReachesEachClientInItsDialect) {
    Scenario s;
    SpicePeer modern{s};
    SpicePeer plain{s, pure_spice};
    for (auto* peer : {&modern, &plain}) peer->starts();
    s.guest.grabs({text});
    s.guest.says(AgentType::clipboard_release, from_hex("00"));
    EXPECT_EQ(modern.next<agent::ClipboardRelease>().selection, Selection::clipboard);
    EXPECT_EQ(modern.last.body->size(), 4U);
    EXPECT_TRUE(plain.heard<agent::ClipboardRelease>());
    static_cast<void>(plain.next<agent::ClipboardRelease>());
    EXPECT_EQ(plain.last.body->size(), 0U);
}

TEST(AgentQuirk, WindowsAnswersOnTheWrongPortWhatCameInSeveralChunks) {
    Scenario s{HubSettings{}, windows_agent};
    SpicePeer peer{s};
    peer.starts();
    const auto before = s.guest.bytes_heard;
    peer.says(AgentType::monitors_config, from_hex("01 00 00 00 00 00 00 00 58 02 00 00 20 03 00 00 20 00 00 00 00*8"),
              limits::agent_header);
    s.advance(200ms);
    EXPECT_TRUE(s.guest.heard<agent::MonitorsConfig>());
    EXPECT_EQ(s.guest.bytes_heard - before, one_chunk(28));
}

TEST(AgentQuirk, WindowsReadsMonitorsThatAreNotThere) {
    Scenario s{HubSettings{}, windows_agent};
    SpicePeer peer{s};
    peer.starts();
    peer.says(AgentType::monitors_config, from_hex("05 00 00 00 00 00 00 00 58 02 00 00"));
    s.advance(200ms);
    EXPECT_FALSE(s.guest.heard<agent::MonitorsConfig>());
    EXPECT_FALSE(peer.closed());
}

TEST(AgentQuirk, LinuxRefusesAStatusWithDetails) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.starts_file(1, "a", 100);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    peer.says(AgentType::file_xfer_status, from_hex("01 00 00 00 02 00 00 00 00 05 00 00 00"));
    EXPECT_EQ(s.guest.next<agent::FileTransferStatus>().status, agent::FileStatus::cancelled);
    EXPECT_EQ(s.guest.last.body->size(), 8U);
}

TEST(AgentQuirk, LayoutMayNeverBeReplied) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    agent::MonitorsConfig config;
    config.monitors = {{.width = 800, .height = 600, .depth = 32}};
    peer.says(config);
    s.advance(60s);
    EXPECT_TRUE(s.guest.heard<agent::MonitorsConfig>());
    EXPECT_FALSE(peer.heard<agent::Reply>()) << "neither did it fail";
    peer.says(config);
    EXPECT_FALSE(peer.closed());
}

TEST(AgentQuirk, WindowsDropsContentsThatItDidNotAskFor) {
    Scenario s;
    SpicePeer peer{s};
    peer.starts();
    peer.grabs({text});
    peer.answers("nobody asked");
    EXPECT_FALSE(s.guest.heard<agent::ClipboardData>());
    s.guest.requests(text);
    peer.answers("asked");
    EXPECT_EQ(s.guest.next_data(), "asked");
}

TEST(AgentQuirk, GrabFromBeforeAClientCameIsNotRepeatedByTheAgent) {
    Scenario s;
    s.guest.grabs({text});
    SpicePeer peer{s};
    peer.starts();
    EXPECT_EQ(peer.next<agent::ClipboardGrab>().serial.raw(), 0U);
}

}  // namespace
}  // namespace vmcbridge::bridge
