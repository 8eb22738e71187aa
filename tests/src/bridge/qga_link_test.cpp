#include "src/bridge/qga_link.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vmcbridge::bridge {
namespace {

using namespace std::chrono_literals;
using browser::Code;
using testing::HasSubstr;

constexpr qga::Command question{"guest-info", {}};
const auto shutdown = qga::command_of(qga::Power::shutdown);
constexpr auto patience = 5s;

/// A link, the agent at its other end, and a clock that the test turns.
class QgaLinkTest : public testing::Test {
protected:
    QgaLinkTest() { link_.handle_connected(); }

    void ask(const qga::Command& command) { link_.ask(command, ++sync_id_, now_ + patience); }
    /// What the agent gets now.
    std::string heard() {
        const std::string text{as_text(link_.to_port())};
        if (!text.empty()) link_.written(text.size(), now_);
        return text;
    }
    void says(std::string_view text) { link_.handle_bytes(as_bytes(text)); }
    /// What comes of the sync: as qemu-ga 7.2 answers, which takes the sentinel for bad JSON first.
    void syncs() {
        ASSERT_EQ(heard(), qga::encode_sync(sync_id_));
        says("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n\xFF{\"return\": " +
             std::to_string(sync_id_) + "}\n");
    }
    void wait(std::chrono::milliseconds time) {
        now_ += time;
        link_.handle_timeout(now_);
    }
    /// The answer as JSON; "CODE: detail" of a failure; "none".
    std::string answer() {
        const auto answer = link_.poll_answer();
        if (!answer) return "none";
        if (*answer) return boost::json::serialize((*answer)->value());
        return std::string{browser::name(answer->error().code)} + ": " + answer->error().detail;
    }

    QgaLink link_;
    Time now_{};
    std::int64_t sync_id_ = 1000;
};

TEST_F(QgaLinkTest, SyncsThenAsksThenHasTheAnswer) {
    ask(question);
    syncs();
    EXPECT_EQ(heard(), qga::encode(question));
    EXPECT_EQ(answer(), "none");
    says("{\"return\": {\"ver");
    EXPECT_EQ(answer(), "none");
    says("sion\": 7}}\n");
    EXPECT_EQ(answer(), R"({"version":7})");
    EXPECT_EQ(answer(), "none");
    EXPECT_EQ(link_.poll_timeout(), std::nullopt);
}

TEST_F(QgaLinkTest, ByteByByteIsTheSame) {
    ask(question);
    static_cast<void>(heard());
    const auto stream =
        "late\n\xFF{\"return\": 999}\n\xFFnonsense\n\xFF{\"return\": " + std::to_string(sync_id_) + "}\n";
    for (const char& each : stream) says({&each, 1});
    EXPECT_EQ(heard(), qga::encode(question));
    for (const char& each : std::string_view{"\r\n{\"return\": []}\n"}) says({&each, 1});
    EXPECT_EQ(answer(), "[]");
}

TEST_F(QgaLinkTest, DoesNotSyncAgainWhileAllIsInOrder) {
    ask(question);
    syncs();
    static_cast<void>(heard());
    says("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n");
    EXPECT_THAT(answer(), HasSubstr("guest-error: the guest agent refused: GenericError: no"));
    ask(question);
    EXPECT_EQ(heard(), qga::encode(question));
    says("{\"return\": 2}\n");
    EXPECT_EQ(answer(), "2");
}

TEST_F(QgaLinkTest, WritesNothingOfACommandBeforeTheAgentHasAnswered) {
    ask(shutdown);
    EXPECT_EQ(heard(), qga::encode_sync(sync_id_));
    says("\xFF{\"return\": 5}\n{\"return\": " + std::to_string(sync_id_) + "}\n");  // another's; no sentinel
    EXPECT_EQ(heard(), "");
    wait(patience);
    EXPECT_THAT(answer(), HasSubstr("timeout: the guest agent did not answer in time"));
    says("\xFF{\"return\": " + std::to_string(sync_id_) + "}\n");  // too late
    EXPECT_EQ(heard(), "");
    EXPECT_EQ(answer(), "none");
}

TEST_F(QgaLinkTest, AnAnswerThatComesTooLateIsNotThatOfTheNext) {
    ask(question);
    syncs();
    static_cast<void>(heard());
    wait(patience);
    EXPECT_THAT(answer(), HasSubstr("timeout: the guest agent did not answer guest-info in time"));
    ask(question);
    static_cast<void>(heard());
    says("{\"return\": \"of the first\"}\n");
    EXPECT_EQ(answer(), "none");
    says("\xFF{\"return\": " + std::to_string(sync_id_) + "}\n");
    EXPECT_EQ(heard(), qga::encode(question));
    says("{\"return\": \"of the second\"}\n");
    EXPECT_EQ(answer(), "\"of the second\"");
}

TEST_F(QgaLinkTest, JunkIsNamedAndEndsTheTrust) {
    const std::string sync = "\xFF{\"return\": ";
    for (const std::string& junk : {std::string{"{\"return\": \n"}, std::string{"{\"retu\xFFrn\": 1}\n"},
                                    std::string{"{\"return\": \"\x80\"}\n"}, std::string(limits::qga_line + 1, ' ')}) {
        ask(question);
        ASSERT_EQ(heard(), qga::encode_sync(sync_id_)) << "after junk";
        says(sync + std::to_string(sync_id_) + "}\n");
        ASSERT_EQ(heard(), qga::encode(question));
        says(junk);
        EXPECT_THAT(answer(), HasSubstr("guest-error: ")) << junk.substr(0, 20);
    }
}

TEST_F(QgaLinkTest, WhatNobodyAskedForEndsTheTrust) {
    ask(question);
    syncs();
    static_cast<void>(heard());
    says("{\"return\": 1}\n{\"return\": 2}\n");
    EXPECT_EQ(answer(), "1");
    ask(question);
    EXPECT_EQ(heard(), qga::encode_sync(sync_id_));
}

TEST_F(QgaLinkTest, SilenceIsSuccessWhereTheAgentSaysNothing) {
    ask(shutdown);
    syncs();
    EXPECT_EQ(heard(), qga::encode(shutdown));
    wait(qga_silence - 1ms);
    EXPECT_EQ(answer(), "none");
    wait(1ms);
    EXPECT_EQ(answer(), "null");
    ask(question);
    EXPECT_EQ(heard(), qga::encode_sync(sync_id_)) << "a late error may come";
}

TEST_F(QgaLinkTest, ARefusalBreaksTheSilence) {
    ask(shutdown);
    syncs();
    static_cast<void>(heard());
    says("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Command guest-shutdown has been disabled\"}}\n");
    EXPECT_THAT(answer(), HasSubstr("CommandNotFound: Command guest-shutdown has been disabled"));
}

TEST_F(QgaLinkTest, ACommandThatWasNotWrittenHasNotSucceeded) {
    ask(shutdown);
    syncs();
    link_.written(3, now_);  // the port takes no more
    wait(patience);
    EXPECT_THAT(answer(), HasSubstr("timeout: "));
    EXPECT_EQ(heard(), "") << "its rest must not be said to a guest that comes back";
}

TEST_F(QgaLinkTest, SilenceIsAlwaysPrecededByASync) {
    ask(question);
    syncs();
    static_cast<void>(heard());
    says("{\"return\": 1}\n");
    static_cast<void>(answer());
    ask(shutdown);
    EXPECT_EQ(heard(), qga::encode_sync(sync_id_));
}

TEST_F(QgaLinkTest, APortThatGoesEndsWhatIsAsked) {
    ask(question);
    link_.handle_gone();
    EXPECT_THAT(answer(), HasSubstr("agent-gone: "));
    EXPECT_TRUE(link_.to_port().empty());
    link_.handle_connected();
    ask(question);
    syncs();
    static_cast<void>(heard());
    says("{\"retur");
    link_.handle_gone();
    EXPECT_THAT(answer(), HasSubstr("agent-gone: "));
}

TEST_F(QgaLinkTest, AMachineThatGoesAfterItWasAskedToHasDoneIt) {
    ask(shutdown);
    syncs();
    static_cast<void>(heard());
    link_.handle_gone();
    EXPECT_EQ(answer(), "null");
}

TEST_F(QgaLinkTest, AFloodIsFoundWhetherSomebodyAsksOrNot) {
    const std::string megabyte(limits::mib, '{');
    says(megabyte);
    says(megabyte);
    EXPECT_FALSE(link_.is_flooded());
    says("x");
    EXPECT_TRUE(link_.is_flooded());
    link_.handle_connected();
    EXPECT_FALSE(link_.is_flooded());
    ask(question);
    for (int i = 0; i < 3; ++i) says("\xFF" + megabyte);
    EXPECT_TRUE(link_.is_flooded());
    EXPECT_THAT(answer(), HasSubstr("guest-error: "));
}

}  // namespace
}  // namespace vmcbridge::bridge
