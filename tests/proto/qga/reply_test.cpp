#include "proto/qga/reply.hpp"

#include "proto/limits.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::qga {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(QgaReply, IsWhatIsReturned) {
    const auto reply = decode_reply(R"({"return": {"host-name": "web1"}, "id": 7})");
    ASSERT_TRUE(reply);
    EXPECT_EQ(boost::json::serialize(reply->value()), R"({"host-name":"web1"})");
    EXPECT_TRUE(Reply{}.value().is_null());
}

TEST(QgaReply, OutlivesItsLineAndItsPlace) {
    Answer answer = Failure{};
    {
        const std::string line = R"({"return": [")" + std::string(5000, 'x') + R"(", "a short text"]})";
        answer = decode_reply(line);
    }
    Answer moved = std::move(answer);
    answer = decode_reply(R"({"return": 1})");
    EXPECT_EQ(moved->value().at(1), "a short text");
    moved = std::move(answer);
    EXPECT_EQ(moved->value(), 1);
}

TEST(QgaReply, AnErrorOfTheAgentIsToldWithItsClass) {
    const auto reply = decode_reply(R"({"error": {"class": "CommandNotFound", "desc": "no\nsuch \u001b[31mcommand"}})");
    ASSERT_FALSE(reply);
    EXPECT_TRUE(reply.error().is_agents_own());
    EXPECT_EQ(reply.error().code, browser::Code::guest_error);
    EXPECT_EQ(reply.error().error, (AgentError{"CommandNotFound", "no\uFFFDsuch \uFFFD[31mcommand"}));
    EXPECT_THAT(reply.error().detail, HasSubstr("CommandNotFound: no"));
}

TEST(QgaReply, TextsOfAnErrorAreCut) {
    const auto reply = decode_reply(R"({"error": {"class": "X", "desc": ")" + std::string(10'000, 'y') + "\"}}");
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().error.text, SizeIs(limits::qga_text));
}

TEST(QgaReply, WhatIsNoAnswerIsJunk) {
    const std::string deep = R"({"return":)" + std::string(64, '[') + std::string(64, ']') + "}";
    std::string many = R"({"return":[0)";
    for (std::size_t i = 0; i < limits::qga_values; ++i) many += ",0";
    for (const std::string& line :
         {std::string{"{\"return\": "}, std::string{"{}"}, std::string{"[]"}, std::string{"nonsense"}, std::string{},
          std::string{"{\"return\": \"\x80\"}"}, std::string{"{\"return\": \"\\ud800\"}"},
          std::string{"{\"error\": 1}"}, std::string{"{\"error\": {\"desc\": \"no class\"}}"},
          std::string{"{\"return\": 1} {\"return\": 2}"}, deep, many + "]}"}) {
        const auto reply = decode_reply(line);
        ASSERT_FALSE(reply) << line.substr(0, 80);
        EXPECT_FALSE(reply.error().is_agents_own()) << line.substr(0, 80);
        EXPECT_EQ(reply.error().code, browser::Code::guest_error);
    }
}

}  // namespace
}  // namespace vmcbridge::qga
