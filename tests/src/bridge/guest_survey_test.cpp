#include "src/bridge/guest_survey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmcbridge::bridge {
namespace {

using testing::ElementsAre;

constexpr std::string_view all_commands = R"({"return": {"version": "7.2.0", "supported_commands": [
    {"name": "guest-get-host-name", "enabled": true}, {"name": "guest-get-users", "enabled": true},
    {"name": "guest-get-osinfo", "enabled": true}]}})";

TEST(GuestSurvey, AsksWhatThereIsFirst) {
    GuestSurvey survey;
    std::vector<std::string> asked;
    for (auto command = survey.poll_command(); command; command = survey.poll_command()) {
        asked.emplace_back(command->name);
        const auto line = command->name == "guest-info"            ? all_commands
                          : command->name == "guest-get-host-name" ? R"({"return": {"host-name": "web1"}})"
                          : command->name == "guest-get-users"     ? R"({"error": {"class": "X", "desc": "no"}})"
                                                                   : R"({"return": 5})";
        EXPECT_EQ(survey.handle_answer(qga::decode_reply(line)), std::nullopt);
    }
    EXPECT_THAT(asked, ElementsAre("guest-info", "guest-get-host-name", "guest-get-osinfo", "guest-get-users"));
    EXPECT_EQ(survey.info().version, "7.2.0");
    EXPECT_EQ(survey.info().hostname, "web1");
    EXPECT_FALSE(survey.info().users.has_value()) << "refused";
    EXPECT_FALSE(survey.info().system.has_value()) << "nonsense";
    EXPECT_FALSE(survey.info().file_systems.has_value()) << "not there";
}

TEST(GuestSurvey, EndsWhereTheAgentDoes) {
    const qga::Failure late{.code = browser::Code::timeout, .detail = "late"};
    GuestSurvey at_once;
    EXPECT_EQ(at_once.handle_answer(late), late);
    GuestSurvey later;
    EXPECT_EQ(later.handle_answer(qga::decode_reply(all_commands)), std::nullopt);
    EXPECT_EQ(later.handle_answer(late), late);
}

TEST(GuestSurvey, EndsWhereTheAgentTellsNoCommands) {
    for (const auto* line : {R"({"return": 1})", R"({"error": {"class": "X", "desc": "no"}})", "junk"}) {
        GuestSurvey survey;
        const auto failure = survey.handle_answer(qga::decode_reply(line));
        ASSERT_TRUE(failure) << line;
        EXPECT_EQ(failure->code, browser::Code::guest_error) << line;
    }
}

}  // namespace
}  // namespace vmcbridge::bridge
