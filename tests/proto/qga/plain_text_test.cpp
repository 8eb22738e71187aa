#include "proto/qga/plain_text.hpp"

#include "proto/text.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::qga {
namespace {

TEST(PlainText, IsLeftAsItIs) {
    EXPECT_EQ(plain_text("Grüße, 日本語 👩‍👩‍👧", 256), "Grüße, 日本語 👩‍👩‍👧");
    EXPECT_EQ(plain_text("", 256), "");
}

TEST(PlainText, HasNoControlCharactersAndTurnsNothing) {
    EXPECT_EQ(plain_text("a\nb\x1b[31m\x7f", 256), "a\uFFFDb\uFFFD[31m\uFFFD");
    EXPECT_EQ(plain_text("c\u0085d\u2028e\u202Egpj\u2066f\u200F", 256), "c\uFFFDd\uFFFDe\uFFFDgpj\uFFFDf\uFFFD");
    EXPECT_EQ(plain_text(std::string_view{"\0", 1}, 256), "\uFFFD");
}

TEST(PlainText, IsCutBetweenCharacters) {
    for (std::size_t limit = 0; limit < 20; ++limit) {
        const auto cut = plain_text("é\n日👩\x01\x01\x01", limit);
        EXPECT_LE(cut.size(), limit);
        EXPECT_TRUE(is_utf8(cut)) << limit;
    }
}

}  // namespace
}  // namespace vmcbridge::qga
