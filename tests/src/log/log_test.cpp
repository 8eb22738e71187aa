#include "src/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::log {
namespace {

TEST(Log, LineNamesEventAndFieldsInOrder) {
    testing::internal::CaptureStderr();
    info("listening", {{"service", "http"}, {"address", "127.0.0.1:41234"}});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "event=listening service=http address=127.0.0.1:41234\n");
}

TEST(Log, LevelOtherThanInfoIsNamed) {
    testing::internal::CaptureStderr();
    warning("guest-lost", {{"bytes", 12}});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "event=guest-lost level=warning bytes=12\n");
}

TEST(Log, LevelsAboveTheChosenOneAreSilent) {
    testing::internal::CaptureStderr();
    debug("detail");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Log, PeerMadeTextCanNotForgeALine) {
    EXPECT_EQ(log::quoted("a\nevent=forged"), R"("a\x0aevent=forged")");
    EXPECT_EQ(log::quoted("say \"hi\\\""), R"("say \"hi\\\"")");
    EXPECT_EQ(log::quoted("\x1b[31m"), R"("\x1b[31m")");
}

TEST(Log, ValuesAreCut) { EXPECT_EQ(log::quoted(std::string(1000, 'x')), '"' + std::string(256, 'x') + "...\""); }

TEST(Log, EmptyValueIsSeen) { EXPECT_EQ(log::quoted(""), "\"\""); }

}  // namespace
}  // namespace vmcbridge::log
