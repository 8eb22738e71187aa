#include "proto/text.hpp"

#include "tests/support/hex.hpp"
#include "tests/support/plain_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace vmcbridge {
namespace {

// ---- UTF-8 ------------------------------------------------------------------------------------------------------

/// The bytes, alone and within ASCII of every length around the word that the fast path reads.
void expect_utf8(std::string_view text, bool valid) {
    for (std::size_t before = 0; before < 40; ++before) {
        for (const std::size_t after : {0U, 1U, 7U, 8U, 9U, 33U}) {
            const auto around = std::string(before, 'a') + std::string{text} + std::string(after, 'z');
            // A copy of its own, so that a sanitizer sees a read past the end.
            const auto copy = support::bytes_of(around);
            EXPECT_EQ(is_utf8(as_text(copy)), valid) << support::to_hex(copy);
        }
    }
}

TEST(IsUtf8, TakesTheFirstAndLastOfEveryLength) {
    for (const auto* text : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        expect_utf8(text, true);
    expect_utf8({"\0", 1}, true);
    expect_utf8("", true);
}

TEST(IsUtf8, TakesScriptsOfTheWorld) { expect_utf8("héllo Привет שלום 日本語 👩‍👩‍👧", true); }

TEST(IsUtf8, RefusesTheOverlong) {
    for (const auto* text :
         {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf"})
        expect_utf8(text, false);
}

TEST(IsUtf8, RefusesSurrogates) {
    for (const auto* text : {"\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80"}) expect_utf8(text, false);
}

TEST(IsUtf8, RefusesWhatIsAboveUnicode) {
    for (const auto* text : {"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"})
        expect_utf8(text, false);
}

TEST(IsUtf8, RefusesStrayAndMissingContinuations) {
    for (const auto* text : {"\x80", "\xbf", "\xc2", "\xe2\x82", "\xf0\x9f\x98", "\xc2\x41", "\xe2\x82\x41",
                             "\xe2\x41\x82", "\xf0\x9f\x98\x41", "\xc3\xa9\xa9"})
        expect_utf8(text, false);
}

TEST(IsUtf8, AgreesWithThePlainReadingOfEveryTwoAndSomeFourBytes) {
    std::mt19937 random{1};
    const std::string edges{
        "\x00\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff", 25};
    for (unsigned pair = 0; pair < 0x10000; ++pair) {
        const std::string text{static_cast<char>(pair >> 8), static_cast<char>(pair & 0xff)};
        ASSERT_EQ(is_utf8(text), support::is_utf8_plainly(text)) << pair;
    }
    for (int round = 0; round < 300'000; ++round) {
        std::string text;
        for (int i = 0; i < 4; ++i) text += edges[random() % edges.size()];
        ASSERT_EQ(is_utf8(text), support::is_utf8_plainly(text)) << support::to_hex(as_bytes(text));
    }
}

// ---- Line ends --------------------------------------------------------------------------------------------------

/// Converts `text`, given in pieces of `piece` bytes, through an output buffer of `room` bytes.
std::string converted(LineEnds::To to, std::string_view text, std::size_t piece, std::size_t room) {
    LineEnds line_ends{to};
    std::string result;
    std::vector<std::byte> buffer(room);
    while (!text.empty()) {
        const auto copy = support::bytes_of(text.substr(0, piece));
        text.remove_prefix(copy.size());
        for (Bytes in{copy}; !in.empty();) {
            const auto left = in.size();
            const auto count = line_ends.convert(in, buffer);
            EXPECT_TRUE(count > 0 || in.size() < left) << "no progress";
            result += as_text(Bytes{buffer}.first(count));
        }
    }
    const auto count = line_ends.finish(buffer);
    return result + std::string{as_text(Bytes{buffer}.first(count))};
}

/// The result must not depend on the cuts.
void expect_converted(LineEnds::To to, std::string_view text, std::string_view expected) {
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece)
        for (const std::size_t room : {2U, 3U, 4U, 5U, 64U})
            EXPECT_EQ(converted(to, text, piece, room), expected) << "pieces of " << piece << ", room of " << room;
}

TEST(LineEnds, CrlfBecomesLf) { expect_converted(LineEnds::To::lf, "one\r\ntwo\r\n\r\nthree", "one\ntwo\n\nthree"); }
TEST(LineEnds, LfBecomesCrlf) {
    expect_converted(LineEnds::To::crlf, "one\ntwo\n\nthree\n", "one\r\ntwo\r\n\r\nthree\r\n");
}
TEST(LineEnds, CrlfStaysCrlf) { expect_converted(LineEnds::To::crlf, "a\r\nb\n\r\nc", "a\r\nb\r\n\r\nc"); }
TEST(LineEnds, LfStaysLf) { expect_converted(LineEnds::To::lf, "a\nb\n", "a\nb\n"); }
TEST(LineEnds, CrWithoutLfStays) {
    expect_converted(LineEnds::To::lf, "a\rb\r\r\nc\r", "a\rb\r\nc\r");
    expect_converted(LineEnds::To::crlf, "a\rb\r\r\nc\r", "a\rb\r\r\nc\r");
}
TEST(LineEnds, NothingBecomesNothing) {
    expect_converted(LineEnds::To::lf, "", "");
    expect_converted(LineEnds::To::crlf, "", "");
}
TEST(LineEnds, ClosingCrIsHeldBackUntilTheEnd) {
    LineEnds line_ends{LineEnds::To::lf};
    std::array<std::byte, 8> out{};
    auto in = as_bytes("a\r");
    EXPECT_EQ(line_ends.convert(in, out), 1U);
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(line_ends.finish(out), 1U);
    EXPECT_EQ(out[0], std::byte{'\r'});
    EXPECT_EQ(line_ends.finish(out), 0U) << "it comes once";
}

TEST(LineEnds, ThereAndBackIsTheSameForTextOfLfs) {
    std::mt19937 random{2};
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        const auto size = random() % 40;
        while (text.size() < size) text += "ab\n"[random() % 3];
        const auto there = converted(LineEnds::To::crlf, text, 1 + random() % 7, 2 + random() % 7);
        EXPECT_EQ(std::ranges::count(there, '\r'), std::ranges::count(text, '\n'));
        EXPECT_EQ(converted(LineEnds::To::lf, there, 1 + random() % 7, 2 + random() % 7), text);
    }
}

}  // namespace
}  // namespace vmcbridge
