#include "proto/browser/json_writer.hpp"

#include "proto/text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace vmcbridge::browser {
namespace {

std::string escaped(std::string_view text) {
    std::string out = "\"";
    append_escaped(out, text);
    return out + "\"";
}

TEST(AppendEscaped, EveryByteAtEveryPlaceOfAWordIsReadBack) {
    for (unsigned byte = 0; byte < 0x80; ++byte) {
        for (std::size_t at = 0; at < 17; ++at) {
            std::string text(17, 'x');
            text[at] = static_cast<char>(byte);
            EXPECT_EQ(boost::json::parse(escaped(text)).as_string(), text);
        }
    }
}

TEST(AppendEscaped, OnlyWhatMustBeIsEscaped) {
    EXPECT_EQ(escaped("/\x7F'<é\u2028"), "\"/\x7F'<é\u2028\"");
    EXPECT_EQ(escaped(std::string_view{"\0\x1F\b\f\n\r\t\"\\", 9}), R"("\u0000\u001f\b\f\n\r\t\"\\")");
}

TEST(AppendEscaped, WhatIsNoUtf8IsReplacedByteByByte) {
    EXPECT_EQ(escaped("a\xFFz"), "\"a\uFFFDz\"");
    EXPECT_EQ(escaped("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
    EXPECT_EQ(escaped("€\xE2\x82"), "\"€\uFFFD\uFFFD\"");
    EXPECT_EQ(escaped("\xC0\x80"), "\"\uFFFD\uFFFD\"");
}

TEST(AppendEscaped, AnyBytesGiveValidJsonAndUtf8IsReadBackAsItWas) {
    std::mt19937 random{7};
    // Mostly plain, now and then any byte or a whole character.
    const auto piece = [&]() -> std::string {
        switch (random() % 8) {
            case 0: return {static_cast<char>(random() % 256)};
            case 1: return "€";
            case 2: return "😀";
            case 3: return "\"";
            default: return {static_cast<char>('a' + random() % 26)};
        }
    };
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (auto pieces = random() % 40; pieces > 0; --pieces) text += piece();
        boost::json::error_code error;
        const auto read = boost::json::parse(escaped(text), error);
        ASSERT_FALSE(error) << escaped(text);
        if (is_utf8(text)) {
            ASSERT_EQ(read.as_string(), text);
        }
    }
}

TEST(JsonWriter, SetsCommasBetweenMembersAndElements) {
    JsonWriter out{64};
    out.begin_object();
    out.begin_array("list");
    out.element("{");
    out.element("[");
    out.end_array();
    out.begin_object("inner");
    out.end_object();
    out.member("yes", true);
    out.member("most", std::uint64_t{9007199254740991U});
    out.member("text", "x");
    out.end_object();
    EXPECT_EQ(std::move(out).take(), R"({"list":["{","["],"inner":{},"yes":true,"most":9007199254740991,"text":"x"})");
}

}  // namespace
}  // namespace vmcbridge::browser
