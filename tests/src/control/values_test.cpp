#include "src/control/values.hpp"

#include <gmock/gmock.h>

#include <tuple>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SizeRange any_size{0, ~0ULL};
constexpr DurationRange any_duration{0ms, 1000h};

TEST(Size, IsANumberOfBytesOrOfAUnit) {
    const std::tuple<const char*, std::uint64_t> cases[] = {
        {"0", 0}, {"1000", 1000}, {"1KiB", 1024}, {"32MiB", 33554432}, {"4GiB", 4294967296}, {"4 GiB", 4294967296}};
    for (const auto& [text, bytes] : cases) {
        const auto size = parse_size(text, any_size);
        ASSERT_TRUE(size) << text;
        EXPECT_EQ(*size, bytes) << text;
    }
}

TEST(Size, NeedsAUnitThatItKnowsAndANumberThatFits) {
    for (const auto* text : {"", "MiB", "1MB", "1M", "1mib", "1.5MiB", "-1", "+1", "0x10", "1MiB2",
                             "99999999999999999999", "99999999999GiB"})
        EXPECT_FALSE(parse_size(text, any_size)) << text;
}

TEST(Size, StaysInItsRange) {
    constexpr SizeRange range{10, 2048};
    EXPECT_TRUE(parse_size("10", range));
    EXPECT_TRUE(parse_size("2KiB", range));
    EXPECT_FALSE(parse_size("9", range));
    const auto over = parse_size("2049", range);
    ASSERT_FALSE(over);
    EXPECT_THAT(over.error().text, HasSubstr("from 10 to 2KiB"));
}

TEST(Uuid, HasItsDigitsInFiveGroups) {
    EXPECT_EQ(*parse_uuid("ABCDEF01-2345-6789-abcd-ef0123456789"), "abcdef01-2345-6789-abcd-ef0123456789");
    for (const auto* text : {"", "abcdef01-2345-6789-abcd-ef012345678", "abcdef01-2345-6789-abcd-ef01234567890",
                             "abcdef0102345-6789-abcd-ef0123456789", "gbcdef01-2345-6789-abcd-ef0123456789",
                             "abcdef01234567890abcdef0123456789", "{bcdef01-2345-6789-abcd-ef0123456789"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(Duration, IsANumberOfAUnit) {
    const std::tuple<const char*, std::chrono::milliseconds> cases[] = {
        {"0", 0ms}, {"250ms", 250ms}, {"30s", 30s}, {"2min", 2min}, {"1h", 1h}, {"30 s", 30s}};
    for (const auto& [text, expected] : cases) {
        const auto duration = parse_duration(text, any_duration);
        ASSERT_TRUE(duration) << text;
        EXPECT_EQ(*duration, expected) << text;
    }
    for (const auto* text : {"", "5", "5m", "5sec", "s", "-1s", "1.5s", "99999999999999999999h"})
        EXPECT_FALSE(parse_duration(text, any_duration)) << text;
}

TEST(Duration, StaysInItsRange) {
    constexpr DurationRange range{100ms, 10min};
    EXPECT_TRUE(parse_duration("100ms", range));
    EXPECT_TRUE(parse_duration("10min", range));
    EXPECT_FALSE(parse_duration("99ms", range));
    const auto over = parse_duration("601s", range);
    ASSERT_FALSE(over);
    EXPECT_THAT(over.error().text, HasSubstr("from 100ms to 10min"));
}

TEST(Quantity, IsWrittenInItsLargestUnit) {
    EXPECT_EQ(size_to_text(0), "0");
    EXPECT_EQ(size_to_text(1023), "1023");
    EXPECT_EQ(size_to_text(32ULL << 20), "32MiB");
    EXPECT_EQ(to_text(90s), "90s");
    EXPECT_EQ(to_text(120s), "2min");
}

TEST(Flag, IsOnOrOff) {
    for (const auto* text : {"on", "true", "yes"}) EXPECT_TRUE(*parse_flag(text)) << text;
    for (const auto* text : {"off", "false", "no"}) EXPECT_FALSE(*parse_flag(text)) << text;
    for (const auto* text : {"", "On", "1", "on off"}) EXPECT_FALSE(parse_flag(text)) << text;
}

TEST(Count, IsAPlainNumber) {
    EXPECT_EQ(*parse_count("0", 4), 0U);
    EXPECT_EQ(*parse_count("4", 4), 4U);
    for (const auto* text : {"", "5", "-1", "4x", "four"}) EXPECT_FALSE(parse_count(text, 4)) << text;
}

TEST(Formats, AreOffOrAListInOneOrder) {
    using enum ClipboardFormat;
    EXPECT_EQ(*parse_formats("off"), FormatList{});
    EXPECT_EQ(*parse_formats("text"), (FormatList{text}));
    EXPECT_EQ(*parse_formats("image, text"), (FormatList{text, png, bmp, tiff, jpeg}));
    EXPECT_EQ(*parse_formats("text;image"), *parse_formats("image;text;image"));
    EXPECT_EQ(*parse_formats("any"), *parse_formats("text;image;files"));
    for (const auto* words : {"", ";", "off;text", "png", "Text"}) EXPECT_FALSE(parse_formats(words)) << words;
}

TEST(Channels, AreOffAnyOrAList) {
    using enum spice::ChannelType;
    EXPECT_EQ(*parse_channels("off"), policy::ChannelSet{});
    EXPECT_EQ(*parse_channels("any"), policy::ChannelSet::all());
    const auto two = *parse_channels("display; inputs");
    EXPECT_TRUE(two.has(display) && two.has(inputs) && !two.has(webdav));
    for (const auto* words : {"", ";", "off;display", "main", "Display"}) EXPECT_FALSE(parse_channels(words)) << words;
}

TEST(List, HasItemsBetweenSemicolonsAndCommas) {
    EXPECT_THAT(split_list("a; b ,c"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split_list("a;"), ElementsAre("a"));
    EXPECT_THAT(split_list(";,; ,"), IsEmpty());
    EXPECT_THAT(split_list(""), IsEmpty());
}

TEST(LibvirtUri, IsAnyUri) {
    for (const auto* text : {"qemu:///system", "qemu+ssh://u@host/system", "qemu+unix:///session?socket=/s"})
        EXPECT_EQ(*parse_libvirt_uri(text), text);
    for (const auto* text : {"", "qemu", "/system", "://x"}) EXPECT_FALSE(parse_libvirt_uri(text)) << text;
}

TEST(Glob, IsAnAbsolutePathOfAFile) {
    for (const auto* text : {"/run/vms/*/agent.sock", "/*", "/a..b/c"}) EXPECT_EQ(*parse_glob(text), text);
    for (const auto* text : {"", "run/*", "/", "/run/", "/run//x", "/run/../x", "/run/./x", "/run/.."})
        EXPECT_FALSE(parse_glob(text)) << text;
    EXPECT_FALSE(parse_glob("/" + std::string(4096, 'x')));
}

TEST(Origin, IsWrittenAsBrowsersSendIt) {
    EXPECT_EQ(*parse_origin("https://Console.Example.org"), "https://console.example.org");
    EXPECT_EQ(*parse_origin("https://a.example:443"), "https://a.example");
    EXPECT_EQ(*parse_origin("http://a.example:80"), "http://a.example");
    EXPECT_EQ(*parse_origin("http://a.example:443"), "http://a.example:443");
    EXPECT_EQ(*parse_origin("http://[::1]:8006"), "http://[::1]:8006");
    for (const auto* text : {"", "*", "null", "example.org", "https://", "https://a/", "https://a/x", "ftp://a",
                             "https://a:0", "https://a:x", "https://u@a", "https://a?b", "https://unix:/x"})
        EXPECT_FALSE(parse_origin(text)) << text;
}

}  // namespace
}  // namespace vmcbridge::control
