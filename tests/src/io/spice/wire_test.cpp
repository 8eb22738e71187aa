// The bytes of a channel, raw and in a WebSocket's frames, against the bytes on the wire.
#include "src/io/spice/wire.hpp"

#include "tests/src/io/spice/channel_end.hpp"
#include "tests/src/io/support/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io::spice {
namespace {

using namespace test;
namespace ws = websocket;
using State = IoResult::State;
using ws::client_frame;

std::string binary(std::string_view payload, unsigned first = ws::fin | ws::binary) {
    return client_frame(first, payload);
}

/// A text in pieces of a message, with control frames amid, and what its payload is.
struct Sent {
    std::string bytes;
    std::string payload;
};
Sent in_frames() {
    const auto large = pattern(300);
    return {.bytes = binary("REDQ", ws::binary) + client_frame(ws::fin | ws::ping, "still there?") +
                     binary("", ws::continued) + binary("pieces", ws::fin | ws::continued) +
                     client_frame(ws::fin | ws::pong, "") + binary("") + binary(large),
            .payload = "REDQpieces" + large};
}

Task<> ask_readable(Wire& wire, std::optional<bool>& answer, milliseconds patience = 100ms) {
    answer = co_await wire.readable(Clock::now() + patience);
}

Task<> write_whole(Wire& wire, std::string bytes, std::optional<bool>& done, milliseconds patience = test::patience) {
    done = co_await wire.write_all(as_bytes(bytes), Clock::now() + patience);
}

TEST(Wire, PlainBytesPassAsTheyAre) {
    Channel channel{false};
    channel.peer.write(binary("no frame here"));
    EXPECT_EQ(channel.read_now(), binary("no frame here"));
    const std::string text = "GET /";
    EXPECT_EQ(channel.wire.try_write(as_bytes(text)).bytes, text.size());
    EXPECT_EQ(channel.peer.read_now(), text);
    channel.wire.shutdown();
    EXPECT_TRUE(channel.peer.has_ended());
    channel.peer.hang_up();
    EXPECT_EQ(channel.read_now(), "");
    EXPECT_EQ(channel.state, State::ended);
}

TEST(Wire, FramesGiveTheirPayloadWhereverTheyAreCut) {
    const auto sent = in_frames();
    for (std::size_t cut = 0; cut <= sent.bytes.size(); ++cut) {
        for (const std::size_t most : {std::size_t{160}, std::size_t{4096}}) {
            Channel channel{true};
            channel.peer.write(sent.bytes.substr(0, cut));
            auto got = channel.read_now(most);
            EXPECT_EQ(channel.state, State::would_block);
            channel.peer.write(sent.bytes.substr(cut));
            got += channel.read_now(most);
            ASSERT_EQ(got, sent.payload) << "cut at " << cut;
            auto answers = channel.peer.read_now();
            const auto frames = take_frames(answers);
            ASSERT_EQ(frames.size(), 1U) << "cut at " << cut;
            EXPECT_EQ(frames[0].opcode, ws::pong);
            EXPECT_EQ(frames[0].payload, "still there?");
        }
    }
}

TEST(Wire, WhatCameBehindTheHandshakeIsReadable) {
    const auto sent = in_frames();
    for (std::size_t cut = 0; cut <= sent.bytes.size(); ++cut) {
        Channel channel{true, sent.bytes.substr(0, cut)};
        std::optional<bool> answer;
        if (cut == sent.bytes.size()) {
            channel.loop.tasks.spawn("ask", ask_readable(channel.wire, answer));
            EXPECT_TRUE(channel.loop.until([&] { return answer.has_value(); }));
            EXPECT_EQ(answer, true) << "nothing more will come through the socket";
        }
        auto got = channel.read_now();
        channel.peer.write(sent.bytes.substr(cut));
        got += channel.read_now();
        ASSERT_EQ(got, sent.payload) << "cut at " << cut;
    }
}

TEST(Wire, MoreBehindTheHandshakeThanABufferTakesComesInOrder) {
    const auto payload = pattern(10'000);
    Channel channel{true, binary(payload.substr(0, 9000)) + binary(payload.substr(9000, 500))};
    channel.peer.write(binary(payload.substr(9500)));
    EXPECT_EQ(channel.read_now(256), payload);
}

TEST(Wire, TheStartOfAFrameIsNothingToRead) {
    Channel channel{true, binary("later").substr(0, 3)};
    EXPECT_EQ(channel.read_now(), "");
    std::optional<bool> answer;
    channel.loop.tasks.spawn("ask", ask_readable(channel.wire, answer));
    EXPECT_TRUE(channel.loop.until([&] { return answer.has_value(); }));
    EXPECT_EQ(answer, false) << "its reader would spin";
    channel.peer.write(binary("later").substr(3));
    EXPECT_EQ(channel.read_now(), "later");
}

TEST(Wire, ACloseFrameIsTheEndAndIsAnswered) {
    for (const auto& payload : {std::string{"\x03\xe8", 2}, std::string{"\x03\xe9 going", 8}, std::string{}}) {
        Channel channel{true};
        channel.peer.write(binary("last") + client_frame(ws::fin | ws::close, payload) + binary("too late"));
        EXPECT_EQ(channel.read_now(), "last");
        EXPECT_EQ(channel.state, State::ended);
        channel.wire.shutdown();
        auto answer = channel.peer.read_now();
        const auto frames = take_frames(answer);
        ASSERT_EQ(frames.size(), 1U) << "one close frame, not a second one at the end";
        EXPECT_EQ(frames[0].opcode, ws::close);
        EXPECT_EQ(frames[0].payload, payload.substr(0, 2)) << "its code";
        EXPECT_TRUE(channel.peer.has_ended());
    }
}

TEST(Wire, NonsenseIsTheEndAndIsToldSo) {
    const std::vector<std::pair<std::string, std::string>> table{
        {std::string{"\x82\x01x", 3}, "\x03\xea"},                              // not masked: 1002
        {client_frame(ws::fin | ws::text, "x"), "\x03\xeb"},                    // text: 1003
        {client_frame(0xc2, "x"), "\x03\xea"},                                  // a reserved bit
        {client_frame(ws::fin | 0x3, "x"), "\x03\xea"},                         // an opcode of nobody
        {client_frame(ws::ping, "x"), "\x03\xea"},                              // a ping in pieces
        {client_frame(ws::fin | ws::ping, std::string(126, 'x')), "\x03\xea"},  // a long one
        {client_frame(ws::fin | ws::continued, "x"), "\x03\xea"},               // of nothing
        {client_frame(ws::fin | ws::close, "x"), "\x03\xea"},                   // half a code
    };
    for (const auto& [nonsense, code] : table) {
        Channel channel{true};
        channel.peer.write(binary("before"));
        EXPECT_EQ(channel.read_now(), "before");
        channel.peer.write(nonsense + binary("after"));
        EXPECT_EQ(channel.read_now(), "");
        EXPECT_EQ(channel.state, State::ended);
        auto answer = channel.peer.read_now();
        const auto frames = take_frames(answer);
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].opcode, ws::close);
        EXPECT_EQ(frames[0].payload, code);
    }
}

TEST(Wire, EachWriteIsAFrameThatArrivesWholeHoweverLittleTheSocketTakes) {
    Channel channel{true, {}, 4608};
    const auto whole = pattern(700'000);
    std::string raw;
    std::string got;
    std::size_t at = 0;
    for (bool blocked = false; at < whole.size();) {
        const auto result = channel.wire.try_write(as_bytes(whole).subspan(at));
        ASSERT_NE(result.state, State::failed);
        at += result.bytes;
        blocked = result.state == State::would_block;
        if (!blocked) continue;
        channel.peer.write(client_frame(ws::fin | ws::ping, "in the middle"));
        EXPECT_EQ(channel.read_now(), "");
        raw += channel.peer.read_now();
    }
    for (const auto& frame : (raw += channel.peer.read_now(), take_frames(raw))) {
        if (frame.opcode == ws::binary) got += frame.payload;
    }
    EXPECT_TRUE(got == whole) << got.size() << " bytes";
    EXPECT_EQ(raw, "") << "nothing is left over";
}

TEST(Wire, WaitsUntilAllIsWrittenOrItTakesTooLong) {
    for (const bool websocket : {false, true}) {
        Channel channel{websocket, {}, 4608};
        std::optional<bool> done;
        std::string raw;
        channel.loop.tasks.spawn("writer", write_whole(channel.wire, pattern(200'000), done));
        EXPECT_TRUE(channel.loop.until([&] {
            raw += channel.peer.read_now();
            return done.has_value();
        }));
        EXPECT_EQ(done, true);
        raw += channel.peer.read_now();
        if (websocket) raw = take_frames(raw).at(0).payload;
        EXPECT_TRUE(raw == pattern(200'000));

        std::optional<bool> late;
        channel.loop.tasks.spawn("writer", write_whole(channel.wire, pattern(200'000), late, 20ms));
        EXPECT_TRUE(channel.loop.until([&] { return late.has_value(); }));
        EXPECT_EQ(late, false);
    }
}

TEST(Wire, AnEndInTheMiddleOfAFrameIsAnEnd) {
    Channel channel{true};
    channel.peer.write(binary("half of it").substr(0, 9));
    channel.peer.hang_up();
    EXPECT_EQ(channel.read_now(), "hal");
    EXPECT_EQ(channel.state, State::ended);
}

TEST(Wire, MovesToAnotherContextInTheMiddleOfAFrame) {
    const auto sent = in_frames();
    for (std::size_t cut = 0; cut <= sent.bytes.size(); ++cut) {
        Channel channel{true};
        Loop other;
        channel.peer.write(sent.bytes.substr(0, cut));
        auto got = channel.read_now();
        auto moved = Wire::open(other.context, channel.wire.release());
        ASSERT_TRUE(moved);
        channel.wire = std::move(*moved);
        channel.peer.write(sent.bytes.substr(cut));
        got += channel.read_now();
        ASSERT_EQ(got, sent.payload) << "cut at " << cut;
        const std::string answer = "an answer";
        EXPECT_EQ(channel.wire.try_write(as_bytes(answer)).bytes, answer.size());
        auto raw = channel.peer.read_now();
        EXPECT_EQ(take_frames(raw).back().payload, answer);
        channel.wire.close();
    }
}

TEST(Wire, AFrameThatWasNotReadBeforeTheMoveIsReadableAfterIt) {
    Channel channel{true, binary("early")};
    Loop other;
    auto moved = Wire::open(other.context, channel.wire.release());
    ASSERT_TRUE(moved);
    channel.wire = std::move(*moved);
    std::optional<bool> answer;
    other.tasks.spawn("ask", ask_readable(channel.wire, answer));
    EXPECT_TRUE(other.until([&] { return answer.has_value(); }));
    EXPECT_EQ(answer, true);
    EXPECT_EQ(channel.read_now(), "early");
    channel.wire.close();
}

TEST(Wire, FramesPassThroughTlsAndItSaysWhatItIs) {
    const Certificates certificates;
    const auto server = TlsServer::open(certificates.files());
    const auto client = TlsClient::open({.ca_file = certificates.ca_file(), .host = "localhost"});
    TlsPair pair{server->accept(), client->connect()};
    pair.shake_hands();
    Wire wire{std::move(pair.server)};
    EXPECT_TRUE(wire.is_secure());
    wire.speak_websocket({});
    EXPECT_FALSE(wire.is_secure()) << "a browser's: records need no bounds";
    const auto sent = in_frames();
    EXPECT_EQ(pair.client.try_write(as_bytes(sent.bytes)).bytes, sent.bytes.size());
    std::array<std::byte, 4096> piece{};
    std::string got;
    EXPECT_TRUE(pair.loop.until([&] {
        got += as_text(Bytes{piece}.first(wire.try_read(piece).bytes));
        return got.size() >= sent.payload.size();
    }));
    EXPECT_EQ(got, sent.payload);
    const auto answer = pattern(40'000);
    EXPECT_EQ(wire.try_write(as_bytes(answer)).bytes, answer.size());
    auto raw = read_now(pair.client);
    const auto frames = take_frames(raw);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].opcode, ws::pong);
    EXPECT_EQ(frames[1].payload, answer);
    wire.close();
}

}  // namespace
}  // namespace vmcbridge::io::spice
