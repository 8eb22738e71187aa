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

TEST(AClientThatTakesNoAnswer, GetsNoMoreOfThem) {
    const auto pieces = [] { return std::make_unique<MemorySpool>(); };
    auto settings = with_policy([](auto& p) { p.share_between_clients = true; });
    Scenario s{settings, pieces};
    auto& owner = s.joins();
    auto& greedy = s.joins();
    greedy.grants = false;
    owner.grabs({text});
    const auto contents = long_text(100'000);
    for (std::uint64_t request = 1; request <= limits::client_requests; ++request) {
        greedy.requests(request, text);
        owner.answers(owner.asked(), text, 9, contents.size());
        owner.streams(9, contents);
    }
    greedy.requests(99, text);
    EXPECT_EQ(greedy.error(99), "busy");
}

TEST(AClientThatSendsNothingOfItsFiles, MakesRoomForOthersAfterAMinute) {
    Scenario s;
    auto& idle = s.joins();
    auto& busy = s.joins();
    for (std::uint32_t file = 1; file <= limits::vm_transfers_running; ++file) {
        idle.starts_file(file, "idle", 1'000'000, file);
        s.guest.file_status(s.guest.next<agent::FileTransferStart>().id, agent::FileStatus::can_send_data);
    }
    busy.starts_file(1, "busy", 10, 1);
    EXPECT_FALSE(s.guest.heard<agent::FileTransferStart>());
    s.advance(60s);
    EXPECT_TRUE(s.guest.heard<agent::FileTransferStart>());
    EXPECT_EQ(idle.next("file-status", 1).string("status"), "accepted");
    EXPECT_EQ(idle.next("file-status", 1).string("code"), "timeout");
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
