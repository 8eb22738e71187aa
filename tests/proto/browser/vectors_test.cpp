#include "tests/proto/browser/vectors.hpp"

#include "proto/browser/frames.hpp"
#include "tests/proto/browser/client_spelling.hpp"
#include "tests/proto/browser/server_spelling.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <functional>
#include <set>
#include <vector>

namespace vmcbridge::browser::test {
namespace {

using testing::StartsWith;

const json::value& all() {
    static const auto file = vectors("browser_frames.json");
    return file;
}

void for_each_vector(std::string_view way, std::string_view kind,
                     const std::function<void(const json::object&)>& check) {
    for (const auto& vector : all().at(way).at(kind).as_array()) {
        SCOPED_TRACE(std::string_view{vector.at("name").as_string()});
        check(vector.as_object());
    }
}

std::vector<std::byte> unhex(std::string_view hex) {
    std::string digits;
    for (const char c : hex)
        if (c != ' ') digits += c;
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

TEST(BrowserVectors, WhatAClientSendsIsUnderstood) {
    for_each_vector("fromClient", "valid", [](const json::object& vector) {
        const auto frame = decode_client(sent_text(vector));
        ASSERT_TRUE(frame) << frame.error().message;
        const auto& expected = vector.contains("value") ? vector.at("value") : vector.at("frame");
        EXPECT_EQ(spelled(*frame), expected) << spelled(*frame);
    });
}

TEST(BrowserVectors, WhatAClientMustNotSendIsRefusedByItsPlace) {
    for_each_vector("fromClient", "invalid", [](const json::object& vector) {
        const auto frame = decode_client(sent_text(vector));
        ASSERT_FALSE(frame);
        const auto& error = frame.error();
        EXPECT_EQ(name(error.code), text_of(vector, "code"));
        EXPECT_EQ(error.about, text_of(vector, "about"));
        EXPECT_THAT(error.message, StartsWith(text_of(vector, "at") + ": expected "));
    });
}

TEST(BrowserVectors, WhatTheBridgeSendsIsSpelledSo) {
    for_each_vector("fromBridge", "valid", [](const json::object& vector) {
        const auto& frame = vector.at("frame").as_object();
        const auto value = server_frame(frame);
        EXPECT_EQ(type_name(value), text_of(frame, "type"));
        EXPECT_EQ(json::parse(encode(value)), vector.at("frame")) << encode(value);
    });
}

TEST(BrowserVectors, BinaryFramesAreANumberAndBytes) {
    for_each_vector("binary", "valid", [](const json::object& vector) {
        const auto bytes = unhex(text_of(vector, "hex"));
        const auto frame = decode_binary(bytes);
        ASSERT_TRUE(frame);
        const auto stream = vector.at("stream").to_number<StreamId>();
        EXPECT_EQ(frame->stream, stream);
        EXPECT_EQ(std::vector(frame->payload.begin(), frame->payload.end()), unhex(text_of(vector, "payload")));
        const auto written = encode_stream_id(stream);
        EXPECT_TRUE(std::equal(written.begin(), written.end(), bytes.begin()));
    });
}

TEST(BrowserVectors, BinaryFramesWithoutANumberAreRefused) {
    for_each_vector("binary", "invalid",
                    [](const json::object& vector) { EXPECT_FALSE(decode_binary(unhex(text_of(vector, "hex")))); });
}

TEST(BrowserVectors, ShowEveryTypeOfFrame) {
    std::set<std::string> shown;
    for (const auto* way : {"fromClient", "fromBridge"}) {
        for_each_vector(way, "valid", [&](const json::object& vector) {
            const auto frame = json::parse(sent_text(vector));
            shown.insert(std::string{way} + " " + text_of(frame.as_object(), "type"));
        });
    }
    shown.erase("fromClient holograms");
    shown.erase("fromClient welcome");
    EXPECT_EQ(shown.size(), std::variant_size_v<ClientFrame> - 1 + std::variant_size_v<ServerFrame>);
}

}  // namespace
}  // namespace vmcbridge::browser::test
