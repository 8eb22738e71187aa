// Peers that take what they can get: each is bounded, and the others go on.
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;

TEST(AGuestThatAsksAndNeverReads, IsNotReadAnyMore) {
    Scenario s;
    s.guest.reads = false;
    for (std::size_t i = 0; i < limits::guest_answers; ++i) s.guest.requests(text);
    EXPECT_FALSE(s.hub.guest_is_readable());
    s.guest.reads = true;
    s.settle();
    EXPECT_TRUE(s.hub.guest_is_readable());
}

TEST(AGuestThatGrabsAtLineRate, IsToldToTheClientsOnceForEachRead) {
    Scenario s;
    s.guest.cut = 64UL * 1024;
    auto& alice = s.joins();
    alice.forgets();
    s.guest.is_held = true;
    for (int i = 0; i < 1000; ++i) {
        s.guest.grabs({text});
        s.guest.capabilities = i % 2 == 0 ? old_linux_agent : linux_agent;
        s.guest.announces(false);
    }
    s.guest.grabs({png});
    s.guest.is_held = false;
    s.settle();
    EXPECT_LE(alice.count("clipboard-grab"), 2U) << "two reads";
    EXPECT_EQ(alice.inbox.back().list("formats"), "image/png");
    const auto offers = std::ranges::count_if(s.hub.trace(), [&](const TraceEvent& each) {
        return each.step.what == "offer" && each.step.client == alice.id;
    });
    EXPECT_LE(offers, 2);
}

TEST(AMoveOfTheAgent, IsToldBeforeWhatItOffers) {
    Scenario s{Scenario::NoAgent{}};
    auto& alice = s.joins();
    alice.forgets();
    s.guest.is_held = true;
    s.guest.comes();
    s.guest.announces(false);
    s.guest.grabs({text});
    s.guest.is_held = false;
    s.settle();
    EXPECT_EQ(alice.inbox.at(0).type(), "agent");
    EXPECT_EQ(alice.inbox.at(1).type(), "clipboard-grab");
}

std::size_t count_notes(const Scenario& s, std::string_view event) {
    return static_cast<std::size_t>(std::ranges::count(s.notes, event, &Note::event));
}

TEST(AGuestWhoseAgentComesAndGoes, FillsNoLog) {
    Scenario s;
    s.notes.clear();
    for (int i = 0; i < 100; ++i) {
        s.guest.announces(true);  // it is there again as soon as it has answered
        s.advance(30ms);
    }
    EXPECT_TRUE(s.dropped.empty());
    EXPECT_LE(count_notes(s, "agent-came") + count_notes(s, "agent-went"), limits::agent_notes);
    EXPECT_EQ(count_notes(s, "agent-notes-left-out"), 0U);
    s.advance(1min);
    ASSERT_EQ(count_notes(s, "agent-notes-left-out"), 1U);
    EXPECT_EQ(s.notes.back().fields.front().second, std::to_string(201 - limits::agent_notes));
    s.notes.clear();
    s.guest.announces(true);
    EXPECT_EQ(count_notes(s, "agent-went"), 1U) << "a new minute";
    s.advance(1s);
    EXPECT_FALSE(s.hub.poll_timeout());
}

TEST(AGuestWhoseAgentComesAndGoes, AtLineRateIsDropped) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.is_held = true;
    for (std::size_t i = 0; i <= limits::agent_restarts; ++i) {
        s.guest.announces(true);
        s.guest.announces(false);
    }
    s.guest.is_held = false;
    s.settle();
    EXPECT_EQ(s.dropped.size(), 1U);
    EXPECT_FALSE(alice.closed);
    s.advance(1s);
    s.guest.comes();
    s.guest.grabs({text});
    EXPECT_TRUE(alice.heard("clipboard-grab"));
}

/// A client that asks for what another one copied, and grants nothing of it.
struct Greedy : Scenario {
    Greedy()
        : Scenario{with_policy([](auto& p) { p.share_between_clients = true; }),
                   [] { return std::make_unique<MemorySpool>(); }},
          owner{joins()},
          greedy{joins()} {
        greedy.grants = false;
        owner.grabs({text});
    }
    void owner_answers() {
        owner.answers(owner.asked(), text, 9, contents.size());
        owner.streams(9, contents);
    }
    std::uint32_t stream() { return static_cast<std::uint32_t>(greedy.next("clipboard-data").number("stream")); }
    std::string contents = long_text(100'000);
    FakeClient& owner;
    FakeClient& greedy;
};

TEST(AClientThatTakesNoAnswer, GetsNoMoreOfThem) {
    Greedy s;
    for (std::uint64_t request = 1; request <= limits::client_spools; ++request) {
        s.greedy.requests(request, text);
        s.owner_answers();
    }
    s.greedy.requests(99, text);
    EXPECT_EQ(s.greedy.error(99), "busy");
}

TEST(AClientThatTakesNoAnswer, GetsNoMoreOfThemAlsoOfThoseThatItAskedForBefore) {
    Greedy s;
    auto number = 0U;
    for (std::size_t round = 0; round <= limits::client_spools; ++round) {
        s.owner.grabs({text});
        s.greedy.requests(round, text);
        s.owner.answers(s.owner.asked(), text, ++number, s.contents.size());
        s.owner.sends(number, "begun");
    }
    for (auto each = 1U; each <= number; ++each) s.owner.streams(each, std::string_view{s.contents}.substr(5));
    EXPECT_EQ(s.greedy.error(limits::client_spools), "busy");
    EXPECT_EQ(s.greedy.count("clipboard-data"), limits::client_spools);
}

TEST(AClientThatTakesNoAnswer, LosesItSoThatOthersHaveItsRoom) {
    Greedy s;
    s.greedy.requests(1, text);
    s.owner_answers();
    s.advance(4999ms);
    EXPECT_FALSE(s.greedy.heard("clipboard-error"));
    s.advance(5001ms);
    EXPECT_EQ(s.greedy.error(1), "timeout");
    EXPECT_FALSE(s.hub.poll_timeout());
}

TEST(AClientThatTakesNoAnswer, DoesNotKeepItByTakingAByteNowAndThen) {
    Greedy s;
    s.greedy.requests(1, text);
    s.owner_answers();
    const auto stream = s.stream();
    for (int i = 0; i < 4; ++i) {
        s.advance(3s);
        s.greedy.credit(stream, 1);
    }
    EXPECT_EQ(s.greedy.error(1), "timeout");
}

TEST(AClientThatTakesItsAnswerSlowly, KeepsIt) {
    Greedy s;
    s.contents = long_text(300'000);
    s.greedy.requests(1, text);
    s.owner_answers();
    const auto stream = s.stream();
    while (!s.greedy.has_contents(1)) {
        s.advance(4s);
        ASSERT_FALSE(s.greedy.heard("clipboard-error"));
        s.greedy.credit(stream, limits::stream_least);
    }
    EXPECT_TRUE(s.greedy.contents(1) == s.contents);
}

TEST(AClientThatSendsNothingOfItsFiles, MakesRoomForOthersAfterAMinute) {
    Scenario s;
    auto& idle = s.joins();
    auto& busy = s.joins();
    auto& other = s.joins();
    for (std::uint32_t file = 1; file <= limits::vm_transfers_running; ++file) {
        auto& whose = file <= limits::client_transfers_running ? idle : other;
        whose.starts_file(file, "idle", 1'000'000, file);
        s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    }
    busy.starts_file(1, "busy", 10, 1);
    EXPECT_FALSE(s.guest.heard<agent::FileTransferStart>());
    s.advance(60s);
    EXPECT_TRUE(s.guest.heard<agent::FileTransferStart>());
    EXPECT_EQ(idle.next("file-status", 1).string("status"), "accepted");
    EXPECT_EQ(idle.next("file-status", 1).string("code"), "timeout");
}

/// A client whose running files move a byte each now and then, and who has more of them waiting.
struct Crawling : Scenario {
    Crawling() : slow{joins()} {
        for (std::uint32_t file = 1; file <= limits::client_transfers; ++file)
            slow.starts_file(file, "slow", 1'000'000, file);
        accept();
        slow.forgets();
    }
    void accept() {
        while (guest.heard<agent::FileTransferStart>())
            guest.file_status(guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    }
    void crawl() {
        for (std::uint32_t file = 1; file <= limits::client_transfers_running; ++file) slow.sends(file, "x");
        advance(30s);
    }
    FakeClient& slow;
};

TEST(AClientWithManyFiles, LeavesASlotForTheNextOne) {
    Crawling s;
    auto& bob = s.joins();
    bob.starts_file(1, "bob", 10, 1);
    s.accept();
    EXPECT_EQ(bob.next("file-status", 1).string("status"), "accepted");
}

TEST(AClientWithManyFiles, ThatHardlyMoveLosesOneForEachWhoHasNone) {
    Crawling s;
    auto& bob = s.joins();
    auto& carol = s.joins();
    bob.starts_file(1, "bob", 1'000'000, 1);
    s.accept();
    carol.starts_file(1, "carol", 10, 1);
    for (int i = 0; i < 2; ++i) {
        bob.sends(1, "x");
        s.crawl();
    }
    s.accept();
    EXPECT_EQ(carol.next("file-status", 1).string("status"), "accepted");
    EXPECT_EQ(s.hub.status().counters.files_failed, 1U) << "not bob's, who has this one only";
}

TEST(AClientWithManyFiles, ThatMoveOrForWhichNobodyWaitsLosesNone) {
    Crawling s;
    for (int i = 0; i < 5; ++i) s.crawl();
    EXPECT_EQ(s.hub.status().counters.files_failed, 0U) << "nobody waits";
    auto& bob = s.joins();
    auto& carol = s.joins();
    bob.starts_file(1, "bob", 1'000'000, 1);
    s.accept();
    carol.starts_file(1, "carol", 10, 1);
    for (int i = 0; i < 5; ++i) {
        bob.sends(1, "x");
        for (std::uint32_t file = 1; file <= limits::client_transfers_running; ++file)
            s.slow.sends(file, std::string(limits::file_data, 'x'));
        s.advance(59s);
    }
    EXPECT_EQ(s.hub.status().counters.files_failed, 0U);
}

TEST(AClientWithManyFiles, DoesNotTakeThePlaceOfAnothersFirst) {
    Scenario s;
    for (int i = 0; i < 2; ++i) {
        auto& greedy = s.joins();
        for (std::uint32_t file = 0; file < limits::client_transfers; ++file) greedy.starts_file(file, "x", 10, file);
        EXPECT_EQ(greedy.count("file-status"), 0U);
    }
    auto& bob = s.joins();
    bob.starts_file(1, "first", 10, 1);
    bob.starts_file(2, "second", 10, 2);
    EXPECT_EQ(bob.next("file-status").number("id"), 2U);
}

TEST(AFileThatComesSlowly, IsNotIdle) {
    Scenario s;
    auto& slow = s.joins();
    slow.starts_file(1, "slow", 100, 1);
    s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    for (int i = 0; i < 5; ++i) {
        slow.sends(1, "x");
        s.advance(59s);
    }
    EXPECT_TRUE(s.hub.status().counters.files_failed == 0);
}

TEST(APolicyThatClosesTheWay, AnswersTheWaitingGuestWithNothing) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.requests(text);
    alice.answers(alice.asked(), text, 1, 100);
    s.settings(with_policy([](auto& p) { p.to_guest.formats = {}; }));
    EXPECT_EQ(s.guest.next_data(), "");
    alice.sends(1, std::string(100, 'x'));
    EXPECT_FALSE(s.guest.heard<agent::ClipboardData>());
}

}  // namespace
}  // namespace vmcbridge::bridge
