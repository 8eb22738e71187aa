#include "src/io/websocket/readers.hpp"

#include "tests/src/io/support/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmcbridge::io::websocket {
namespace {

using testing::ElementsAre;

constexpr MessageReader::Limits small{.text = 300, .binary = 200, .contiguous = 100};

/// What a reader made of a stream that came in pieces of this size: kinds and payloads, then the fault if there was
/// one.
std::vector<std::string> messages(const std::string& stream, std::size_t piece, MessageReader::Limits limits = small) {
    MessageReader reader{limits};
    std::vector<std::string> out;
    std::string buffer;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        buffer += stream.substr(at, piece);
        auto bytes = std::as_writable_bytes(std::span{buffer});
        for (;;) {
            const auto message = reader.next(bytes);
            if (!message) {
                out.push_back("fault: " + std::string{to_text(message.error())});
                return out;
            }
            if (!*message) break;
            const auto kind = (*message)->opcode == Opcode::text     ? "text "
                              : (*message)->opcode == Opcode::binary ? "binary "
                                                                     : "control ";
            out.push_back(kind + std::string{as_text((*message)->payload)});
        }
        buffer.erase(0, buffer.size() - bytes.size());
    }
    return out;
}

/// The same for every way to cut the stream into equal pieces.
std::vector<std::string> messages(const std::string& stream, MessageReader::Limits limits = small) {
    const auto whole = messages(stream, stream.size(), limits);
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 101U}) {
        EXPECT_EQ(messages(stream, piece, limits), whole) << "in pieces of " << piece;
    }
    return whole;
}

TEST(MessageReader, MessagesComeWholeHoweverTheyAreCut) {
    const std::string large(180, 'L');
    EXPECT_THAT(
        messages(client_frame(fin | text, "hello") + client_frame(fin | binary, std::string(90, 'b')) +
                 client_frame(fin | binary, large) + client_frame(fin | text, "") + client_frame(fin | text, "bye")),
        ElementsAre("text hello", "binary " + std::string(90, 'b'), "binary " + large, "text ", "text bye"));
}

TEST(MessageReader, PiecesArePutTogetherAndControlFramesComeBetween) {
    EXPECT_THAT(messages(client_frame(text, "one ") + client_frame(fin | ping, "p") + client_frame(continued, "") +
                         client_frame(continued, "two ") + client_frame(fin | continued, "three") +
                         client_frame(fin | binary, "next")),
                ElementsAre("control p", "text one two three", "binary next"));
    EXPECT_THAT(messages(client_frame(binary, "") + client_frame(fin | continued, "")), ElementsAre("binary "));
}

TEST(MessageReader, CharacterCutBetweenPiecesIsWhole) {
    EXPECT_THAT(messages(client_frame(text, "\xe2\x82") + client_frame(fin | continued, "\xac")),
                ElementsAre("text \xe2\x82\xac"));
}

TEST(MessageReader, FaultsAreNamed) {
    EXPECT_THAT(messages(client_frame(fin | continued, "x")), ElementsAre("fault: frame out of order"));
    EXPECT_THAT(messages(client_frame(text, "x") + client_frame(fin | text, "y")),
                ElementsAre("fault: frame out of order"));
    EXPECT_THAT(messages(client_frame(fin | text, "\xff")), ElementsAre("fault: text is not UTF-8"));
    EXPECT_THAT(messages(client_frame(fin | text, "good") + "\xff\x80"),
                ElementsAre("text good", "fault: reserved bits"));
}

TEST(MessageReader, SizeIsRefusedBeforeItIsKept) {
    EXPECT_THAT(messages(client_frame(fin | binary, std::string(200, 'x'))),
                ElementsAre(testing::StartsWith("binary")));
    EXPECT_THAT(messages(client_frame(fin | binary, std::string(201, 'x'))), ElementsAre("fault: message too large"));
    EXPECT_THAT(messages(client_frame(fin | text, std::string(300, 'x'))), ElementsAre(testing::StartsWith("text")));
    EXPECT_THAT(messages(client_frame(text, std::string(299, 'x')) + client_frame(fin | continued, "xx")),
                ElementsAre("fault: message too large"));
    // A header alone is enough to refuse: 2^62 bytes are announced, none is sent.
    const std::string huge{"\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14};
    EXPECT_THAT(messages(huge), ElementsAre("fault: message too large"));
}

/// Payload and control frames of a stream that came in pieces of this size.
std::pair<std::string, std::string> payload(const std::string& stream, std::size_t piece) {
    PayloadReader reader;
    std::string out;
    std::string events;
    std::string buffer;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        buffer += stream.substr(at, piece);
        auto in = std::as_writable_bytes(std::span{buffer});
        auto* const start = in.data();
        std::size_t written = 0;
        for (;;) {
            const auto step = reader.next(in, start + written);
            if (!step) return {out, events + "fault: " + std::string{to_text(step.error())}};
            written += step->payload;
            if (!step->control) break;
            events += std::string{as_text(step->control->payload)} + ';';
        }
        out += as_text(Bytes{start, written});
        EXPECT_LE(in.size(), client_header + control_payload);
        buffer.erase(0, buffer.size() - in.size());
    }
    return {out, events};
}

TEST(PayloadReader, BytesComeInOrderHoweverFramesAndReadsAreCut) {
    std::string stream;
    std::string expected;
    for (std::size_t size : {0U, 1U, 64U, 125U, 126U, 1000U, 70000U, 5U}) {
        const std::string bytes(size, static_cast<char>('a' + size % 26));
        stream += client_frame(fin | binary, bytes) + client_frame(fin | ping, "hi");
        stream += client_frame(binary, bytes) + client_frame(fin | continued, "+");
        expected += bytes + bytes + '+';
    }
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{13}, std::size_t{4096}, stream.size()}) {
        EXPECT_EQ(payload(stream, piece), (std::pair{expected, std::string{"hi;hi;hi;hi;hi;hi;hi;hi;"}})) << piece;
    }
}

TEST(PayloadReader, TextIsRefused) {
    EXPECT_EQ(payload(client_frame(fin | text, "x"), 100).second, "fault: binary messages only");
    EXPECT_EQ(payload(client_frame(fin | continued, "x"), 100).second, "fault: frame out of order");
}

}  // namespace
}  // namespace vmcbridge::io::websocket
