#include "src/io/held_agent.hpp"

#include "tests/src/io/support/loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace vmcbridge::io {
namespace {

using browser::Code;
using test::Loop;

/// Answers when the test says so.
class FakeHolder final : public AgentHolder {
public:
    void ask(std::string command, std::chrono::seconds /*patience*/, Done done) override {
        asked = std::move(command);
        answer = std::move(done);
    }
    void ask_power(std::string what, Done done) override {
        asked = std::move(what);
        answer = std::move(done);
    }
    std::string asked;
    Done answer;
};

class HeldAgentTest : public testing::Test {
protected:
    HeldAgentTest() {
        Port port;
        port.agent_holder = holder_;
        agent_.emplace(port);
    }
    void ask(qga::Command command, Clock::duration patience = test::patience) {
        const auto run = [](HeldAgent& agent, qga::Command what, Clock::duration wait,
                            std::optional<qga::Answer>& out) -> Task<> {
            out.emplace(co_await agent.ask(what, Clock::now() + wait));
        };
        loop_.tasks.spawn("ask", run(*agent_, command, patience, outcome_));
    }
    void reply(AgentHolder::Answer answer) {
        ASSERT_TRUE(loop_.until([&] { return static_cast<bool>(holder_->answer); }));
        holder_->answer(std::move(answer));
        ASSERT_TRUE(is_done());
    }
    [[nodiscard]] bool is_done() {
        return loop_.until([&] { return outcome_.has_value(); });
    }

    static constexpr qga::Command info{.name = "guest-info", .arguments = {}};
    std::shared_ptr<FakeHolder> holder_ = std::make_shared<FakeHolder>();
    std::optional<HeldAgent> agent_;
    std::optional<qga::Answer> outcome_;
    Loop loop_;
};

TEST_F(HeldAgentTest, HandsACommandOnAndItsAnswerBack) {
    ask(info);
    reply({.line = R"({"return": {"version": "7.2"}})"});
    EXPECT_EQ(holder_->asked, qga::encode(info));
    ASSERT_TRUE(outcome_->has_value());
    EXPECT_EQ((*outcome_)->value().at("version"), "7.2");
}

TEST_F(HeldAgentTest, TellsWhoHasNoAnswerFromWhoRefuses) {
    ask(info);
    reply({.problem = "Guest agent is not responding", .is_agent_there = false});
    EXPECT_EQ(outcome_->error().code, Code::no_agent);
    outcome_.reset();
    holder_->answer = nullptr;
    ask(info);
    reply({.problem = "disabled by\nits list"});
    EXPECT_EQ(outcome_->error().code, Code::guest_error);
    EXPECT_EQ(outcome_->error().error.text.find('\n'), std::string::npos);
    EXPECT_TRUE(outcome_->error().is_agents_own());
}

TEST_F(HeldAgentTest, AnswersThatAreTooLongOrNoJsonAreJunk) {
    for (const auto& line : {std::string(limits::qga_line + 1, ' '), std::string{"{\"return\": "}}) {
        ask(info);
        reply({.line = line});
        EXPECT_EQ(outcome_->error().code, Code::guest_error);
        EXPECT_FALSE(outcome_->error().is_agents_own());
        outcome_.reset();
        holder_->answer = nullptr;
    }
}

TEST_F(HeldAgentTest, ASilentHolderIsATimeout) {
    ask(info, std::chrono::milliseconds{20});
    ASSERT_TRUE(is_done());
    EXPECT_EQ(outcome_->error().code, Code::timeout);
}

TEST_F(HeldAgentTest, PowerGoesByItsNameAndSucceedsOnlyWhenThatIsSaid) {
    ask(qga::command_of(qga::Power::suspend));
    reply({});
    EXPECT_EQ(holder_->asked, "suspend");
    EXPECT_TRUE(outcome_->has_value());
    outcome_.reset();
    ask(qga::command_of(qga::Power::shutdown));
    ASSERT_TRUE(is_done()) << "after the holder's silence";
    EXPECT_EQ(outcome_->error().code, Code::timeout);
}

}  // namespace
}  // namespace vmcbridge::io
