#include "src/control/discover/socket_finder.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::control {
namespace {

TEST(MachineName, IsWhatTheOneStarStandsFor) {
    EXPECT_EQ(machine_name("/run/vms/*/agent.sock", "/run/vms/web1/agent.sock"), "web1");
    EXPECT_EQ(machine_name("/run/vms/*.sock", "/run/vms/web1.sock"), "web1");
    EXPECT_EQ(machine_name("/run/vm-*-x/a", "/run/vm-web1-x/a"), "web1");
    EXPECT_EQ(machine_name("/run/*", "/run/web1.sock"), "web1.sock");
}

TEST(MachineName, ElseIsTheFilesWithoutItsExtension) {
    EXPECT_EQ(machine_name("/run/web1.sock", "/run/web1.sock"), "web1");
    EXPECT_EQ(machine_name("/run/*/*.sock", "/run/lab/web1.sock"), "web1");
    EXPECT_EQ(machine_name("/run/vm?/web*", "/run/vm1/web1"), "web1");
}

}  // namespace
}  // namespace vmcbridge::control
