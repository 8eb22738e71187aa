#include "proto/wire.hpp"

#include "tests/support/hex.hpp"
#include "tests/support/printing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

namespace vmcbridge {
namespace {

constexpr std::array eight{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                           std::byte{5}, std::byte{6}, std::byte{7}, std::byte{0xf8}};

// The reader is constexpr, so its arithmetic is checked by the compiler.
static_assert(Reader{eight}.u8("x") == 0x01);
static_assert(Reader{eight}.u16("x") == 0x0201);
static_assert(Reader{eight}.u32("x") == 0x04030201);
static_assert(Reader{eight}.u64("x") == 0xf807060504030201);
static_assert(Reader{Bytes{eight}.subspan(4)}.i32("x") < 0);
static_assert([] {
    Reader in{eight};
    (void)in.u64("x");
    return in.ok() && !in.more();
}());

TEST(Reader, GivesFieldsInTheirOrder) {
    const auto bytes = support::from_hex("01 02 00 03 00 00 00 04 00 00 00 00 00 00 00 61 62");
    Reader in{bytes};
    EXPECT_EQ(in.u8("a"), 1);
    EXPECT_EQ(in.u16("b"), 2);
    EXPECT_EQ(in.u32("c"), 3U);
    EXPECT_EQ(in.u64("d"), 4U);
    EXPECT_EQ(as_text(in.rest()), "ab");
    EXPECT_TRUE(in.finish(0));
}

TEST(Reader, KeepsTheFirstFaultWithItsFieldAndOffset) {
    const auto bytes = support::from_hex("01 00 00 00 02 00");
    Reader in{bytes};
    EXPECT_EQ(in.u32("id"), 1U);
    EXPECT_EQ(in.u32("size"), 0U);
    EXPECT_EQ(in.u8("next"), 0) << "nothing is read after a fault";
    in.reject("late");
    const auto result = in.finish(7);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), (ParseError{.fault = Fault::truncated, .field = "size", .offset = 4}));
}

TEST(Reader, RefusesWhatWasReadLast) {
    const auto bytes = support::from_hex("01 02 03");
    Reader in{bytes};
    (void)in.u8("first");
    (void)in.u8("second");
    in.reject("second");
    EXPECT_EQ(in.finish(0).error(), (ParseError{.fault = Fault::bad_value, .field = "second", .offset = 1}));
}

TEST(Reader, RefusesBytesThatNobodyRead) {
    const auto bytes = support::from_hex("01 02 03");
    Reader in{bytes};
    (void)in.u16("value");
    EXPECT_EQ(in.finish(0).error(), (ParseError{.fault = Fault::trailing_bytes, .field = "end", .offset = 2}));
}

TEST(Reader, TakesNothingFromNothing) {
    Reader in{{}};
    EXPECT_TRUE(in.take(0, "empty").empty());
    EXPECT_TRUE(in.rest().empty());
    EXPECT_TRUE(in.finish(0));
}

TEST(Reader, SizesNearTheLargestNumberDontWrap) {
    const auto bytes = support::from_hex("01 02 03");
    Reader in{bytes};
    (void)in.u8("first");
    EXPECT_TRUE(in.take(std::numeric_limits<std::size_t>::max(), "data").empty());
    EXPECT_EQ(in.finish(0).error().fault, Fault::truncated);
}

TEST(Reader, LoopOverItsBytesEndsAtTheFault) {
    const auto bytes = support::from_hex("01 00 00 00 02 00");
    Reader in{bytes};
    int rounds = 0;
    while (in.more()) {
        (void)in.u32("word");
        ++rounds;
    }
    EXPECT_EQ(rounds, 2);
}

TEST(Writer, WritesWhatReaderReads) {
    std::vector<std::byte> out{std::byte{0xaa}};
    Writer to{out};
    to.u8(1);
    to.u16(0x0302);
    to.u32(0x07060504);
    to.u64(0x0f0e0d0c0b0a0908);
    to.i32(-2);
    to.bytes(as_bytes("xy"));
    to.zeros(3);
    EXPECT_EQ(support::to_hex(out), "aa 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f fe ff ff ff 78 79 00 00 00");
}

TEST(ParseError, SaysFaultPlaceAndField) {
    EXPECT_EQ(to_text(ParseError{.fault = Fault::truncated, .field = "serial", .offset = 12}),
              "truncated at byte 12: serial");
}

TEST(ParseError, EveryFaultHasWordsOfItsOwn) {
    std::vector<std::string_view> texts;
    for (int i = 0; i <= static_cast<int>(Fault::overrun); ++i) texts.push_back(to_text(static_cast<Fault>(i)));
    std::ranges::sort(texts);
    EXPECT_EQ(std::ranges::adjacent_find(texts), texts.end());
    EXPECT_FALSE(std::ranges::count(texts, "fault"));
}

}  // namespace
}  // namespace vmcbridge
