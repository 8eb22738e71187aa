#include "src/io/guest_control.hpp"

#include "proto/limits.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io {
namespace {

using policy::GuestAgentRule;
using test::Loop;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Hands over what the test says, when it says so.
class FakeCommands final : public GuestCommands {
public:
    explicit FakeCommands(net::io_context& context) : said_{context} {}

    Task<qga::Answer> ask(qga::Command command, Clock::time_point deadline) override {
        EXPECT_GT(deadline, Clock::now());
        EXPECT_FALSE(is_asked_) << "one at a time";
        is_asked_ = true;
        commands.push_back(qga::encode(command));
        co_await said_.wait();
        is_asked_ = false;
        co_return qga::decode_reply(line_);
    }
    [[nodiscard]] bool is_connected() const noexcept override { return connected; }
    void say(std::string line) {
        line_ = std::move(line);
        said_.notify();
    }

    bool connected = true;
    std::vector<std::string> commands;

private:
    bool is_asked_ = false;
    Signal said_;
    std::string line_;
};

constexpr auto has_host_name =
    R"({"return": {"version": "7.2.0", "supported_commands": [{"name": "guest-get-host-name", "enabled": true}]}})";

class GuestControlTest : public testing::Test {
protected:
    GuestControlTest() { loop_.tasks.spawn("control", control_->run(control_)); }
    ~GuestControlTest() override {
        control_->stop();
        commands_->say("the end");
        EXPECT_TRUE(loop_.until([&] { return loop_.tasks.size() == 0; })) << "run() ends by itself";
    }

    /// Its answer goes to the end of `answers_`: a host name, "done", or the code of a failure.
    std::shared_ptr<Presence> ask(std::optional<qga::Power> power = {}) {
        auto asker = std::make_shared<Presence>();
        control_->ask({.power = power, .peer = "test", .asker = asker}, [this](const GuestAnswer& answer) {
            if (!answer)
                answers_.emplace_back(browser::name(answer.error().code));
            else
                answers_.push_back(answer->info ? answer->info->hostname.value_or("?") : "done");
        });
        return asker;
    }
    void expect_commands(std::size_t count) {
        ASSERT_TRUE(loop_.until([&] { return commands_->commands.size() >= count; }));
        EXPECT_THAT(commands_->commands, SizeIs(count));
    }
    void expect_answers(std::size_t count) {
        ASSERT_TRUE(loop_.until([&] { return answers_.size() >= count; }));
        EXPECT_THAT(answers_, SizeIs(count));
    }
    /// Answers a survey that has begun.
    void tell(const std::string& host_name) {
        const auto before = commands_->commands.size();
        commands_->say(has_host_name);
        expect_commands(before + 1);
        commands_->say(R"({"return": {"host-name": ")" + host_name + "\"}}");
    }

    Loop loop_;
    std::shared_ptr<FakeCommands> commands_ = std::make_shared<FakeCommands>(loop_.context);
    std::shared_ptr<GuestControl> control_ =
        std::make_shared<GuestControl>(loop_.context, "vm", commands_, GuestAgentRule::power);
    std::vector<std::string> answers_;
};

TEST_F(GuestControlTest, AllWhoAskShareOneSurvey) {
    ask();
    expect_commands(1);
    ask();
    ask();
    tell("web1");
    expect_answers(3);
    EXPECT_THAT(answers_, Each("web1"));
    EXPECT_THAT(commands_->commands, SizeIs(2));
    ask();
    EXPECT_THAT(answers_, SizeIs(4)) << "what is fresh is told at once";
}

TEST_F(GuestControlTest, OneThingAtATimeInItsOrder) {
    ask();
    ask(qga::Power::shutdown);
    ask(qga::Power::suspend);
    expect_commands(1);
    tell("web1");
    expect_commands(3);
    EXPECT_EQ(commands_->commands.back(), qga::encode(qga::command_of(qga::Power::shutdown)));
    commands_->say(R"({"return": {}})");
    expect_commands(4);
    commands_->say(R"({"error": {"class": "X", "desc": "no"}})");
    expect_answers(3);
    EXPECT_THAT(answers_, ElementsAre("web1", "done", "guest-error"));
}

TEST_F(GuestControlTest, PowerIsWhatPolicyLets) {
    control_->update(GuestAgentRule::info);
    ask(qga::Power::reboot);
    EXPECT_THAT(answers_, ElementsAre("disabled"));
    EXPECT_THAT(commands_->commands, IsEmpty());
}

TEST_F(GuestControlTest, ARuleThatGoesTakesWhatWaitsWithIt) {
    ask();
    expect_commands(1);
    ask(qga::Power::shutdown);
    control_->update(GuestAgentRule::info);
    tell("web1");
    expect_answers(2);
    EXPECT_THAT(answers_, ElementsAre("web1", "disabled"));
    EXPECT_THAT(commands_->commands, SizeIs(2));
}

TEST_F(GuestControlTest, NobodyAtThePortIsToldAtOnce) {
    commands_->connected = false;
    ask();
    ask(qga::Power::shutdown);
    EXPECT_THAT(answers_, ElementsAre("no-agent", "no-agent"));
}

TEST_F(GuestControlTest, SoManyMayWaitAndNoMore) {
    ask();
    expect_commands(1);
    for (std::size_t i = 1; i < limits::qga_waiting; ++i)
        ask(i % 2 == 0 ? std::optional{qga::Power::suspend} : std::nullopt);
    EXPECT_THAT(answers_, IsEmpty());
    ask();
    EXPECT_THAT(answers_, ElementsAre("busy"));
}

TEST_F(GuestControlTest, WhatNobodyWaitsForIsNotAsked) {
    const auto first = ask();
    expect_commands(1);
    const auto second = ask(qga::Power::shutdown);
    first->leave();
    second->leave();
    control_->forget_gone();
    EXPECT_THAT(answers_, ElementsAre("cancelled", "cancelled"));
    commands_->say(has_host_name);
    ask(qga::Power::suspend);
    expect_commands(2);
    EXPECT_EQ(commands_->commands.back(), qga::encode(qga::command_of(qga::Power::suspend)));
}

TEST_F(GuestControlTest, WhoHasGoneAlreadyIsNotServed) {
    const auto asker = std::make_shared<Presence>();
    asker->leave();
    std::string code;
    control_->ask({.power = qga::Power::shutdown, .peer = "test", .asker = asker},
                  [&](const GuestAnswer& answer) { code = browser::name(answer.error().code); });
    EXPECT_EQ(code, "cancelled");
}

TEST_F(GuestControlTest, StopTellsAllWhoWait) {
    ask();
    expect_commands(1);
    ask(qga::Power::shutdown);
    control_->stop();
    EXPECT_THAT(answers_, ElementsAre("stopping", "stopping"));
    ask();
    EXPECT_THAT(answers_, SizeIs(3));
    EXPECT_EQ(answers_.back(), "stopping");
}

TEST_F(GuestControlTest, AFailureIsNotRemembered) {
    ask();
    expect_commands(1);
    commands_->say("half JSON {");
    expect_answers(1);
    EXPECT_THAT(answers_, ElementsAre("guest-error"));
    ask();
    expect_commands(2);
    tell("web1");
    expect_answers(2);
    EXPECT_EQ(answers_.back(), "web1");
}

}  // namespace
}  // namespace vmcbridge::io
