#include "src/control/keys.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace vmcbridge::control {
namespace {

TEST(Keys, StandOnceInEveryGroupWhereTheyMayStand) {
    for (const std::string_view group : {"server", "auth", "policy", "limits", "libvirt", "discover", "vm"}) {
        std::set<std::string_view> names;
        for (const auto& key : keys())
            EXPECT_TRUE(!belongs_to(key, group) || names.insert(key.name).second) << group << " " << key.name;
        EXPECT_FALSE(names.empty()) << group;
    }
}

TEST(Keys, HaveTheDefaultsOfAnEmptyConfiguration) {
    for (const auto& key : keys()) {
        const bool found_at_start = key.name == "listen" || key.name == "admin";  // see options_test
        if (key.default_value.empty() || found_at_start) continue;
        ServerConfig server;
        VmConfig vm;
        SourcesConfig sources;
        EXPECT_FALSE(key.apply({server, vm, sources}, key.default_value)) << key.name;
        EXPECT_EQ(server, ServerConfig{}) << key.name;
        EXPECT_EQ(vm, VmConfig{}) << key.name;
        EXPECT_EQ(sources, SourcesConfig{}) << key.name;
    }
}

TEST(Keys, RefuseAnEmptyValue) {
    for (const auto& key : keys()) {
        ServerConfig server;
        VmConfig vm;
        SourcesConfig sources;
        EXPECT_TRUE(key.apply({server, vm, sources}, "")) << key.name;
        EXPECT_EQ(server, ServerConfig{}) << key.name;
        EXPECT_EQ(vm, VmConfig{}) << key.name;
        EXPECT_EQ(sources, SourcesConfig{}) << key.name;
    }
}

TEST(Keys, TellWhatTheyMeanAndTake) {
    for (const auto& key : keys()) {
        EXPECT_FALSE(key.values.empty()) << key.name;
        EXPECT_TRUE(key.help.ends_with('.')) << key.name;
    }
}

TEST(Nearest, IsTheCandidateWithTheFewestEdits) {
    constexpr std::array<std::string_view, 4> words{"listen", "admin", "threads", "web-root"};
    EXPECT_EQ(nearest("lsiten", words), "listen");
    EXPECT_EQ(nearest("thread", words), "threads");
    EXPECT_EQ(nearest("webroot", words), "web-root");
    EXPECT_EQ(nearest("ADMIN", words), "admin");
    EXPECT_EQ(nearest("listen", {}), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), words), "listen");  // as far as all others, and found in no time
}

}  // namespace
}  // namespace vmcbridge::control
