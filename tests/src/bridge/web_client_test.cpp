// What waits for a browser is bounded, whoever makes it wait; and what it is given keeps to its credit.
#include "src/bridge/web_client.hpp"

#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;

struct Copied : Scenario {
    explicit Copied(HubSettings settings = {}, SpoolFactory spools = nullptr)
        : Scenario{std::move(settings), std::move(spools)}, alice{joins()}, bob{joins()} {
        guest.cut = 64UL * 1024;
        guest.grabs({text, png});
        alice.forgets();
        bob.forgets();
    }
    FakeClient& alice;
    FakeClient& bob;
};

// ---- Credit

TEST(CreditOfAClient, IsNeverExceededAndUsedToTheLastByte) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(100'000), png);
    EXPECT_EQ(s.alice.bytes_of_streams(), limits::initial_credit);
    const auto stream = static_cast<std::uint32_t>(s.alice.next("clipboard-data").number("stream"));
    s.alice.credit(stream, 1);
    EXPECT_EQ(s.alice.bytes_of_streams(), limits::initial_credit + 1);
    s.alice.credit(stream, 9'999'999);
    EXPECT_TRUE(s.alice.contents(1) == long_text(100'000));
}

TEST(CreditOfAClient, BeyondAllNumbersIsJustMuch) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(100'000), png);
    const auto stream = static_cast<std::uint32_t>(s.alice.next("clipboard-data").number("stream"));
    for (int i = 0; i < 3; ++i) s.alice.credit(stream, limits::max_id);
    EXPECT_TRUE(s.alice.contents(1) == long_text(100'000));
}

TEST(CreditOfAClient, ForAStreamThatIsOverOrNeverWasIsNoFault) {
    Copied s;
    s.alice.credit(77, 1);
    EXPECT_TRUE(s.alice.inbox.empty());
}

TEST(StreamsToAClient, AreSentByTurns) {
    Copied s{with_policy([](auto& p) { p.primary_selection = true; })};
    s.guest.grabs({png}, Selection::primary);
    s.alice.reads = false;
    s.alice.requests(1, png);
    s.alice.requests(2, png, Selection::primary);
    s.guest.answers(std::string(100'000, 'a'), png);
    s.guest.answers(std::string(100'000, 'b'), png, Selection::primary);
    s.alice.reads = true;
    s.alice.log.clear();
    s.settle();
    const auto bytes = [](const std::string& entry) { return entry.starts_with("bytes"); };
    const auto first = std::ranges::find_if(s.alice.log, bytes);
    ASSERT_NE(first, s.alice.log.end());
    EXPECT_EQ(first->substr(0, 7), "bytes 1");
    const auto second = std::find_if(std::next(first), s.alice.log.end(), bytes);
    EXPECT_EQ(second->substr(0, 7), "bytes 2");
}

TEST(StreamsToAClient, AnIdWhoseAnswerIsUnderWayIsInUse) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(100'000), png);
    s.alice.requests(1, png);
    EXPECT_EQ(s.alice.next("error").string("code"), "bad-frame");
    EXPECT_FALSE(s.alice.heard("clipboard-error"));
}

// ---- A slow client

TEST(SlowClient, PausesTheGuestWhenMoreThanItsOutboxWaits) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(4'000'000), png);
    EXPECT_FALSE(s.hub.guest_is_readable());
    EXPECT_GT(s.guest.bytes_unread, 3'000'000U);
    const auto stream = static_cast<std::uint32_t>(s.alice.next("clipboard-data").number("stream"));
    s.alice.grants = true;
    s.alice.credit(stream, 256 * 1024);
    EXPECT_TRUE(s.alice.contents(1) == long_text(4'000'000));
}

TEST(SlowClient, ThatTakesWhatWaitsIsWaitedForNoMoreThoughItGrantsNothing) {
    Copied s;
    s.alice.requests(1, png);
    s.alice.grants = false;
    s.guest.is_held = true;
    s.guest.answers(long_text(700'000), png);
    s.guest.lets_read(1000);
    s.alice.credit(static_cast<std::uint32_t>(s.alice.next("clipboard-data").number("stream")), limits::max_id);
    s.alice.reads = false;
    s.guest.is_held = false;
    s.settle();
    EXPECT_FALSE(s.hub.guest_is_readable());
    s.alice.reads = true;
    s.settle();
    EXPECT_TRUE(s.hub.guest_is_readable());
    EXPECT_TRUE(s.alice.contents(1) == long_text(700'000));
}

TEST(SlowClient, LosesItsStreamAfterTheDeadlineAndNobodyElseTheirs) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.bob.requests(1, png);
    s.guest.answers(long_text(4'000'000), png);
    s.advance(4999ms);
    EXPECT_FALSE(s.alice.heard("clipboard-error"));
    s.advance(1ms);
    EXPECT_EQ(s.alice.error(1), "timeout");
    EXPECT_FALSE(s.alice.closed);
    EXPECT_TRUE(s.bob.contents(1) == long_text(4'000'000));
}

TEST(SlowClient, DoesNotLetTheRequestsBehindItTimeOut) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.is_held = true;
    s.guest.answers(long_text(4'000'000), png);
    s.guest.lets_read(1000);
    s.bob.requests(1, png);
    s.advance(1s);
    s.guest.is_held = false;
    s.settle();
    s.advance(4s);
    EXPECT_FALSE(s.bob.heard("clipboard-error")) << "the guest could not answer: it was not read";
    s.advance(1s);
    EXPECT_EQ(s.alice.error(1), "timeout");
    s.guest.answers(long_text(100'000), png);
    EXPECT_TRUE(s.bob.contents(1) == long_text(100'000));
}

TEST(SlowClient, LetsNoFileOrLayoutOfOthersTimeOut) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.bob.says(R"({"type":"lead"})");
    s.bob.resizes(7, 800, 600);
    s.advance(100ms);
    s.guest.answers(long_text(4'000'000), png);
    s.bob.starts_file(1, "a", 10, 1);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    s.guest.replies();
    s.advance(5s);
    EXPECT_EQ(s.alice.error(1), "timeout");
    EXPECT_EQ(s.bob.next("file-status").string("status"), "accepted");
    EXPECT_EQ(s.bob.next("monitors-result").string("status"), "applied");
}

/// Takes a little just before its deadline, each time.
void crawls(Copied& s, std::size_t size) {
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(size), png);
    const auto stream = static_cast<std::uint32_t>(s.alice.next("clipboard-data").number("stream"));
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(s.hub.guest_is_readable());
        s.advance(3s);
        s.alice.credit(stream, 128 * 1024);
    }
}

TEST(SlowClient, HoldsTheGuestUpForOneDeadlineInAllHoweverOftenItTakesALittle) {
    Copied s;
    crawls(s, 3'000'000);
    EXPECT_TRUE(s.hub.guest_is_readable());
    EXPECT_EQ(s.guest.bytes_unread, 0U);
    s.alice.grants = true;
    s.alice.credit(1, 1024 * 1024);
    EXPECT_TRUE(s.alice.contents(1) == long_text(3'000'000)) << "the rest waited for it in a spool";
    EXPECT_EQ(s.alice.count("clipboard-error"), 0U);
    EXPECT_FALSE(s.hub.poll_timeout());
}

TEST(SlowClient, LosesItsStreamThenWhereThereIsNoRoomForTheRest) {
    Copied s;
    s.bob.requests(1, png);
    crawls(s, 5'000'000);
    EXPECT_TRUE(s.hub.guest_is_readable());
    EXPECT_EQ(s.alice.error(1), "timeout");
    EXPECT_TRUE(s.bob.contents(1) == long_text(5'000'000));
}

TEST(SlowClient, GetsTheRestOfWhatItsSpoolTakesAndAnErrorWhereThatBreaks) {
    struct Broken final : Spool {
        bool append(Bytes bytes) override { return (size_ += bytes.size()) < 2'000'000; }
        std::size_t read(std::uint64_t offset, MutableBytes out) const override {
            return static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size() - std::min(offset, size())));
        }
        [[nodiscard]] std::uint64_t size() const noexcept override { return std::min<std::uint64_t>(size_, 2'000'000); }
        std::uint64_t size_ = 0;
    };
    Copied s{{}, [] { return std::make_unique<Broken>(); }};
    crawls(s, 6'000'000);
    EXPECT_TRUE(s.hub.guest_is_readable());
    s.alice.grants = true;
    s.alice.credit(1, 1024 * 1024);
    EXPECT_EQ(s.alice.error(1), "no-space");
}

TEST(SlowClient, ThatIsLostIsWaitedForNoMore) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.bob.requests(1, png);
    s.guest.answers(long_text(2'000'000), png);
    s.alice.is_lost();
    EXPECT_TRUE(s.bob.contents(1) == long_text(2'000'000));
}

TEST(SlowClient, LosesAStreamThatTheGuestHasFinishedToo) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.guest.answers(long_text(limits::client_outbox + limits::initial_credit + 1), png);
    EXPECT_FALSE(s.hub.guest_is_readable());
    EXPECT_EQ(s.guest.bytes_unread, 0U);
    s.advance(5s);
    EXPECT_EQ(s.alice.error(1), "timeout");
    EXPECT_TRUE(s.hub.guest_is_readable());
    EXPECT_FALSE(s.hub.poll_timeout());
}

TEST(SlowClient, HasADeadlineOfItsOwn) {
    Copied s{with_policy([](auto& p) { p.primary_selection = true; })};
    s.guest.grabs({png}, Selection::primary);
    s.alice.grants = s.bob.grants = false;
    s.alice.requests(1, png);
    s.bob.requests(1, png, Selection::primary);
    s.guest.answers(long_text(560'000), png);
    s.guest.is_held = true;
    s.guest.answers(long_text(700'000), png, Selection::primary);
    s.guest.is_held = false;
    s.advance(4s);
    EXPECT_EQ(s.alice.count("clipboard-error") + s.bob.count("clipboard-error"), 0U);
    s.advance(1s);
    EXPECT_EQ(s.alice.count("clipboard-error"), 0U) << "it was never over its outbox";
}

TEST(SlowClient, ThatGoesIsWaitedForNoMore) {
    Copied s;
    s.alice.grants = false;
    s.alice.requests(1, png);
    s.bob.requests(1, png);
    s.guest.answers(long_text(2'000'000), png);
    s.alice.goes();
    EXPECT_TRUE(s.bob.contents(1) == long_text(2'000'000));
}

// ---- Text that waits

TEST(TextThatWaits, PausesTheClientThatAskedForItAndWakesItWhenTaken) {
    Copied s;
    s.alice.reads = false;
    auto asked = 0;
    while (s.hub.client_is_readable(s.alice.id) && asked < 100'000)
        s.alice.says(R"({"type":"ping","id":)" + std::to_string(++asked) + "}");
    EXPECT_LT(asked, 10'000);
    (void)s.hub.take_ready_clients();
    while (!s.hub.client_is_readable(s.alice.id)) ASSERT_TRUE(s.hub.poll_client(s.alice.id));
    EXPECT_EQ(s.hub.take_ready_clients(), std::vector{s.alice.id});
}

TEST(TextThatWaits, OfOneLongAnswerPausesAndWakesToo) {
    Copied s;
    s.alice.reads = false;
    s.alice.requests(1, text);
    s.guest.answers(std::string(65'000, '\n'));
    EXPECT_FALSE(s.hub.client_is_readable(s.alice.id));
    (void)s.hub.take_ready_clients();
    EXPECT_TRUE(s.hub.poll_client(s.alice.id));
    EXPECT_TRUE(s.hub.client_is_readable(s.alice.id));
    EXPECT_EQ(s.hub.take_ready_clients(), std::vector{s.alice.id});
}

TEST(TextThatWaits, LetsGoOfAClientThatNeverReads) {
    Copied s;
    s.alice.reads = false;
    for (auto i = 0; i < 100'000 && !s.alice.closed; ++i) s.alice.says(R"({"type":"ping","id":1})");
    ASSERT_TRUE(s.alice.closed);
    EXPECT_EQ(s.alice.closed->code, browser::CloseCode::too_slow);
    EXPECT_FALSE(s.hub.poll_client(s.alice.id));
}

TEST(TextThatWaits, ManyShortAnswersAtOnceAreNoReasonToLetAClientGo) {
    Copied s;
    s.alice.reads = false;
    for (std::uint64_t id = 1; id <= limits::client_requests; ++id) s.alice.requests(id, text);
    const std::string controls(limits::inline_text, '\x01');  // six bytes a byte in JSON
    s.guest.answers(controls);
    EXPECT_FALSE(s.alice.closed);
    s.alice.reads = true;
    s.settle();
    for (std::uint64_t id = 1; id <= limits::client_requests; ++id) EXPECT_TRUE(s.alice.contents(id) == controls);
}

TEST(TextThatWaits, OfAStateIsTheLastOneOnly) {
    Copied s;
    s.bob.reads = false;
    s.bob.forgets();
    for (int i = 0; i < 20'000; ++i) {
        s.guest.grabs({text});
        s.guest.capabilities = i % 2 == 0 ? old_linux_agent : linux_agent;
        s.guest.announces(false);
    }
    s.guest.grabs({png});
    EXPECT_FALSE(s.bob.closed);
    s.bob.reads = true;
    s.settle();
    EXPECT_EQ(s.bob.count("clipboard-grab"), 1U);
    EXPECT_EQ(s.bob.next("clipboard-grab").list("formats"), "image/png");
    EXPECT_EQ(s.bob.count("agent"), 1U);
}

TEST(TextThatWaits, OfAStateIsWrittenOnceForAllClients) {
    Copied s;
    s.alice.reads = s.bob.reads = false;
    for (int round = 0; round < 2; ++round) {
        s.guest.grabs({png});
        s.joins({policy::Permission::mouse});
        for (int frames = 0; frames < 2; ++frames) {
            const auto one = s.hub.poll_client(s.alice.id);
            const auto other = s.hub.poll_client(s.bob.id);
            ASSERT_TRUE(one && other);
            EXPECT_EQ(one->body.view().data(), other->body.view().data());
        }
    }
}

// ---- From a client

TEST(StreamsFromAClient, AreGrantedAWindowThatMovesWithWhatIsTaken) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 9, 3'000'000);
    EXPECT_EQ(alice.may_send[9], limits::stream_window);
    const auto contents = long_text(3'000'000);
    EXPECT_EQ(alice.streams(9, contents), contents.size());
    EXPECT_TRUE(s.guest.next_data() == contents);
}

TEST(StreamsFromAClient, LongerThanAnnouncedBreakTheFetchAndAreBadFrames) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({png});
    s.guest.requests(png);
    alice.answers(alice.asked(), png, 9, 3);
    alice.sends(9, "abcd");
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
    EXPECT_EQ(s.guest.next_data(), "");
}

TEST(StreamsFromAClient, OfUnknownNumbersAreBadFramesAndNothingElse) {
    Scenario s;
    auto& alice = s.joins();
    alice.sends(5, "x");
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
    EXPECT_FALSE(alice.closed);
}

TEST(StreamsFromAClient, ANumberInUseIsRefused) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "a", 100, 9);
    alice.starts_file(2, "b", 100, 9);
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
}

TEST(StreamsFromAClient, ANumberMayBeUsedAgainWhenAllItsBytesCame) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "a", 3, 9);
    alice.sends(9, "abc");
    alice.starts_file(2, "b", 3, 9);
    alice.sends(9, "def");
    EXPECT_FALSE(alice.heard("error"));
    for (const auto* contents : {"abc", "def"}) {
        const auto start = s.guest.next<agent::FileTransferStart>();
        s.guest.file_status(start.id, agent::FileStatus::can_send_data);
        EXPECT_EQ(s.guest.next_file_data(start.id), contents);
    }
}

TEST(StreamsFromAClient, WhatComesForARefusedFileIsThrownAway) {
    Scenario s{with_policy([](auto& p) { p.file_max = 10; })};
    auto& alice = s.joins();
    alice.starts_file(1, "a", 100'000, 9);
    EXPECT_EQ(alice.next("file-status").string("code"), "too-large");
    alice.sends(9, std::string(limits::initial_credit, 'x'));
    EXPECT_FALSE(alice.heard("error"));
    alice.starts_file(2, "b", 5, 9);
    EXPECT_FALSE(alice.heard("error")) << "the number is free";
}

TEST(FramesOfAClient, ThatAreNoneAreRefusedByNameAndCounted) {
    Scenario s;
    auto& alice = s.joins();
    for (const auto* frame : {"", "nonsense", "[]", "{}", R"({"type":7})", R"({"type":"clipboard-request","id":-1})"}) {
        alice.says(frame);
        EXPECT_EQ(alice.next("error").string("code"), "bad-frame") << frame;
    }
    s.hub.handle_client_binary(alice.id, from_hex("01 02"), s.now);
    s.settle();
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
    EXPECT_EQ(s.hub.status().counters.frames_refused, 7U);
    alice.says(R"({"type":"of the future"})");
    EXPECT_TRUE(alice.inbox.empty() || !alice.heard("error"));
}

TEST(FramesOfAClient, PingIsAnsweredByPong) {
    Scenario s;
    auto& alice = s.joins();
    alice.says(R"({"type":"ping","id":12})");
    EXPECT_EQ(alice.next("pong").number("id"), 12U);
}

}  // namespace
}  // namespace vmcbridge::bridge
