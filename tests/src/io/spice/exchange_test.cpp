// Short messages before a channel begins, raw and in a WebSocket's frames.
#include "src/io/spice/exchange.hpp"

#include "src/io/bounds.hpp"
#include "tests/src/io/spice/channel_end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io::spice {
namespace {

using namespace test;
namespace ws = websocket;

/// What came of the reading of a number and a body.
struct Got {
    bool over = false;
    std::optional<std::uint32_t> number;
    std::optional<std::string> body;
};

Task<> converse(Exchange& exchange, std::size_t body, Got& got) {
    got.number = co_await exchange.read_u32();
    if (got.number) {
        const auto bytes = co_await exchange.read(body);
        if (bytes) got.body = std::string{as_text(*bytes)};
    }
    got.over = true;
}

Task<> part(Exchange& exchange, bool& over) {
    co_await exchange.part();
    over = true;
}

Task<> read_more(Exchange& exchange, std::optional<bool>& answer) { answer = co_await exchange.read_more(); }

class ExchangeTest : public testing::TestWithParam<bool> {
protected:
    [[nodiscard]] static std::string on_wire(std::string_view text) {
        return GetParam() ? ws::client_frame(ws::fin | ws::binary, text) : std::string{text};
    }
    /// An exchange with `channel`, whose wire it takes.
    static Exchange over(Channel& channel, milliseconds time = patience) {
        return Exchange{std::move(channel.wire), Clock::now() + time};
    }
    static Got talk(Channel& channel, Exchange& exchange, std::size_t body, auto&& meanwhile) {
        Got got;
        channel.loop.tasks.spawn("talk", converse(exchange, body, got));
        meanwhile();
        EXPECT_TRUE(channel.loop.until([&] { return got.over; }));
        return got;
    }
};

INSTANTIATE_TEST_SUITE_P(Wires, ExchangeTest, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "WebSocket" : "Plain"; });

TEST_P(ExchangeTest, ReadsTheSameHoweverTheBytesAreCut) {
    const auto message = std::string{"\x01\0\0\0", 4} + pattern(128) + "what follows";
    for (std::size_t cut = 0; cut <= message.size(); cut += 3) {
        Channel channel{GetParam()};
        auto exchange = over(channel);
        const auto got = talk(channel, exchange, 128, [&] {
            channel.peer.write(on_wire(message.substr(0, cut)));
            channel.loop.run_for(1ms);
            channel.peer.write(on_wire(message.substr(cut)));
        });
        EXPECT_EQ(got.number, 1U);
        ASSERT_EQ(got.body, pattern(128)) << "cut at " << cut;
        std::optional<bool> more;
        if (exchange.unread().size() < 12) {
            channel.loop.tasks.spawn("more", read_more(exchange, more));
            EXPECT_TRUE(channel.loop.until([&] { return more.has_value(); }));
        }
        EXPECT_EQ(exchange.take_rest(), "what follows");
        EXPECT_TRUE(exchange.unread().empty());
        exchange.wire().close();
    }
}

TEST_P(ExchangeTest, OneDeadlineHoldsForAllOfIt) {
    Channel channel{GetParam()};
    auto exchange = over(channel, 60ms);
    const auto begun = Clock::now();
    const auto got = talk(channel, exchange, 128, [&] {
        channel.peer.write(on_wire(std::string{"\x02\0\0\0", 4}));
        channel.loop.run_for(30ms);
        channel.peer.write(on_wire("x"));  // buys no time
    });
    EXPECT_EQ(got.number, 2U);
    EXPECT_EQ(got.body, std::nullopt);
    EXPECT_GE(Clock::now() - begun, 60ms);
    EXPECT_LT(Clock::now() - begun, 5s);
    exchange.wire().close();
}

TEST_P(ExchangeTest, WhoGoesInTheMiddleEndsIt) {
    Channel channel{GetParam()};
    auto exchange = over(channel);
    const auto got = talk(channel, exchange, 128, [&] {
        channel.peer.write(on_wire(std::string{"\x02\0\0\0half", 8}));
        channel.peer.hang_up();
    });
    EXPECT_EQ(got.number, 2U);
    EXPECT_EQ(got.body, std::nullopt);
    exchange.wire().close();
}

TEST_P(ExchangeTest, WhoSendsTooMuchUnaskedIsNotReadOn) {
    Channel channel{GetParam()};
    auto exchange = over(channel);
    std::size_t sent = 0;
    std::optional<bool> more = true;
    while (more == true) {
        channel.peer.write(on_wire(pattern(4000)));
        sent += 4000;
        ASSERT_LT(sent, 1'000'000U);
        more.reset();
        channel.loop.tasks.spawn("more", read_more(exchange, more));
        EXPECT_TRUE(channel.loop.until([&] { return more.has_value(); }));
    }
    EXPECT_GT(exchange.unread().size(), Exchange::most_unread);
    EXPECT_LE(exchange.unread().size(), Exchange::most_unread + 4096);
    exchange.wire().close();
}

TEST_P(ExchangeTest, ItsLastWordIsNotDestroyedByWhatThePeerStillSends) {
    Channel channel{GetParam()};
    auto exchange = over(channel);
    const std::string word = "no";
    channel.peer.write(on_wire("a ticket that nobody reads"));
    EXPECT_EQ(exchange.wire().try_write(as_bytes(word)).bytes, word.size());
    bool over = false;
    channel.loop.tasks.spawn("part", part(exchange, over));
    auto raw = std::string{};
    EXPECT_TRUE(channel.loop.until([&] {
        raw += channel.peer.read_now();
        return channel.peer.has_ended();
    })) << "the peer sees the end";
    EXPECT_FALSE(over) << "it is the peer's to close";
    if (GetParam()) {
        const auto frames = take_frames(raw);
        ASSERT_EQ(frames.size(), 2U);
        EXPECT_EQ(frames[0].payload, word);
        EXPECT_EQ(frames[1].opcode, ws::close);
    } else {
        EXPECT_EQ(raw, word);
    }
    channel.peer.hang_up();
    EXPECT_TRUE(channel.loop.until([&] { return over; }));
    exchange.wire().close();
}

TEST_P(ExchangeTest, APeerThatNeverClosesIsNotWaitedForLong) {
    Channel channel{GetParam()};
    auto exchange = over(channel);
    bool over = false;
    const auto begun = Clock::now();
    channel.loop.tasks.spawn("part", part(exchange, over));
    EXPECT_TRUE(channel.loop.until([&] { return over; }));
    EXPECT_GE(Clock::now() - begun, bounds::close_deadline);
    exchange.wire().close();
}

}  // namespace
}  // namespace vmcbridge::io::spice
