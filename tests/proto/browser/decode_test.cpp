#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vmcbridge::browser {
namespace {

using testing::HasSubstr;

ClientFrame decoded(std::string_view text) {
    auto frame = decode_client(text);
    EXPECT_TRUE(frame) << text << ": " << (frame ? "" : frame.error().message);
    return frame ? *frame : ClientFrame{};
}

FrameError refused(std::string_view text) {
    auto frame = decode_client(text);
    EXPECT_FALSE(frame) << text;
    return frame ? FrameError{} : frame.error();
}

TEST(DecodeClient, TheMessageNamesThePlaceAndWhatWasExpected) {
    const auto error = refused(R"({"type":"monitors","monitors":[{"width":1,"height":1},{"width":0,"height":1}]})");
    EXPECT_EQ(error.about, "monitors");
    EXPECT_EQ(error.message, "monitors[1].width: expected a number from 1 to 65535");
}

TEST(DecodeClient, AMissingMemberIsNamed) {
    EXPECT_EQ(refused(R"({"type":"ping"})").message, "id: expected this member");
}

TEST(DecodeClient, UnknownTypesAndMembersAreIgnored) {
    EXPECT_EQ(decoded(R"({"type":"from-tomorrow","x":1})"), ClientFrame{UnknownFrame{}});
    EXPECT_EQ(decoded(R"({"type":"ping","id":5,"colour":{"a":[1]}})"), ClientFrame{Ping{5}});
}

TEST(DecodeClient, AWholeNumberMayBeSpelledAsAFraction) {
    EXPECT_EQ(decoded(R"({"type":"ping","id":5.0})"), ClientFrame{Ping{5}});
    EXPECT_EQ(decoded(R"({"type":"ping","id":9007199254740991})"), ClientFrame{Ping{limits::max_id}});
}

TEST(DecodeClient, NumbersThatAreNotExactAreRefused) {
    for (const auto* number : {"-1", "0.5", "9007199254740992", "1e300", "18446744073709551615", "\"5\"", "null"})
        EXPECT_THAT(refused(R"({"type":"ping","id":)" + std::string{number} + "}").message, HasSubstr("id: expected"));
}

TEST(DecodeClient, TextThatIsNoJsonIsRefusedWithoutAType) {
    for (const auto* text : {"", "{", "[]", "5", "{}", R"({"type":5})", R"({"type":"ping","id":1} x)"})
        EXPECT_EQ(refused(text).about, "") << text;
}

TEST(DecodeClient, InlineTextIsAtMost64KiB) {
    const std::string most(limits::inline_text, 'a');
    const auto frame = [](const std::string& text) {
        return R"({"type":"clipboard-data","id":1,"format":"text/plain","text":")" + text + "\"}";
    };
    EXPECT_EQ(decoded(frame(most)), (ClientFrame{ClipboardData{1, ClipboardFormat::text, most}}));
    EXPECT_THAT(refused(frame(most + "a")).message, HasSubstr("text: expected at most 65536 bytes"));
}

}  // namespace
}  // namespace vmcbridge::browser
