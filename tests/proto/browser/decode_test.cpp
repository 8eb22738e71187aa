#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmcbridge::browser {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

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

std::string inline_text(std::string_view text) {
    return R"({"type":"clipboard-data","id":1,"format":"text/plain","text":")" + std::string{text} + "\"}";
}

TEST(DecodeClient, TheMessageNamesThePlaceAndWhatWasExpected) {
    const auto error = refused(R"({"type":"monitors","monitors":[{"width":1,"height":1},{"width":0,"height":1}]})");
    EXPECT_EQ(error.about, "monitors");
    EXPECT_EQ(error.message, "monitors[1].width: expected a number from 1 to 65535");
}

TEST(DecodeClient, AMissingMemberIsNamed) {
    EXPECT_EQ(refused(R"({"type":"ping"})").message, "id: expected this member");
}

TEST(DecodeClient, NumbersThatAreNotExactAreRefused) {
    for (const auto* number : {"-1", "0.5", "9007199254740992", "9007199254740993.0", "1e300", "18446744073709551615"})
        EXPECT_THAT(refused(R"({"type":"ping","id":)" + std::string{number} + "}").message, HasSubstr("id: expected"));
}

TEST(DecodeClient, OnlyTheFirstFaultIsTold) {
    EXPECT_EQ(refused(R"({"type":"file-start","id":-1,"name":5})").message,
              "id: expected a number from 0 to 9007199254740991");
}

TEST(DecodeClient, WordsOfAClosedSetAreListed) {
    EXPECT_EQ(refused(R"({"type":"clipboard-release","selection":"x"})").message,
              "selection: expected one of clipboard, primary, secondary");
}

TEST(DecodeClient, TextThatIsNoJsonIsToldWithItsPlace) {
    const auto error = refused(R"({"type":)");
    EXPECT_EQ(error.about, "");
    EXPECT_THAT(error.message, AllOf(StartsWith("frame: expected JSON"), HasSubstr("byte 8")));
}

TEST(DecodeClient, BytesThatAreNoUtf8AreRefused) {
    for (const auto* bytes : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"})
        EXPECT_THAT(refused(inline_text(bytes)).message, StartsWith("frame: expected JSON"));
}

TEST(DecodeClient, InlineTextIsAtMost64KiBOfUtf8) {
    const std::string ascii(limits::inline_text, 'a');
    EXPECT_EQ(decoded(inline_text(ascii)), (ClientFrame{ClipboardData{1, ClipboardFormat::text, ascii}}));
    EXPECT_THAT(refused(inline_text(ascii + "a")).message, HasSubstr("text: expected at most 65536 bytes"));

    std::string euros;
    while (euros.size() <= limits::inline_text) euros += "€";
    EXPECT_THAT(refused(inline_text(euros)).message, HasSubstr("text: expected at most 65536 bytes"));
}

TEST(DecodeClient, InlineTextFitsHoweverItIsSpelled) {
    std::string escaped;
    for (std::size_t i = 0; i < limits::inline_text; ++i) escaped += "\\u0001";
    const std::string text(limits::inline_text, '\x01');
    EXPECT_EQ(decoded(inline_text(escaped)), (ClientFrame{ClipboardData{1, ClipboardFormat::text, text}}));
}

TEST(DecodeClient, AFrameOverItsLimitIsTooLargeBeforeItIsRead) {
    const std::string ping = R"({"type":"ping","id":1})";
    const auto padded = [&](std::size_t size) { return ping + std::string(size - ping.size(), ' '); };
    EXPECT_EQ(decoded(padded(limits::text_frame)), ClientFrame{Ping{1}});
    EXPECT_EQ(refused(padded(limits::text_frame + 1)).code, Code::too_large);
}

TEST(DecodeClient, ValuesAreBoundedAlsoWhereNobodyKnowsThem) {
    // The frame's object, its type, its id and the list are four of them.
    const auto frame = [](std::size_t values) {
        std::string list = "[]";
        for (std::size_t i = 1; i < values - 4; ++i) list += ",{}";
        return R"({"type":"ping","id":1,"x":[)" + list + "]}";
    };
    EXPECT_EQ(decoded(frame(limits::json_values)), ClientFrame{Ping{1}});
    EXPECT_EQ(refused(frame(limits::json_values + 1)).message, "frame: expected at most 4096 values");
}

TEST(DecodeClient, ListsAreBounded) {
    std::string monitors;
    for (std::size_t i = 0; i < limits::monitors; ++i) monitors += R"({"width":1,"height":1},)";
    const auto frame = [&](const std::string& list) { return R"({"type":"monitors","monitors":[)" + list + "]}"; };
    const auto most = monitors.substr(0, monitors.size() - 1);
    EXPECT_EQ(std::get<Monitors>(decoded(frame(most))).monitors.size(), limits::monitors);
    EXPECT_EQ(refused(frame(monitors + R"({"width":1,"height":1})")).message, "monitors: expected a list of 1 to 256");
}

TEST(DecodeBinary, APayloadOverItsLimitIsTooLarge) {
    std::vector<std::byte> frame(4 + limits::frame_payload);
    ASSERT_TRUE(decode_binary(frame));
    EXPECT_EQ(decode_binary(frame)->payload.size(), limits::frame_payload);
    frame.emplace_back();
    EXPECT_EQ(decode_binary(frame).error(), (ParseError{Fault::too_large, "payload", 4}));
}

}  // namespace
}  // namespace vmcbridge::browser
