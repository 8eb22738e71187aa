// A connection that is lost, and the one that takes its place.
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;

TEST(ALostConnection, GoesOnUnderItsNumberWithItsTokenAndGetsTheNextOne) {
    Scenario s;
    auto& alice = s.joins();
    const auto number = alice.id;
    const auto first = alice.resume_token;
    alice.is_lost();
    auto& again = s.resumes(alice);
    EXPECT_EQ(again.id, number);
    const auto welcome = again.next("welcome");
    EXPECT_TRUE(welcome.flag("resumed"));
    EXPECT_TRUE(welcome.flag("lead"));
    EXPECT_EQ(welcome.object("resume").number("graceSeconds"), 30U);
    EXPECT_NE(again.resume_token, first);
}

TEST(ALostConnection, OfAnotherUserOrAfterItsTimeGivesANewClient) {
    Scenario s;
    auto& alice = s.joins(policy::PermissionSet::all_but_admin(), "alice");
    const auto number = alice.id;
    alice.is_lost();
    EXPECT_NE(s.resumes(alice, "mallory").id, number);
    s.advance(30s);
    auto& late = s.resumes(alice, "alice");
    EXPECT_NE(late.id, number);
    EXPECT_FALSE(late.next("welcome").flag("resumed"));
}

TEST(ALostConnection, ATokenWorksOnce) {
    Scenario s;
    auto& alice = s.joins();
    const auto number = alice.id;
    const auto used = alice.resume_token;
    alice.is_lost();
    auto& again = s.resumes(alice);
    again.resume_token = used;
    EXPECT_NE(s.resumes(again).id, number);
}

TEST(ALostConnection, IsOverAtOnceWhereResumingIsOff) {
    HubSettings settings;
    settings.limits.resume_grace = 0ms;
    Scenario s{settings};
    auto& alice = s.joins();
    EXPECT_EQ(alice.resume_token, "");
    alice.is_lost();
    EXPECT_TRUE(s.guest.heard<agent::ClientDisconnected>());
}

TEST(ALostConnection, CountsAsAClientUntilItsTimeIsOver) {
    Scenario s;
    auto& alice = s.joins();
    alice.is_lost();
    s.advance(29s);
    EXPECT_FALSE(s.guest.heard<agent::ClientDisconnected>());
    EXPECT_EQ(s.hub.status().clients.size(), 1U);
    s.advance(1s);
    EXPECT_TRUE(s.guest.heard<agent::ClientDisconnected>());
    EXPECT_TRUE(s.hub.status().clients.empty());
}

TEST(AConnectionThatStillStands, IsClosedWith4000WhenItIsResumedElsewhere) {
    Scenario s;
    auto& alice = s.joins();
    const auto number = alice.id;
    EXPECT_EQ(s.resumes(alice).id, number);
    ASSERT_TRUE(alice.closed);
    EXPECT_EQ(alice.closed->code, browser::CloseCode::replaced);
}

TEST(AResumedClient, StillOwnsWhatItGrabbedAndIsAskedAgain) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    alice.is_lost();
    s.guest.requests(text);
    auto& again = s.resumes(alice);
    again.answers(again.asked(), "kept");
    EXPECT_EQ(s.guest.next_data(), "kept");
}

TEST(AResumedClient, WhoStaysAwayLeavesTheGuestAnEmptyAnswerAtTheDeadline) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    alice.is_lost();
    s.guest.requests(text);
    s.advance(5s);
    EXPECT_EQ(s.guest.next_data(), "");
}

TEST(AResumedClient, IsToldWhatWasCopiedMeanwhile) {
    Scenario s;
    auto& alice = s.joins();
    alice.is_lost();
    s.guest.grabs({png});
    auto& again = s.resumes(alice);
    EXPECT_EQ(again.next("clipboard-grab").list("formats"), "image/png");
}

TEST(AResumedClient, ItsOpenRequestEndedWithTheConnection) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.requests(1, text);
    alice.is_lost();
    s.guest.answers("late");
    auto& again = s.resumes(alice);
    EXPECT_FALSE(again.heard("clipboard-data"));
    again.requests(1, text);
    s.guest.answers("now");
    EXPECT_EQ(again.contents(1), "now");
}

// ---- The place of a lost connection

TEST(APlaceThatIsNeeded, IsThatOfTheClientThatIsLostLongest) {
    Scenario s;
    std::vector<FakeClient*> there;
    for (std::size_t i = 0; i < limits::vm_clients; ++i) there.push_back(&s.joins({}));
    there[7]->is_lost();
    s.advance(1s);
    there[3]->is_lost();
    const auto lost_last = there[3]->id;
    s.joins({});
    EXPECT_EQ(s.hub.status().clients.size(), limits::vm_clients);
    EXPECT_EQ(s.resumes(*there[3]).id, lost_last);
    EXPECT_EQ(s.refused(), browser::Code::too_many) << "nobody is lost any more";
}

TEST(APlaceThatIsNeeded, IsGivenToTheNextOneWhereThereIsOnlyOne) {
    Scenario s{with_policy([](auto& p) { p.several_clients = policy::SeveralClients::refuse; })};
    auto& alice = s.joins();
    EXPECT_EQ(s.refused(), browser::Code::busy);
    alice.is_lost();
    auto& bob = s.joins();
    EXPECT_TRUE(bob.next("welcome").flag("lead"));
    EXPECT_FALSE(s.guest.heard<agent::ClientDisconnected>()) << "somebody is there again";
    EXPECT_EQ(s.refused(), browser::Code::busy);
}

TEST(APlaceThatIsNeeded, IsNotTakenWhereThatWouldNotHelp) {
    Scenario s;
    auto& alice = s.joins();
    s.joins();
    s.settings(with_policy([](auto& p) { p.several_clients = policy::SeveralClients::refuse; }));
    const auto number = alice.id;
    alice.is_lost();
    EXPECT_EQ(s.refused(), browser::Code::busy);
    EXPECT_EQ(s.resumes(alice).id, number);
}

struct Uploading : Scenario {
    Uploading() : alice{joins()} {
        alice.starts_file(7, "a.bin", contents.size(), 3);
        transfer = guest.next<agent::FileTransferStart>().id;
        guest.file_status(transfer, agent::FileStatus::can_send_data);
    }
    std::string contents = long_text(300'000);
    TransferId transfer;
    FakeClient& alice;
};

TEST(AnUpload, GoesOnWhereItStoppedWithTheInitialCredit) {
    Uploading s;
    s.alice.sends(3, std::string_view{s.contents}.substr(0, 50'000));
    s.alice.is_lost();
    auto& again = s.resumes(s.alice);
    const auto welcome = again.next("welcome");
    EXPECT_EQ(welcome.list("transfers", "id"), "7");
    EXPECT_EQ(welcome.list("transfers", "stream"), "3");
    EXPECT_EQ(welcome.list("transfers", "received"), "50000");
    again.may_send[3] += limits::initial_credit;
    EXPECT_EQ(again.streams(3, std::string_view{s.contents}.substr(50'000)), 250'000U);
    EXPECT_TRUE(s.guest.next_file_data(s.transfer) == s.contents);
    s.guest.file_status(s.transfer, agent::FileStatus::success);
    EXPECT_EQ(again.next("file-status", 7).string("status"), "progress");
}

TEST(AnUpload, HoldsNoMoreThanItsWindowHoweverOftenItsConnectionIsLost) {
    Scenario s;
    auto* alice = &s.joins();
    const auto contents = long_text(3'000'000);
    alice->starts_file(7, "a.bin", contents.size(), 3);
    const auto transfer = s.guest.next<agent::FileTransferStart>().id;
    s.guest.file_status(transfer, agent::FileStatus::can_send_data);
    s.guest.reads = false;
    std::size_t at = 0;
    for (int i = 0; i < 20; ++i) {
        alice->sends(3, std::string_view{contents}.substr(at, limits::initial_credit));
        EXPECT_FALSE(alice->heard("error"));
        alice->is_lost();
        alice = &s.resumes(*alice);
        at = std::stoul(alice->next("welcome").list("transfers", "received"));
        EXPECT_LE(at + limits::initial_credit, limits::stream_window);
    }
    s.guest.reads = true;
    s.settle();
    alice->may_send[3] += limits::initial_credit;
    EXPECT_EQ(alice->streams(3, std::string_view{contents}.substr(at)), contents.size() - at);
    EXPECT_TRUE(s.guest.next_file_data(transfer) == contents);
}

TEST(AnUpload, ThatWaitsForItsTurnHoldsItsInitialCreditHoweverOftenItsConnectionIsLost) {
    Scenario s;
    auto* alice = &s.joins();
    const auto contents = long_text(200'000);
    alice->starts_file(7, "a.bin", contents.size(), 3);
    const auto transfer = s.guest.next<agent::FileTransferStart>().id;
    for (int i = 0; i < 20; ++i) {
        alice->sends(3, std::string_view{contents}.substr(0, limits::initial_credit));
        EXPECT_FALSE(alice->heard("error"));
        alice->is_lost();
        alice = &s.resumes(*alice);
        EXPECT_EQ(alice->next("welcome").list("transfers", "received"), "0");
    }
    s.guest.file_status(transfer, agent::FileStatus::can_send_data);
    alice->may_send[3] += limits::initial_credit;
    EXPECT_EQ(alice->streams(3, contents), contents.size());
    EXPECT_TRUE(s.guest.next_file_data(transfer) == contents);
}

TEST(AnUpload, ThatEndedWhileItsClientWasAwayIsTold) {
    Uploading s;
    s.alice.streams(3, s.contents);
    s.alice.is_lost();
    s.guest.file_status(s.transfer, agent::FileStatus::success);
    auto& again = s.resumes(s.alice);
    EXPECT_EQ(again.next("welcome").list("transfers", "received"), "300000");
    EXPECT_EQ(again.next("file-status", 7).string("status"), "done");
}

TEST(AnUpload, IsCancelledInTheGuestWhenItsClientDoesNotComeBack) {
    Uploading s;
    s.alice.is_lost();
    s.advance(30s);
    EXPECT_EQ(s.guest.next<agent::FileTransferStatus>().status, agent::FileStatus::cancelled);
}

}  // namespace
}  // namespace vmcbridge::bridge
