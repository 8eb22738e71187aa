#include "src/bridge/transfer_broker.hpp"

#include "proto/agent/key_file.hpp"
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using agent::FileStatus;
using agent::FileTransferData;
using agent::FileTransferStart;
using agent::FileTransferStatus;
using policy::Permission;

std::string status(FakeClient& client, std::uint64_t file) {
    const auto frame = client.next("file-status", file);
    return frame.string("status") + (frame.has("code") ? " " + frame.string("code") : "");
}

/// A file that the guest has accepted.
struct Accepted : Scenario {
    explicit Accepted(std::uint64_t size) : alice{joins()} {
        alice.starts_file(1, "a.bin", size, 9);
        id = guest.next<FileTransferStart>().id;
        guest.file_status(id, FileStatus::can_send_data);
        (void)alice.next("file-status", 1);
    }
    FakeClient& alice;
    TransferId id;
};

// ---- Whole files

TEST(File, IsAnnouncedAcceptedSentAndDone) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "../dir/a b.txt", 5, 9);
    const auto start = s.guest.next<FileTransferStart>();
    const auto info = agent::read_key_file(start.key_file);
    ASSERT_TRUE(info);
    EXPECT_EQ(*info, (agent::FileInfo{"a b.txt", 5}));
    alice.sends(9, "hello");
    EXPECT_FALSE(s.guest.heard<FileTransferData>()) << "not before it may";
    s.guest.file_status(start.id, FileStatus::can_send_data);
    EXPECT_EQ(status(alice, 1), "accepted");
    EXPECT_EQ(s.guest.next_file_data(start.id), "hello");
    EXPECT_EQ(alice.next("file-status", 1).number("sent"), 5U);
    s.guest.file_status(start.id, FileStatus::success);
    EXPECT_EQ(status(alice, 1), "done");
    EXPECT_EQ(s.hub.status().counters.files_done, 1U);
}

TEST(File, OfAnySizeArrivesByteForByteInMessagesOfAtMost64KiB) {
    for (const std::size_t size : {1UL, 2028UL, 2029UL, 65535UL, 65536UL, 65537UL, 3'000'000UL}) {
        for (const std::size_t room : {4096UL, 65536UL, 300'000UL}) {
            Accepted s{size};
            s.guest.room = room;
            EXPECT_EQ(s.alice.streams(9, long_text(size)), size);
            for (const auto& heard : s.guest.inbox) EXPECT_LE(heard.body->size(), 12 + limits::file_data);
            EXPECT_TRUE(s.guest.next_file_data(s.id) == long_text(size)) << size << " by " << room;
            EXPECT_FALSE(s.guest.heard<FileTransferData>()) << "no trailing empty message";
        }
    }
}

TEST(File, OfNoBytesIsOneEmptyMessage) {
    Accepted s{0};
    EXPECT_EQ(s.guest.next<FileTransferData>().data.size(), 0U);
    EXPECT_FALSE(s.guest.heard<FileTransferData>());
    s.guest.file_status(s.id, FileStatus::success);
    (void)s.alice.next("file-status", 1);
    EXPECT_EQ(status(s.alice, 1), "done");
}

TEST(File, ProgressIsToldTenTimesASecondAtMostAndAtTheEnd) {
    Accepted s{100};
    for (int i = 0; i < 100; ++i) {
        s.alice.sends(9, "x");
        s.advance(10ms);
    }
    EXPECT_LE(s.alice.count("file-status"), 11U);
    EXPECT_EQ(s.alice.inbox.back().number("sent"), 100U);
}

// ---- Ids and turns

TEST(FileIds, AreRemappedSoThatTwoClientsMayUseTheSame) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.starts_file(1, "a", 1, 9);
    bob.starts_file(1, "b", 1, 9);
    const auto a = s.guest.next<FileTransferStart>().id;
    const auto b = s.guest.next<FileTransferStart>().id;
    EXPECT_NE(a, b);
    s.guest.file_status(b, FileStatus::can_send_data);
    s.guest.file_status(a, FileStatus::can_send_data);
    alice.sends(9, "A");
    bob.sends(9, "B");
    EXPECT_EQ(s.guest.next_file_data(a), "A");
    EXPECT_EQ(s.guest.next_file_data(b), "B");
    s.guest.file_status(a, FileStatus::success);
    EXPECT_EQ(alice.inbox.back().string("status"), "done");
    EXPECT_NE(bob.inbox.back().string("status"), "done");
}

TEST(FileIds, OfOneClientMustDiffer) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "a", 1, 9);
    alice.starts_file(1, "b", 1, 10);
    EXPECT_EQ(alice.next("error").string("code"), "bad-frame");
    alice.cancels_file(1);
    alice.starts_file(1, "c", 1, 11);
    EXPECT_FALSE(alice.heard("error")) << "free again";
}

TEST(FileTurns, SomeRunAtOnceAndTheRestWait) {
    Scenario s;
    auto& alice = s.joins();
    for (std::uint32_t i = 0; i < 6; ++i) alice.starts_file(i, "a", 1, i);
    EXPECT_EQ(s.guest.count<FileTransferStart>(), limits::client_transfers_running);
    alice.cancels_file(0);
    EXPECT_EQ(s.guest.count<FileTransferStart>(), limits::client_transfers_running + 1);
}

TEST(FileTurns, AClientWithOneFileNeedNotWaitForAllOfAnother) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    auto& carol = s.joins();
    for (std::uint32_t i = 0; i < 20; ++i) alice.starts_file(i, "alice", 1, i);
    carol.starts_file(0, "carol", 1, 0);
    bob.starts_file(0, "bob", 1, 0);
    s.guest.inbox.clear();
    alice.cancels_file(0);
    EXPECT_NE(s.guest.next<FileTransferStart>().key_file.find("bob"), std::string_view::npos);
}

TEST(FileTurns, RunningFilesAreSentByTurns) {
    Scenario s;
    auto& alice = s.joins();
    for (std::uint32_t i = 0; i < 2; ++i) alice.starts_file(i, "a", 400'000, i);
    for (std::uint32_t i = 0; i < 2; ++i)
        s.guest.file_status(s.guest.next<FileTransferStart>().id, FileStatus::can_send_data);
    s.guest.reads = false;
    for (std::uint32_t i = 0; i < 2; ++i) alice.streams(i, std::string(400'000, 'x'));
    s.guest.reads = true;
    s.settle();
    const auto first = s.guest.next<FileTransferData>().id;
    EXPECT_NE(s.guest.next<FileTransferData>().id, first);
    EXPECT_EQ(s.guest.next<FileTransferData>().id, first);
}

TEST(FileTurns, ClipboardAndInputGoBeforeTheRestOfAFile) {
    Accepted s{500'000};
    s.guest.reads = false;
    s.alice.streams(9, std::string(500'000, 'x'));
    s.alice.grabs({text});
    s.guest.reads = true;
    s.settle();
    EXPECT_TRUE(std::holds_alternative<agent::ClipboardGrab>(s.guest.inbox.front().message));
}

// ---- Ends

TEST(FileEnds, StatusesOfTheAgentHaveTheirNames) {
    const std::vector<std::pair<FileStatus, std::string>> cases{{FileStatus::error, "error guest-error"},
                                                                {FileStatus::not_enough_space, "error no-space"},
                                                                {FileStatus::session_locked, "error session-locked"},
                                                                {FileStatus::agent_not_connected, "error no-session"},
                                                                {FileStatus::disabled, "error disabled"},
                                                                {FileStatus::cancelled, "error no-session"},
                                                                {static_cast<FileStatus>(77), "error guest-error"}};
    for (const auto& [number, name] : cases) {
        Accepted s{100};
        s.guest.file_status(s.id, number);
        EXPECT_EQ(status(s.alice, 1), name);
        EXPECT_FALSE(s.guest.heard<FileTransferStatus>()) << "it knows";
        s.alice.sends(9, std::string(100, 'x'));
        EXPECT_FALSE(s.guest.heard<FileTransferData>());
        EXPECT_FALSE(s.alice.heard("error")) << "what was under way is thrown away";
    }
}

TEST(FileEnds, NoSpaceTellsTheFreeBytes) {
    Accepted s{100};
    s.guest.file_status(s.id, FileStatus::not_enough_space, 4096);
    EXPECT_EQ(s.alice.next("file-status").number("freeBytes"), 4096U);
}

TEST(FileEnds, ACancelIsToldToTheGuestInEightBytes) {
    Accepted s{100};
    s.alice.cancels_file(1);
    EXPECT_EQ(status(s.alice, 1), "cancelled cancelled");
    EXPECT_EQ(s.guest.next<FileTransferStatus>().status, FileStatus::cancelled);
    EXPECT_EQ(s.guest.last.body->size(), 8U);
    s.alice.cancels_file(1);
    s.guest.file_status(s.id, FileStatus::can_send_data);
    s.alice.sends(9, "late");
    EXPECT_FALSE(s.alice.heard("error"));
    EXPECT_FALSE(s.guest.heard<FileTransferData>());
}

TEST(FileEnds, AClientThatGoesTakesItsOwnTransfersAlongOnly) {
    Accepted s{100};
    auto& bob = s.joins();
    bob.starts_file(1, "b", 1, 9);
    const auto b = s.guest.next<FileTransferStart>().id;
    s.alice.goes();
    EXPECT_EQ(s.guest.next<FileTransferStatus>().id, s.id);
    EXPECT_FALSE(s.guest.heard<FileTransferStatus>());
    s.guest.file_status(b, FileStatus::can_send_data);
    EXPECT_EQ(status(bob, 1), "accepted");
}

TEST(FileEnds, AnAgentThatGoesEndsThemAll) {
    Accepted s{100};
    for (std::uint32_t i = 2; i < 9; ++i) s.alice.starts_file(i, "more", 1, i);
    s.guest.goes();
    for (std::uint64_t i = 1; i < 9; ++i) EXPECT_EQ(status(s.alice, i), "error agent-gone");
    s.guest.comes();
    EXPECT_FALSE(s.guest.heard<FileTransferStatus>());
}

TEST(FileEnds, AnAgentThatDoesNotAnswerIsATimeout) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "a", 1, 9);
    s.advance(5s);
    EXPECT_EQ(status(alice, 1), "error timeout");
    EXPECT_TRUE(s.guest.heard<FileTransferStatus>());
}

TEST(FileEnds, AnAgentMayTakeAMinuteToFinishAFile) {
    Accepted s{1};
    s.alice.sends(9, "x");
    s.alice.forgets();
    s.advance(59s);
    EXPECT_FALSE(s.alice.heard("file-status"));
    s.advance(1s);
    EXPECT_EQ(status(s.alice, 1), "error timeout");
}

TEST(FileEnds, SuccessBeforeTheEndIsNone) {
    Accepted s{100};
    s.guest.file_status(s.id, FileStatus::success);
    EXPECT_EQ(status(s.alice, 1), "error guest-error");
}

TEST(FileEnds, AStatusForAnUnknownIdIsIgnored) {
    Accepted s{1};
    s.guest.file_status(TransferId{999}, FileStatus::error);
    s.alice.sends(9, "x");
    EXPECT_EQ(s.guest.next_file_data(s.id), "x");
}

TEST(FileEnds, MoreBytesThanCreditEndItAndAreABadFrame) {
    Accepted s{2'000'000};
    s.guest.reads = false;
    EXPECT_EQ(s.alice.streams(9, std::string(2'000'000, 'x')), limits::stream_window);
    s.alice.sends(9, "x");
    EXPECT_EQ(s.alice.next("error").string("code"), "bad-frame");
    EXPECT_EQ(status(s.alice, 1), "error bad-frame");
}

// ---- Rules

TEST(FileRules, WhatMayNotBeIsRefusedByItsReason) {
    Scenario s{with_policy([](auto& p) { p.file_max = 1000; })};
    auto& alice = s.joins();
    auto& looker = s.joins({Permission::mouse});
    looker.starts_file(1, "a", 1, 1);
    EXPECT_EQ(status(looker, 1), "error forbidden");
    alice.starts_file(1, "a", 1001, 1);
    EXPECT_EQ(status(alice, 1), "error too-large");
    alice.starts_file(2, "..", 1, 2);
    EXPECT_EQ(status(alice, 2), "error bad-name");
    s.settings(with_policy([](auto& p) { p.files_to_guest = false; }));
    alice.starts_file(3, "a", 1, 3);
    EXPECT_EQ(status(alice, 3), "error disabled");
    s.settings({});
    s.guest.capabilities.add(agent::Capability::file_xfer_disabled);
    s.guest.announces(false);
    alice.starts_file(4, "a", 1, 4);
    EXPECT_EQ(status(alice, 4), "error disabled");
    s.guest.goes();
    alice.starts_file(5, "a", 1, 5);
    EXPECT_EQ(status(alice, 5), "error no-agent");
    EXPECT_FALSE(s.guest.heard<FileTransferStart>());
}

TEST(FileRules, TooManyAtOnceAreBusy) {
    Scenario s;
    auto& alice = s.joins();
    for (std::uint32_t i = 0; i < limits::client_transfers; ++i) alice.starts_file(i, "a", 1, i);
    EXPECT_FALSE(alice.heard("file-status"));
    alice.starts_file(99, "a", 1, 99);
    EXPECT_EQ(status(alice, 99), "error busy");
}

TEST(FileRules, AReloadEndsWhatIsNoLongerAllowedAtOnce) {
    Accepted s{100};
    s.settings(with_policy([](auto& p) { p.file_max = 100; }));
    EXPECT_FALSE(s.alice.heard("file-status"));
    s.settings(with_policy([](auto& p) { p.file_max = 99; }));
    EXPECT_EQ(status(s.alice, 1), "error too-large");
    EXPECT_TRUE(s.guest.heard<FileTransferStatus>());
    s.settings({});
    s.alice.starts_file(2, "b", 1, 10);
    s.settings(with_policy([](auto& p) { p.files_to_guest = false; }));
    EXPECT_EQ(status(s.alice, 2), "error disabled");
}

// ---- A guest that does not read

TEST(FileToASlowGuest, StopsTheClientsCreditSoThatMemoryStaysFlat) {
    Accepted s{100'000'000};
    s.guest.reads = false;
    const std::string bytes(10'000'000, 'x');
    EXPECT_EQ(s.alice.streams(9, bytes), limits::stream_window);
    s.guest.reads = true;
    s.settle();
    EXPECT_EQ(s.alice.may_send[9], limits::stream_window);
}

}  // namespace
}  // namespace vmcbridge::bridge
