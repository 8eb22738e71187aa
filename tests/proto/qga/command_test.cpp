#include "proto/qga/command.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::qga {
namespace {

TEST(QgaCommand, IsALineOfJson) {
    EXPECT_EQ(encode({"guest-info", {}}), "{\"execute\":\"guest-info\"}\n");
    EXPECT_EQ(encode_sync(42), "\xFF{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":42}}\n");
}

TEST(QgaCommand, PowerIsAskedInTheAgentsWords) {
    EXPECT_EQ(encode(command_of(Power::shutdown)),
              "{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"powerdown\"}}\n");
    EXPECT_EQ(encode(command_of(Power::reboot)),
              "{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"reboot\"}}\n");
    EXPECT_EQ(encode(command_of(Power::suspend)), "{\"execute\":\"guest-suspend-ram\"}\n");
}

TEST(QgaCommand, PowerIsFoundByItsName) {
    for (const auto power : {Power::shutdown, Power::reboot, Power::suspend}) {
        EXPECT_EQ(find_power(name(power)), power);
        EXPECT_EQ(command_of(power).success, Success::silence);
    }
    EXPECT_EQ(find_power("halt"), std::nullopt);
    EXPECT_EQ(find_power(""), std::nullopt);
}

}  // namespace
}  // namespace vmcbridge::qga
