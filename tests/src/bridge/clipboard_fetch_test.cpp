// Contents on their way; what clients and guests do wrong with them is in clipboard_limits_test.cpp.
#include "src/bridge/clipboard_broker.hpp"
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::ClipboardData;
using agent::ClipboardRequest;

/// A guest that owns a copy, and a client that has been offered it.
struct Copied : Scenario {
    explicit Copied(HubSettings settings = {}, agent::CapabilitySet agent = linux_agent)
        : Scenario{std::move(settings), agent}, alice{joins()} {
        guest.grabs({text, png});
        alice.forgets();
    }
    FakeClient& alice;
};

/// A client that owns a copy of which the guest knows.
struct Offered : Scenario {
    explicit Offered(HubSettings settings = {}, agent::CapabilitySet agent = linux_agent)
        : Scenario{std::move(settings), agent}, alice{joins()} {
        alice.grabs({text, png});
        guest.inbox.clear();
        alice.forgets();
    }
    FakeClient& alice;
};

// ---- From the guest

TEST(FetchFromGuest, ShortTextComesInsideItsFrame) {
    Copied s;
    s.alice.requests(1, text);
    const auto request = s.guest.next<ClipboardRequest>();
    EXPECT_EQ(request, (ClipboardRequest{Selection::clipboard, text}));
    s.guest.answers("héllo\r\nwörld\n");
    const auto data = s.alice.next("clipboard-data");
    EXPECT_EQ(data.number("id"), 1U);
    EXPECT_EQ(data.string("format"), "text/plain");
    EXPECT_EQ(data.string("text"), "héllo\r\nwörld\n") << "an LF guest's bytes are untouched";
}

TEST(FetchFromGuest, TextUpTo64KiBComesInsideItsFrameAndLongerAsAStream) {
    for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 300'000UL}) {
        Copied s;
        s.alice.requests(1, text);
        s.guest.answers(long_text(size));
        EXPECT_EQ(s.alice.next("clipboard-data").has("text"), size <= 65536) << size;
        EXPECT_TRUE(s.alice.contents(1) == long_text(size)) << size;
    }
}

TEST(FetchFromGuest, AnImageComesByteForByteWhateverItsCuts) {
    for (const std::size_t chunk : {2040UL, 1UL << 30}) {
        Copied s;
        s.guest.chunk = chunk;
        s.guest.cut = 3001;
        s.alice.requests(1, png);
        s.guest.answers(long_text(200'000), png);
        EXPECT_TRUE(s.alice.contents(1) == long_text(200'000));
    }
}

TEST(FetchFromGuest, ContentsPassAsTheyComeAndAreNotHeldBack) {
    Copied s;
    s.alice.requests(1, png);
    ByteVector wire = from_hex("01 00 00 00 ff ff ff 00 01 00 00 00 04 00 00 00 00*8 08 40 1f 00");
    wire.resize(wire.size() + 8);
    wire[wire.size() - 4] = std::byte{2};
    s.guest.writes(wire);
    EXPECT_EQ(s.alice.next("clipboard-data").number("size"), 2'048'000U);
    s.guest.writes(ByteVector(50'000, std::byte{'x'}));
    EXPECT_EQ(s.alice.bytes_of_streams(), 50'000U);
}

TEST(FetchFromGuest, TextThatIsNoUtf8ComesAsAStreamOfItsBytes) {
    Copied s;
    s.alice.requests(1, text);
    s.guest.answers("a\xff\xfe");
    EXPECT_TRUE(s.alice.next("clipboard-data").has("stream"));
    EXPECT_EQ(s.alice.contents(1), "a\xff\xfe");
}

TEST(FetchFromGuest, NobodyReceivesWhatAnotherAskedFor) {
    Copied s;
    auto& bob = s.joins();
    s.alice.requests(1, text);
    s.guest.answers("for alice");
    EXPECT_FALSE(bob.heard("clipboard-data"));
}

TEST(FetchFromGuest, SimultaneousRequestsForTheSameContentsShareOneQuestion) {
    Copied s;
    auto& bob = s.joins();
    s.alice.requests(1, png);
    bob.requests(1, png);
    s.alice.requests(2, png);
    EXPECT_EQ(s.guest.count<ClipboardRequest>(), 1U);
    s.guest.answers("image", png);
    EXPECT_EQ(s.alice.contents(1), "image");
    EXPECT_EQ(s.alice.contents(2), "image");
    EXPECT_EQ(bob.contents(1), "image");
}

TEST(FetchFromGuest, ARequestThatComesAmidAnAnswerIsAskedAnew) {
    Copied s;
    s.alice.requests(1, png);
    const auto image = long_text(10'000);
    ByteVector body = from_hex("00 00 00 00 02 00 00 00");
    const auto bytes = as_bytes(image);
    body.insert(body.end(), bytes.begin(), bytes.end());
    s.guest.chunk = 6000;
    s.guest.cut = 6008;
    auto& bob = s.joins();
    // The first of the two chunks is read, then the other client asks.
    s.guest.is_held = true;
    s.guest.says(AgentType::clipboard, body);
    s.guest.lets_read(6008);
    bob.requests(7, png);
    s.guest.is_held = false;
    s.settle();
    EXPECT_EQ(s.alice.contents(1), image);
    EXPECT_FALSE(bob.has_contents(7));
    EXPECT_EQ(s.guest.count<ClipboardRequest>(), 2U);
    s.guest.answers(image, png);
    EXPECT_EQ(bob.contents(7), image);
}

TEST(FetchFromGuest, AnswersCarryNoNumberSoOneQuestionASelectionAtATime) {
    Copied s;
    s.alice.requests(1, text);
    s.alice.requests(2, png);
    EXPECT_EQ(s.guest.count<ClipboardRequest>(), 1U);
    s.guest.answers("words");
    EXPECT_EQ(s.guest.count<ClipboardRequest>(), 2U);
    s.guest.answers("image", png);
    EXPECT_EQ(s.alice.contents(1), "words");
    EXPECT_EQ(s.alice.contents(2), "image");
}

TEST(FetchFromGuest, AnEmptyTextIsAnEmptyText) {
    Copied s;
    s.alice.requests(1, text);
    s.guest.answers("");
    EXPECT_EQ(s.alice.contents(1), "");
}

TEST(FetchFromGuest, AnEmptyImageIsAnError) {
    Copied s;
    s.alice.requests(1, png);
    s.guest.answers("", png);
    EXPECT_EQ(s.alice.error(1), "guest-error");
}

TEST(FetchFromGuest, AnAnswerOfTypeNoneMeansThatTheGuestHasNothing) {
    Copied s;
    s.alice.requests(1, png);
    s.guest.answers("", ClipboardFormat::none);
    EXPECT_EQ(s.alice.error(1), "not-offered");
}

TEST(FetchFromGuest, WhatIsTooLargeIsRefusedByItsAnnouncedSizeAndItsBytesGoByUnkept) {
    Copied s{with_policy([](auto& p) { p.from_guest.max_bytes = 100'000; })};
    s.alice.requests(1, png);
    s.guest.answers(long_text(100'001), png);
    EXPECT_EQ(s.alice.error(1), "too-large");
    s.alice.requests(2, png);
    s.guest.answers(long_text(100'000), png);
    EXPECT_TRUE(s.alice.contents(2) == long_text(100'000));
}

TEST(FetchFromGuest, ARequestThatCannotBeServedIsRefusedAtOnce) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    alice.requests(1, text);
    EXPECT_EQ(alice.error(1), "no-agent");
    s.guest.comes();
    alice.requests(2, text);
    EXPECT_EQ(alice.error(2), "not-owner");
    s.guest.grabs({text});
    alice.requests(3, png);
    EXPECT_EQ(alice.error(3), "not-offered");
    alice.requests(4, text, Selection::primary);
    EXPECT_EQ(alice.error(4), "disabled");
    auto& writer = s.joins({policy::Permission::clipboard_to_guest});
    writer.requests(5, text);
    EXPECT_EQ(writer.error(5), "forbidden");
    alice.grabs({text});
    alice.requests(6, text);
    EXPECT_EQ(alice.error(6), "not-owner") << "it is its own";
    s.settings(with_policy([](auto& p) { p.from_guest.formats = {png}; }));
    s.guest.grabs({text});
    alice.requests(7, text);
    EXPECT_EQ(alice.error(7), "policy-format");
    s.settings(with_policy([](auto& p) { p.from_guest.formats = {}; }));
    alice.requests(8, text);
    EXPECT_EQ(alice.error(8), "policy-direction");
    EXPECT_FALSE(s.guest.heard<ClipboardRequest>());
}

// ---- To the guest

TEST(FetchToGuest, TextInsideItsFrame) {
    Offered s;
    s.guest.requests(text);
    const auto request = s.alice.next("clipboard-request");
    EXPECT_EQ(request.string("format"), "text/plain");
    EXPECT_FALSE(s.guest.heard<ClipboardData>());
    s.alice.answers(request.number("id"), "a\r\nb\nc");
    EXPECT_EQ(s.guest.next_data(), "a\r\nb\nc") << "an LF guest's bytes are untouched";
}

TEST(FetchToGuest, AStreamOfAnySize) {
    for (const std::size_t size : {1UL, 2019UL, 2020UL, 2021UL, 65536UL, 65537UL, 3'000'000UL}) {
        Offered s;
        s.guest.room = 4096;
        s.guest.requests(png);
        s.alice.answers(s.alice.asked(), png, 5, size);
        EXPECT_EQ(s.alice.streams(5, long_text(size)), size);
        EXPECT_TRUE(s.guest.next_data() == long_text(size)) << size;
    }
}

TEST(FetchToGuest, AMessageIsBegunOnlyWhenAllOfItIsHere) {
    Offered s;
    s.guest.requests(png);
    s.alice.answers(s.alice.asked(), png, 5, 10);
    const auto heard = s.guest.bytes_heard;
    s.alice.sends(5, "123456789");
    EXPECT_EQ(s.guest.bytes_heard, heard);
    s.alice.sends(5, "0");
    EXPECT_EQ(s.guest.next_data(), "1234567890");
}

TEST(FetchToGuest, SeveralRequestsForTheSameGetOneAnswerEach) {
    Offered s;
    for (int i = 0; i < 3; ++i) s.guest.requests(text);
    EXPECT_EQ(s.alice.count("clipboard-request"), 1U);
    s.alice.answers(s.alice.asked(), "x");
    EXPECT_EQ(s.guest.count<ClipboardData>(), 3U);
}

TEST(FetchToGuest, ARequestAmidTheOwnersAnswerSharesIt) {
    Offered s;
    s.guest.requests(png);
    s.alice.answers(s.alice.asked(), png, 1, 4);
    s.alice.sends(1, "ab");
    s.guest.requests(png);
    EXPECT_FALSE(s.alice.heard("clipboard-request"));
    s.alice.sends(1, "cd");
    EXPECT_EQ(s.guest.next_data(), "abcd");
    EXPECT_EQ(s.guest.next_data(), "abcd");
}

TEST(FetchToGuest, NothingIsAnsweredWithTheTypeThatWasAskedForSinceAgentsWaitOnWhenToldNone) {
    Scenario s;
    s.guest.requests(png);
    const auto answer = s.guest.next<ClipboardData>();
    EXPECT_EQ(answer.format, png);
    EXPECT_TRUE(answer.data.empty());
}

TEST(FetchToGuest, WhatTheOwnerCannotGiveIsAnsweredWithNothing) {
    Offered s;
    s.guest.requests(text);
    s.alice.fails(s.alice.asked(), "cancelled");
    EXPECT_EQ(s.guest.next_data(), "");
    s.guest.requests(text);
    s.alice.answers(s.alice.asked(), "this time");
    EXPECT_EQ(s.guest.next_data(), "this time");
}

TEST(FetchToGuest, AnEmptyCopyIsAnsweredWithNothing) {
    Offered s;
    s.guest.requests(text);
    s.alice.answers(s.alice.asked(), "");
    EXPECT_EQ(s.guest.next<ClipboardData>().format, text);
    s.guest.requests(png);
    s.alice.answers(s.alice.asked(), png, 1, 0);
    EXPECT_EQ(s.guest.next<ClipboardData>().format, png);
}

// ---- Between clients

TEST(FetchBetweenClients, SharedContentsGoFromOneToTheOtherAndToTheGuestAtOnce) {
    Offered s{with_policy([](auto& p) { p.share_between_clients = true; })};
    auto& bob = s.joins();
    bob.requests(1, text);
    s.guest.requests(text);
    EXPECT_EQ(s.alice.count("clipboard-request"), 1U);
    s.alice.answers(s.alice.asked(), "for both");
    EXPECT_EQ(bob.contents(1), "for both");
    EXPECT_EQ(s.guest.next_data(), "for both");
}

TEST(FetchBetweenClients, AnEmptyImageIsAStreamOfNothing) {
    Offered s{with_policy([](auto& p) { p.share_between_clients = true; })};
    auto& bob = s.joins();
    bob.requests(1, png);
    s.alice.answers(s.alice.asked(), png, 1, 0);
    EXPECT_EQ(bob.contents(1), "");
    EXPECT_FALSE(bob.heard("clipboard-error"));
}

TEST(FetchBetweenClients, WithoutSharingNobodyMayAsk) {
    Offered s;
    auto& bob = s.joins();
    bob.requests(1, text);
    EXPECT_EQ(bob.error(1), "not-owner");
}

// ---- Line ends of a guest with CRLF

struct Windows : Copied {
    Windows() : Copied{{}, windows_agent} {}
};

TEST(LineEndsOfAWindowsGuest, AreLfForClients) {
    Windows s;
    s.alice.requests(1, text);
    s.guest.answers("one\r\ntwo\rthree\r\n\r\n");
    EXPECT_EQ(s.alice.contents(1), "one\ntwo\rthree\n\n");
}

TEST(LineEndsOfAWindowsGuest, AreConvertedWhateverThePiecesAndTheLength) {
    std::string dos;
    std::string unix_text;
    while (unix_text.size() < 100'000) {
        dos += "line " + std::to_string(dos.size()) + "\r\n\r";
        unix_text += dos.substr(dos.rfind("line"), dos.size() - dos.rfind("line") - 3) + "\n\r";
    }
    for (const std::size_t cut : {1UL, 2UL, 4095UL, 100'000UL}) {
        Windows s;
        s.guest.cut = cut;
        s.guest.chunk = 2040;
        s.alice.requests(1, text);
        s.guest.answers(dos);
        ASSERT_TRUE(s.alice.contents(1) == unix_text) << cut;
    }
}

TEST(LineEndsOfAWindowsGuest, AreCrlfForIt) {
    Offered s{{}, windows_agent};
    s.guest.requests(text);
    s.alice.answers(s.alice.asked(), "one\ntwo\r\nthree\rfour\n");
    EXPECT_EQ(s.guest.next_data(), "one\r\ntwo\r\nthree\rfour\r\n");
}

TEST(LineEndsOfAWindowsGuest, AreCrlfForItInLongTextsCutBetweenCrAndLf) {
    std::string lf;
    std::string crlf;
    while (lf.size() < 200'000) {
        lf += "x\n\ny\r\nz";
        crlf += "x\r\n\r\ny\r\nz";
    }
    for (const std::size_t cut : {6UL, 7UL, 65536UL}) {  // 6: between the CR and its LF
        Offered s{{}, windows_agent};
        s.guest.requests(text);
        s.alice.answers(s.alice.asked(), text, 3, lf.size());
        s.alice.sends(3, std::string_view{lf}.substr(0, cut));
        s.alice.streams(3, std::string_view{lf}.substr(cut));
        ASSERT_TRUE(s.guest.next_data() == crlf) << cut;
    }
}

TEST(LineEndsOfAWindowsGuest, AreLeftAloneInImages) {
    Windows s;
    s.alice.requests(1, png);
    s.guest.answers("a\r\nb", png);
    EXPECT_EQ(s.alice.contents(1), "a\r\nb");
}

// ---- What changes meanwhile

TEST(FetchMeanwhile, LateDataForASupersededGrabAreDroppedAndCounted) {
    Copied s;
    s.alice.requests(1, text);
    s.guest.grabs({text});
    EXPECT_EQ(s.alice.error(1), "not-owner");
    s.alice.requests(2, text);
    s.guest.answers("of the old grab");
    EXPECT_FALSE(s.alice.has_contents(2));
    s.guest.answers("of the new grab");
    EXPECT_EQ(s.alice.contents(2), "of the new grab");
    EXPECT_EQ(s.hub.status().counters.clipboard_stale, 1U);
}

TEST(FetchMeanwhile, EachOfSeveralLateAnswersIsDropped) {
    Copied s;
    s.alice.requests(1, text);
    s.guest.grabs({text});
    s.alice.requests(2, text);
    s.guest.grabs({text});
    s.alice.requests(3, text);
    s.guest.answers("first");
    s.guest.answers("second");
    EXPECT_FALSE(s.alice.has_contents(3));
    s.guest.answers("third");
    EXPECT_EQ(s.alice.contents(3), "third");
}

TEST(FetchMeanwhile, AnAnswerThatComesAfterItsDeadlineAndANewGrabIsDropped) {
    Copied s;
    s.alice.requests(1, text);
    s.advance(5s);
    EXPECT_EQ(s.alice.error(1), "timeout");
    s.guest.grabs({text});
    s.alice.requests(2, text);
    s.guest.answers("of the old grab");
    EXPECT_FALSE(s.alice.has_contents(2));
    s.guest.answers("of the new grab");
    EXPECT_EQ(s.alice.contents(2), "of the new grab");
}

TEST(FetchMeanwhile, AnAnswerThatComesAfterItsDeadlineServesTheNextRequestOfTheSameGrab) {
    Copied s;
    s.alice.requests(1, text);
    s.advance(5s);
    s.alice.requests(2, text);
    s.guest.answers("slow");
    EXPECT_EQ(s.alice.contents(2), "slow");
}

TEST(FetchMeanwhile, AnAgentThatNeverAnswersTheOldQuestionIsHeardAgainAfterTheDeadline) {
    Copied s;
    s.alice.requests(1, text);
    s.guest.grabs({text});
    s.advance(5s);
    s.alice.requests(2, text);
    s.guest.answers("fresh");
    EXPECT_EQ(s.alice.contents(2), "fresh");
}

TEST(FetchMeanwhile, ASupersededGrabIsAskedForNoMore) {
    Copied s;
    s.alice.requests(1, text);
    s.alice.requests(2, png);
    s.guest.inbox.clear();
    s.guest.releases();
    EXPECT_FALSE(s.guest.heard<ClipboardRequest>());
    EXPECT_EQ(s.alice.error(1), "not-owner");
    EXPECT_EQ(s.alice.error(2), "not-owner");
}

TEST(FetchMeanwhile, DataThatNobodyAskedForAreDroppedAndCounted) {
    Copied s;
    s.guest.answers("psst");
    EXPECT_FALSE(s.alice.heard("clipboard-data"));
    EXPECT_EQ(s.hub.status().counters.clipboard_stale, 1U);
}

TEST(FetchMeanwhile, AnAgentThatGoesAmidAnAnswerIsNamed) {
    Copied s;
    s.guest.is_held = true;
    s.alice.requests(1, png);
    s.alice.requests(2, text);
    s.guest.answers(long_text(50'000), png);
    s.guest.lets_read(10'000);
    s.guest.is_held = false;
    s.guest.goes();
    EXPECT_EQ(s.alice.error(1), "agent-gone");
    EXPECT_EQ(s.alice.error(2), "agent-gone");
    s.guest.comes();
    s.guest.grabs({png});
    s.alice.requests(1, png);
    s.guest.answers("new", png);
    EXPECT_EQ(s.alice.contents(1), "new");
}

TEST(FetchMeanwhile, AnOwnerThatGoesAmidItsAnswerLeavesAnEmptyOne) {
    Offered s{with_policy([](auto& p) { p.share_between_clients = true; })};
    auto& bob = s.joins();
    s.guest.requests(png);
    bob.requests(1, png);
    s.alice.answers(s.alice.asked(), png, 1, 100);
    s.alice.sends(1, "some");
    s.alice.goes();
    EXPECT_EQ(s.guest.next_data(), "");
    EXPECT_EQ(bob.error(1), "not-owner");
}

TEST(FetchMeanwhile, AnOwnerThatIsAskedForWhatIsReplacedHearsNoMoreOfIt) {
    Offered s;
    s.guest.requests(text);
    const auto fetch = s.alice.asked();
    s.guest.grabs({text});
    s.alice.answers(fetch, "late");
    EXPECT_EQ(s.alice.next("error").string("code"), "not-owner");
    EXPECT_EQ(s.guest.next_data(), "") << "what it was answered when the grab went";
    EXPECT_FALSE(s.guest.heard<ClipboardData>());
}

TEST(FetchMeanwhile, AClientThatGoesTakesItsRequestsAlong) {
    Copied s;
    auto& bob = s.joins();
    s.alice.requests(1, text);
    bob.requests(1, text);
    s.alice.goes();
    s.guest.answers("for bob");
    EXPECT_EQ(bob.contents(1), "for bob");
}

// ---- The deadline

TEST(FetchDeadline, AGuestThatIsSilentForFiveSecondsIsATimeout) {
    Copied s;
    s.alice.requests(1, text);
    s.advance(4999ms);
    EXPECT_FALSE(s.alice.heard("clipboard-error"));
    s.advance(1ms);
    EXPECT_EQ(s.alice.error(1), "timeout");
    s.guest.answers("too late");
    EXPECT_FALSE(s.alice.heard("clipboard-data"));
}

TEST(FetchDeadline, AClientThatIsSilentIsAnEmptyAnswerForTheGuest) {
    Offered s;
    s.guest.requests(text);
    s.advance(5s);
    EXPECT_EQ(s.guest.next<ClipboardData>().format, text);
    s.alice.answers(s.alice.asked(), "too late");
    EXPECT_FALSE(s.guest.heard<ClipboardData>());
}

TEST(FetchDeadline, RunsAnewWithEachPieceOnceContentsCome) {
    Offered s;
    s.guest.requests(png);
    s.alice.answers(s.alice.asked(), png, 1, 3);
    for (const auto* piece : {"a", "b"}) {
        s.alice.sends(1, piece);
        s.advance(4s);
    }
    s.alice.sends(1, "c");
    EXPECT_EQ(s.guest.next_data(), "abc");
}

TEST(FetchDeadline, AStreamThatStopsAmidItsContentsIsATimeout) {
    Copied s;
    s.guest.is_held = true;
    s.alice.requests(1, png);
    s.guest.answers(long_text(50'000), png);
    s.guest.lets_read(10'000);
    s.advance(5s);
    EXPECT_EQ(s.alice.error(1), "timeout");
    s.guest.is_held = false;
    s.settle();
    EXPECT_FALSE(s.alice.has_contents(1));
}

TEST(FetchDeadline, IsThatOfTheConfiguration) {
    HubSettings settings;
    settings.limits.request_deadline = 300ms;
    Copied s{settings};
    s.alice.requests(1, text);
    s.advance(300ms);
    EXPECT_EQ(s.alice.error(1), "timeout");
}

TEST(SlowClients, WhoTookNothingMayNotHoldTheGuestUpAgainAtOnce) {
    Scenario s;
    auto& slow = s.joins();
    auto& other = s.joins();
    slow.grants = false;
    s.guest.grabs({png});
    slow.requests(1, png);
    s.guest.answers(long_text(4 * limits::mib), png);
    s.advance(6s);
    EXPECT_EQ(slow.error(1), "timeout");
    slow.requests(2, png);
    EXPECT_EQ(slow.error(2), "busy");
    other.requests(1, png);
    s.guest.answers("P", png);
    EXPECT_EQ(other.contents(1), "P");
    s.advance(20s);
    slow.grants = true;
    slow.requests(3, png);
    s.guest.answers("P", png);
    EXPECT_EQ(slow.contents(3), "P");
}

}  // namespace
}  // namespace vmcbridge::bridge
