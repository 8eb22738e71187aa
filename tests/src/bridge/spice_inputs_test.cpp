// Keys and clicks of a viewer who may only look.
#include "src/bridge/spice_inputs.hpp"

#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using support::ByteVector;
using support::from_hex;
using support::to_hex;

constexpr auto key_down = "65 00 04 00 00 00 1e 00 00 00";
constexpr auto key_up = "66 00 04 00 00 00 9e 00 00 00";
constexpr auto modifiers = "67 00 02 00 00 00 04 00";
constexpr auto position = "70 00 0b 00 00 00 64 00 00 00 c8 00 00 00 02 00 00";
constexpr auto press = "71 00 03 00 00 00 01 01 00";
constexpr auto release = "72 00 03 00 00 00 01 00 00";
constexpr auto release_all = "72 00 03 00 00 00 00 00 00";
constexpr auto no_motion = "6f 00 0a 00 00 00 00 00 00 00 00 00 00 00 00 00";

class Inputs : public testing::Test {
protected:
    std::string passes(std::string_view hex, bool may) {
        ByteVector out;
        EXPECT_EQ(inputs.handle_client(from_hex(hex), may, out), std::nullopt);
        return to_hex(out);
    }
    SpiceInputs inputs{spice::HeaderKind::mini};
};

TEST_F(Inputs, OfWhoMayPassAsTheyCame) {
    for (const auto* each : {key_down, key_up, modifiers, position, press, release, "ff 00 01 00 00 00 07"})
        EXPECT_EQ(passes(each, true), each);
}

TEST_F(Inputs, OfWhoMayNotAreReleasesAndWhatIsTheChannels) {
    for (const auto* each : {key_down, modifiers, press, "68 00 02 00 00 00 1e 9e", "ff 00 01 00 00 00 07"})
        EXPECT_EQ(passes(each, false), "") << each;
    EXPECT_EQ(passes(release, false), release_all);
    for (const auto* each : {key_up, "01 00 04 00 00 00 01 00 00 00", "02 00 00 00 00 00"})
        EXPECT_EQ(passes(each, false), each);
}

// A SPICE server looks at no type to tell a press from a release: it hands on the codes, and the buttons that are down.
TEST_F(Inputs, ReleaseThatWouldPressIsHeldBack) {
    for (const auto* each :
         {"66 00 04 00 00 00 1e 00 00 00", "66 00 04 00 00 00 9e 1e 00 00", "66 00 04 00 00 00 e0 1d 00 00",
          "66 00 04 00 00 00 e1 1d 45 00", "66 00 03 00 00 00 9e 00 00", "66 00 05 00 00 00 9e 00 00 00 1e"})
        EXPECT_EQ(passes(each, false), "") << each;
    EXPECT_EQ(passes("66 00 04 00 00 00 e0 9d 00 00", false), "66 00 04 00 00 00 e0 9d 00 00");
    EXPECT_EQ(passes("72 00 03 00 00 00 02 01 00", false), release_all) << "another one stays down";
    EXPECT_EQ(passes("72 00 03 00 00 00 01 ff ff", false), release_all);
}

TEST_F(Inputs, OfTheChannelsOwnMessagesThoseOfAViewerPass) {
    for (const auto* each : {"03 00 00 00 00 00", "06 00 00 00 00 00"}) EXPECT_EQ(passes(each, false), each);
    for (const auto* each : {"04 00 00 00 00 00", "05 00 01 00 00 00 07", "64 00 00 00 00 00"})
        EXPECT_EQ(passes(each, false), "") << each;
}

TEST_F(Inputs, MotionIsCountedByTheServerAllTheSame) {
    EXPECT_EQ(passes(position, false), no_motion);
    EXPECT_EQ(passes("6f 00 0a 00 00 00 05 00 00 00 06 00 00 00 01 00", false), no_motion);
}

TEST_F(Inputs, FirstPressThatIsHeldBackIsNewsUntilOneHasPassed) {
    for (const auto* each : {key_up, modifiers, release, position}) passes(each, false);
    EXPECT_FALSE(inputs.take_held()) << "no press";
    for (const auto* each : {press, key_down, "68 00 01 00 00 00 1e"}) passes(each, false);
    EXPECT_TRUE(inputs.take_held());
    passes(key_down, false);
    EXPECT_FALSE(inputs.take_held());
    passes(key_down, true);
    EXPECT_FALSE(inputs.take_held());
    passes(press, false);
    EXPECT_TRUE(inputs.take_held());
}

TEST_F(Inputs, RightThatIsLostAmidAMessageCountsAtItsEnd) {
    EXPECT_EQ(passes("65 00 04 00 00", true), "");
    EXPECT_EQ(passes("00 1e 00 00 00", false), "");
    EXPECT_EQ(passes("66 00 04 00 00 00 9e", false), "");
    EXPECT_EQ(passes("00 00 00", false), key_up);
}

TEST_F(Inputs, SizesMeetALimit) {
    ByteVector out;
    EXPECT_TRUE(inputs.handle_client(from_hex("65 00 ff ff ff ff"), true, out));
}

TEST_F(Inputs, FullHeadersAreCountedAnew) {
    SpiceInputs full{spice::HeaderKind::full};
    ByteVector out;
    const auto two = from_hex(
        "05 00 00 00 00 00 00 00 65 00 00 00 00 00 00 00 00 00"
        " 06 00 00 00 00 00 00 00 66 00 04 00 00 00 00 00 00 00 9e 00 00 00");
    EXPECT_EQ(full.handle_client(two, false, out), std::nullopt);
    EXPECT_EQ(to_hex(out), "01 00 00 00 00 00 00 00 66 00 04 00 00 00 00 00 00 00 9e 00 00 00");
}

}  // namespace
}  // namespace vmcbridge::bridge
