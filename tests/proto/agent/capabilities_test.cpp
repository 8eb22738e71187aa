#include "proto/agent/capabilities.hpp"

#include "tests/support/hex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmcbridge::agent {
namespace {

using testing::ElementsAre;

constexpr CapabilitySet linux_agent{0x38de7};
constexpr CapabilitySet windows_agent{0x6b7};

TEST(Capabilities, NamesComeInTheOrderOfTheirBits) {
    EXPECT_THAT(names(windows_agent),
                ElementsAre("mouse-state", "monitors-config", "reply", "display-config", "clipboard-by-demand",
                            "sparse-monitors-config", "guest-lineend-crlf", "max-clipboard"));
    EXPECT_TRUE(names(CapabilitySet{}).empty());
}

TEST(Capabilities, EveryBitHasAKebabCaseNameOfItsOwn) {
    auto all = names(CapabilitySet{0xffffffff});
    ASSERT_EQ(all.size(), capability_count);
    for (std::size_t bit = 0; bit < all.size(); ++bit) {
        EXPECT_EQ(name(static_cast<Capability>(bit)), all[bit]);
        EXPECT_EQ(all[bit].find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << all[bit];
    }
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
    EXPECT_EQ(name(static_cast<Capability>(capability_count)), "unknown");
}

TEST(Capabilities, SetKeepsUnknownBitsOut) { EXPECT_EQ(CapabilitySet{0xffffffff}.word(), 0x3ffffU); }

TEST(Capabilities, AddAndRemoveTouchOneBit) {
    CapabilitySet set{Capability::reply};
    set.add(Capability::clipboard_grab_serial);
    EXPECT_EQ(set.word(), 0x20004U);
    set.remove(Capability::reply);
    EXPECT_EQ(set, CapabilitySet{Capability::clipboard_grab_serial});
    EXPECT_FALSE(set.has(Capability::reply));
}

TEST(Dialect, HoldsWhatBothAnnounced) {
    EXPECT_EQ(dialect_of(linux_agent, linux_agent), (Dialect{.selection = true, .grab_serial = true}));
    EXPECT_EQ(dialect_of(linux_agent, windows_agent), Dialect{});
    EXPECT_EQ(dialect_of(linux_agent, CapabilitySet{Capability::clipboard_selection}),
              (Dialect{.selection = true, .grab_serial = false}));
    EXPECT_EQ(dialect_of(CapabilitySet{}, linux_agent), Dialect{});
}

}  // namespace
}  // namespace vmcbridge::agent
