#include "src/io/tickets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace vmcbridge::io {
namespace {

using namespace std::chrono_literals;
using browser::Code;
using policy::Permission;
using policy::PermissionSet;

class TicketsTest : public testing::Test {
protected:
    std::string issue(const std::string& vm, std::chrono::seconds lifetime = 60s) {
        return tickets_.issue({.vm = vm, .user = "alice", .permissions = {Permission::spice}}, lifetime, now_);
    }
    Code refusal(std::string_view password, std::optional<std::string_view> vm = std::nullopt) {
        const auto result = tickets_.redeem(password, now_, vm);
        EXPECT_FALSE(result);
        return result ? Code::stopping : result.error();
    }
    bool admits(std::string_view password, std::optional<std::string_view> vm = std::nullopt) {
        return tickets_.redeem(password, now_, vm).has_value();
    }

    Tickets tickets_;
    Clock::time_point now_ = Clock::time_point{} + 1h;
};

TEST_F(TicketsTest, APasswordIsLongEnoughNotToBeGuessedAndShortEnoughForSpice) {
    std::set<std::string> all;
    for (int each = 0; each < 50; ++each) {
        const auto password = issue("a");
        EXPECT_GE(password.size(), 22U);  // 128 bits, at 6 a character
        EXPECT_LE(password.size(), Tickets::password_max);
        EXPECT_EQ(password.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_TRUE(all.insert(password).second);
    }
}

TEST_F(TicketsTest, ATicketLetsInOnceAsItWasIssued) {
    const auto password = issue("web1");
    const auto admitted = tickets_.redeem(password, now_);
    ASSERT_TRUE(admitted);
    EXPECT_EQ(admitted->vm, "web1");
    EXPECT_EQ(admitted->user, "alice");
    EXPECT_EQ(admitted->permissions, PermissionSet{Permission::spice});
    EXPECT_EQ(refusal(password), Code::token_used);
    EXPECT_EQ(refusal(password), Code::token_used);
}

TEST_F(TicketsTest, ItsLifeEndsAtTheSecond) {
    const auto password = issue("a", 60s);
    const auto other = issue("a", 60s);
    now_ += 60s - 1ms;
    EXPECT_TRUE(admits(password));
    now_ += 1ms;
    EXPECT_EQ(refusal(other), Code::token_expired);
    EXPECT_EQ(refusal(other), Code::token_expired);
}

TEST_F(TicketsTest, WhatNobodyIssuedIsWrong) {
    issue("a");
    const auto password = issue("a");
    EXPECT_EQ(refusal(""), Code::bad_token);
    EXPECT_EQ(refusal("guess"), Code::bad_token);
    EXPECT_EQ(refusal(password + "x"), Code::bad_token);
    EXPECT_EQ(refusal(password.substr(1)), Code::bad_token);
    EXPECT_EQ(refusal(std::string(100'000, 'x')), Code::bad_token);
    EXPECT_EQ(refusal(std::string_view{"\0", 1}), Code::bad_token);
    EXPECT_TRUE(admits(password));
}

TEST_F(TicketsTest, AtThePortOfAMachineTheTicketOfAnotherIsWrongAndStaysGood) {
    const auto password = issue("a", 60s);
    tickets_.set_static({{"c", "constant"}});
    EXPECT_EQ(refusal(password, "b"), Code::bad_token);
    EXPECT_EQ(refusal("constant", "b"), Code::bad_token);
    EXPECT_EQ(refusal("constant", ""), Code::bad_token);
    EXPECT_TRUE(admits(password, "a"));
    EXPECT_EQ(refusal(password, "b"), Code::bad_token);
    EXPECT_EQ(refusal(password, "a"), Code::token_used);
    const auto late = issue("a", 1s);
    now_ += 2s;
    EXPECT_EQ(refusal(late, "b"), Code::bad_token);
}

// What a peer could measure: all of them hash, look up, compare and copy. The log's code is made at the very end.
TEST_F(TicketsTest, WrongUsedAndExpiredTakeAsLongAsASuccess) {
    const auto expired = issue("b", 1s);
    const auto used = issue("a", 1h);
    now_ += 2s;
    ASSERT_TRUE(admits(used));
    tickets_.set_static({{"c", "constant-constant-constant-1234"}});
    const auto median = [&](const std::string& password) {
        std::vector<Clock::duration> times(1001);
        for (auto& time : times) {
            const auto begun = Clock::now();
            static_cast<void>(tickets_.redeem(password, now_));
            time = Clock::now() - begun;
        }
        std::ranges::nth_element(times, times.begin() + 500);
        return std::chrono::duration<double>(times[500]).count();
    };
    const auto success = median("constant-constant-constant-1234");
    for (const auto& password : {expired, used, std::string(32, 'x')}) {
        EXPECT_LT(median(password), success * 3) << "an order of magnitude would be another code path";
        EXPECT_GT(median(password), success / 3);
    }
}

TEST_F(TicketsTest, TheOldestGoesWhereAMachineHasTooMany) {
    const auto oldest = issue("a");
    const auto second = issue("a");
    const auto elsewhere = issue("b");
    for (std::size_t each = 0; each < Tickets::outstanding_per_vm - 1; ++each) issue("a");
    EXPECT_EQ(tickets_.size(), Tickets::outstanding_per_vm + 1);
    EXPECT_EQ(refusal(oldest), Code::bad_token);
    EXPECT_TRUE(admits(second));
    EXPECT_TRUE(admits(elsewhere));
}

TEST_F(TicketsTest, ExpiredOnesMakeRoomBeforeOpenOnes) {
    const auto open = issue("a", 1h);
    for (std::size_t each = 0; each < Tickets::outstanding_per_vm - 1; ++each) issue("a", 1s);
    now_ += 1s;
    issue("a");
    EXPECT_TRUE(admits(open));
}

TEST_F(TicketsTest, WhatEndedIsRememberedForAWhileAndUpToABound) {
    const auto used = issue("a");
    ASSERT_TRUE(admits(used));
    now_ += Tickets::remembered_for - 1s;
    EXPECT_EQ(refusal(used), Code::token_used);
    now_ += 1s;
    EXPECT_EQ(refusal("something"), Code::bad_token);
    EXPECT_EQ(refusal(used), Code::bad_token);
    EXPECT_EQ(tickets_.size(), 0U);
    for (std::size_t each = 0; each < 2 * Tickets::remembered; ++each) ASSERT_TRUE(admits(issue("a")));
    EXPECT_LE(tickets_.size(), Tickets::remembered);
}

TEST_F(TicketsTest, AFixedPasswordHoldsUntilAnotherConfiguration) {
    tickets_.set_static({{"a", "first"}, {"b", "second"}});
    for (int each = 0; each < 3; ++each) {
        now_ += 24h;
        const auto admitted = tickets_.redeem("first", now_);
        ASSERT_TRUE(admitted);
        EXPECT_EQ(admitted->vm, "a");
        EXPECT_EQ(admitted->user, "");
        EXPECT_EQ(admitted->permissions, PermissionSet::all_but_admin());
    }
    const auto issued = issue("b");
    tickets_.set_static({{"a", "third"}});
    EXPECT_EQ(refusal("first"), Code::bad_token);
    EXPECT_EQ(refusal("second"), Code::bad_token);
    EXPECT_TRUE(admits("third"));
    EXPECT_TRUE(admits(issued));
}

TEST_F(TicketsTest, FixedPasswordsThatSpiceHasNoRoomForLetNobodyIn) {
    const std::string longest(Tickets::password_max, 'x');
    tickets_.set_static({{"a", ""}, {"b", longest + 'x'}, {"c", longest}});
    EXPECT_EQ(refusal(""), Code::bad_token);
    EXPECT_EQ(refusal(longest + 'x'), Code::bad_token);
    EXPECT_EQ(refusal(longest + "xy"), Code::bad_token);
    EXPECT_TRUE(admits(longest));
}

TEST_F(TicketsTest, AMachineTakesTheTicketsAlongThatWereIssuedForIt) {
    const auto open = issue("a");
    const auto used = issue("a");
    const auto other = issue("b");
    ASSERT_TRUE(admits(used));
    tickets_.set_static({{"a", "fixed"}});
    tickets_.forget("a");
    tickets_.forget("nobody");
    for (const std::string_view password : {open, used}) EXPECT_EQ(refusal(password), Code::bad_token);
    EXPECT_TRUE(admits("fixed")) << "the configuration's own";
    EXPECT_TRUE(admits(other));
    EXPECT_TRUE(admits(issue("a")));
}

TEST_F(TicketsTest, TheOtherChannelsOfASessionShowTheSameTicket) {
    const auto password = issue("a");
    const auto other = issue("a");
    const auto admitted = tickets_.redeem(password, now_);
    ASSERT_TRUE(admitted);
    now_ += 24h;
    EXPECT_TRUE(tickets_.is_of(password, admitted->ticket));
    EXPECT_FALSE(tickets_.is_of(other, admitted->ticket));
    EXPECT_FALSE(tickets_.is_of("", admitted->ticket));
    EXPECT_FALSE(Tickets{}.is_of(password, admitted->ticket)) << "each process has its own key";
    const std::string kept{admitted->ticket.begin(), admitted->ticket.end()};
    EXPECT_THAT(kept, testing::Not(testing::HasSubstr(password)));
}

}  // namespace
}  // namespace vmcbridge::io
