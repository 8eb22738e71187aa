#include "src/io/http/request.hpp"

#include "proto/text.hpp"
#include "src/io/bounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vmcbridge::io::http {
namespace {

using testing::ElementsAre;

constexpr std::string_view plain = "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: a, b\r\nAccept: c\r\n\r\n";

Result<std::optional<Request>, RequestFault> parse(std::string_view text) {
    RequestReader reader;
    reader.feed(as_bytes(text));
    return reader.next();
}

TEST(RequestReader, GivesMethodPathQueryAndFields) {
    const auto request = parse(plain);
    ASSERT_TRUE(request && *request);
    EXPECT_EQ((*request)->method, "GET");
    EXPECT_EQ((*request)->path, "/a");
    EXPECT_EQ((*request)->query, "b=c");
    EXPECT_EQ((*request)->field("host"), "x");
    EXPECT_THAT((*request)->items("accept"), ElementsAre("a", "b", "c"));
    EXPECT_TRUE((*request)->keep_alive);
    EXPECT_FALSE((*request)->is_upgrade());
}

TEST(RequestReader, ABodyOfUnknownLengthIsRefusedAtItsHead) {
    const auto request = parse("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;aaaa");
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().status, 411U);
}

TEST(RequestReader, KeepsNoMoreThanAHeadOfWhatIsNotWhole) {
    for (const std::string start : {"GET /", "GET / HTTP/1.1\r\nHost: ", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n"}) {
        RequestReader reader;
        reader.feed(as_bytes(start));
        auto request = reader.next();
        for (std::size_t fed = 0; request && fed < 2 * bounds::request_head; fed += 1024) {
            reader.feed(as_bytes(std::string(1024, 'a')));
            request = reader.next();
        }
        ASSERT_FALSE(request) << start;
        EXPECT_EQ(request.error().status, 431U) << start;
    }
}

TEST(RequestReader, SplitsIntoSingleBytesChangeNothing) {
    RequestReader reader;
    const auto text = std::string{plain} + "POST /p HTTP/1.1\r\nHost: y\r\nContent-Length: 4\r\n\r\nbody";
    std::vector<Request> requests;
    for (const char each : text) {
        reader.feed(as_bytes({&each, 1}));
        auto request = reader.next();
        ASSERT_TRUE(request.has_value());
        if (*request) requests.push_back(std::move(**request));
    }
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].path, "/a");
    EXPECT_EQ(requests[1].body, "body");
}

TEST(RequestReader, BytesAfterAnUpgradeAreKept) {
    RequestReader reader;
    reader.feed(
        as_bytes("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n\x81"));
    const auto request = reader.next();
    ASSERT_TRUE(request && *request);
    EXPECT_TRUE((*request)->is_upgrade());
    EXPECT_EQ(reader.take_rest(), "\x81");
}

TEST(RequestReader, EmptyUntilSomethingOfARequestCame) {
    RequestReader reader;
    EXPECT_TRUE(reader.is_empty());
    reader.feed(as_bytes("G"));
    EXPECT_FALSE(reader.is_empty());
    EXPECT_TRUE(reader.next().has_value());
    EXPECT_FALSE(reader.is_empty());
}

struct Malformed {
    std::string what;
    std::string text;
    unsigned status;
};
class MalformedRequest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedRequest, IsANamedFault) {
    const auto result = parse(GetParam().text);
    ASSERT_FALSE(result.has_value()) << GetParam().what;
    EXPECT_EQ(result.error().status, GetParam().status) << result.error().detail;
    EXPECT_FALSE(result.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedRequest,
    testing::Values(
        Malformed{"rubbish", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
        Malformed{"no version", "GET /\r\n\r\n", 400}, Malformed{"version 2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        Malformed{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        Malformed{"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Malformed{"a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        Malformed{"a NUL in a value", std::string{"GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 29}, 400},
        Malformed{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        Malformed{"a negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        Malformed{"length and chunks",
                  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400},
        Malformed{"a chunk that is no number",
                  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        Malformed{
            "a body past the limit",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bounds::request_body + 1) + "\r\n\r\n",
            413},
        Malformed{"a head past the limit", "GET / HTTP/1.1\r\n" + std::string(bounds::request_head, 'x'), 431},
        Malformed{"the absolute form", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Malformed{"an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400}));

TEST(PercentDecoded, DecodesOrRefuses) {
    EXPECT_EQ(percent_decoded("a%20b%2Fc"), "a b/c");
    EXPECT_EQ(percent_decoded(""), "");
    for (const auto* bad : {"%", "%4", "%zz", "%00", "a%0"}) EXPECT_EQ(percent_decoded(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace vmcbridge::io::http
