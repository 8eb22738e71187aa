// A stream with TLS gives and takes the same bytes as a plain one.
#include "src/io/stream.hpp"

#include "proto/text.hpp"
#include "tests/src/io/support/certificates.hpp"
#include "tests/src/io/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <malloc.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

namespace vmcbridge::io {
namespace {

using test::Certificates;
using test::Loop;
using test::patience;
using test::pattern;
using test::read_now;
using test::socket_pair;
using test::TlsPair;
using testing::HasSubstr;

/// A network between two sockets that hands on what comes in pieces of `most` bytes.
class Network {
public:
    Network(std::pair<UniqueFd, UniqueFd> ends, std::size_t most)
        : ends_{std::move(ends)}, thread_{[this, most] { run(most); }} {}
    ~Network() {
        over_ = true;
        thread_.join();
    }

private:
    void run(std::size_t most) {
        const std::array pairs{std::pair{ends_.first.get(), ends_.second.get()},
                               std::pair{ends_.second.get(), ends_.first.get()}};
        std::array<pollfd, 2> waiting{{{pairs[0].first, POLLIN, 0}, {pairs[1].first, POLLIN, 0}}};
        std::vector<char> bytes(most);
        while (!over_) {
            ::poll(waiting.data(), waiting.size(), 10);
            for (std::size_t each = 0; each < pairs.size(); ++each) {
                if (waiting[each].revents == 0) continue;
                const auto count = ::recv(pairs[each].first, bytes.data(), bytes.size(), MSG_DONTWAIT);
                if (count > 0) ::send(pairs[each].second, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
            }
        }
    }

    std::pair<UniqueFd, UniqueFd> ends_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

Task<> write_whole(Stream& stream, std::string bytes, bool& done) {
    done = co_await stream.write_all(as_bytes(bytes), patience);
}

/// Reads by waiting, `step` bytes at most at a time, until there are `size` or the end has come.
Task<> read_whole(Stream& stream, std::size_t size, std::size_t step, std::string& out, bool& done) {
    std::vector<std::byte> piece(step);
    while (out.size() < size) {
        const bool open = co_await stream.readable(Clock::now() + patience);
        if (!open) break;
        const auto result = stream.try_read(piece);
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) break;
        out += as_text(Bytes{piece}.first(result.bytes));
    }
    done = true;
}

Task<> ask_readable(Stream& stream, Clock::time_point deadline, std::optional<bool>& answer) {
    answer = co_await stream.readable(deadline);
}

class TlsStream : public testing::Test {
protected:
    TlsStream() {
        auto server = TlsServer::open(certificates_.files());
        auto client = TlsClient::open({.ca_file = certificates_.ca_file(), .host = "localhost"});
        EXPECT_TRUE(server && client);
        server_.emplace(std::move(*server));
        client_.emplace(std::move(*client));
    }
    [[nodiscard]] std::unique_ptr<TlsPair> pair(std::pair<UniqueFd, UniqueFd> ends = socket_pair()) const {
        auto made = std::make_unique<TlsPair>(std::move(ends), server_->accept(), client_->connect());
        made->shake_hands();
        EXPECT_EQ(made->server_fault, "");
        EXPECT_EQ(made->client_fault, "");
        settle(*made);
        return made;
    }
    /// The tickets that come after the handshake are read.
    static void settle(TlsPair& pair) { EXPECT_EQ(read_now(pair.client), ""); }
    /// Is something there, or the end? Asked when it is too late to wait.
    static bool is_readable_at_once(TlsPair& pair, Stream& stream) {
        std::optional<bool> answer;
        pair.loop.tasks.spawn("ask", ask_readable(stream, Clock::now() - test::patience, answer));
        EXPECT_TRUE(pair.loop.until([&] { return answer.has_value(); }));
        return answer.value_or(false);
    }
    static IoResult read_end(TlsPair& pair, Stream& stream) {
        IoResult result;
        std::array<std::byte, 100> piece;
        EXPECT_TRUE(pair.loop.until([&] {
            result = stream.try_read(piece);
            return result.state != IoResult::State::would_block;
        }));
        return result;
    }

    Certificates certificates_;
    std::optional<TlsServer> server_;
    std::optional<TlsClient> client_;
};

class TlsCuts : public TlsStream, public testing::WithParamInterface<std::size_t> {};

TEST_P(TlsCuts, BytesArriveUnchangedBothWaysHoweverTheNetworkCutsThem) {
    auto [here, near] = socket_pair();
    auto [there, far] = socket_pair();
    const Network network{{std::move(near), std::move(far)}, GetParam()};
    const auto connection = pair({std::move(here), std::move(there)});
    const auto size = std::min<std::size_t>(GetParam() * 20'000, 3U << 20U);
    const auto down = pattern(size);
    const auto up = pattern(size / 3, 17);
    std::array<bool, 4> done{};
    std::string got_down;
    std::string got_up;
    auto& tasks = connection->loop.tasks;
    tasks.spawn("down", write_whole(connection->server, down, done[0]));
    tasks.spawn("up", write_whole(connection->client, up, done[1]));
    tasks.spawn("got-down", read_whole(connection->client, down.size(), 70'001, got_down, done[2]));
    tasks.spawn("got-up", read_whole(connection->server, up.size(), 777, got_up, done[3]));
    EXPECT_TRUE(connection->loop.until([&] { return std::ranges::count(done, true) == 4; }));
    EXPECT_TRUE(got_down == down);
    EXPECT_TRUE(got_up == up);
    connection->loop.stop();
}

INSTANTIATE_TEST_SUITE_P(Pieces, TlsCuts, testing::Values(1U, 5U, 6U, 1000U, 16'405U, 200'000U));

TEST_F(TlsStream, WhatTheSocketDoesNotTellOfIsReadableAtOnce) {
    const auto connection = pair();
    const auto record = pattern(10'000);
    EXPECT_EQ(connection->server.try_write(as_bytes(record)).bytes, record.size());
    std::array<std::byte, 100> piece;
    EXPECT_EQ(connection->client.try_read(piece).bytes, piece.size());
    EXPECT_TRUE(is_readable_at_once(*connection, connection->client));
    EXPECT_EQ(read_now(connection->client), record.substr(piece.size()));
    EXPECT_FALSE(is_readable_at_once(*connection, connection->client));
}

TEST_F(TlsStream, ReadsFillTheBufferFromSeveralRecords) {
    const auto connection = pair();
    for (int each = 0; each < 10; ++each) EXPECT_EQ(connection->server.try_write(as_bytes("0123456789")).bytes, 10U);
    std::array<std::byte, 200> piece;
    EXPECT_EQ(connection->client.try_read(piece).bytes, 100U);
}

/// What is left of `text` from `from` on, cut in pieces of these sizes by turns: the first of them.
std::vector<iovec> pieces_of(const std::string& text, std::span<const std::size_t> sizes, std::size_t from) {
    constexpr std::size_t most = 32;
    std::vector<iovec> out;
    auto at = from - from % std::reduce(sizes.begin(), sizes.end());
    for (std::size_t each = 0; at < text.size() && out.size() < most; ++each) {
        const auto size = std::min(sizes[each % sizes.size()], text.size() - at);
        const auto skip = std::min(size, from > at ? from - at : 0);
        if (skip < size) out.push_back({const_cast<char*>(text.data()) + at + skip, size - skip});
        at += size;
    }
    return out;
}

TEST_F(TlsStream, PiecesOfAnySizeArriveInOrderAlsoWhereTheSocketFillsUp) {
    const std::vector<std::vector<std::size_t>> table{{1, 3, 10},  {14, 40'000},        {40'000},
                                                      {16'384, 1}, {16'383, 2, 70'000}, {4, 262'144}};
    for (const auto& sizes : table) {
        const auto connection = pair();
        const auto all = pattern(2U << 20U, sizes.front());
        std::string got;
        for (std::size_t at = 0; at < all.size();) {
            const auto left = pieces_of(all, sizes, at);
            const auto result = connection->server.try_write(left);
            ASSERT_NE(result.state, IoResult::State::failed);
            at += result.bytes;
            if (result.state == IoResult::State::would_block) got += read_now(connection->client);
        }
        got += read_now(connection->client);
        EXPECT_TRUE(got == all) << sizes.front();
    }
}

TEST_F(TlsStream, AnEndThatIsAnnouncedLeavesTheOtherWayOpen) {
    const auto connection = pair();
    EXPECT_EQ(connection->client.try_write(as_bytes("last words")).bytes, 10U);
    connection->client.shutdown_write();
    EXPECT_EQ(read_now(connection->server), "last words");
    EXPECT_TRUE(is_readable_at_once(*connection, connection->server));
    EXPECT_EQ(read_end(*connection, connection->server).state, IoResult::State::ended);
    EXPECT_EQ(connection->server.try_write(as_bytes("answer")).bytes, 6U);
    EXPECT_EQ(read_now(connection->client), "answer");
    connection->server.close();
    EXPECT_EQ(read_end(*connection, connection->client).state, IoResult::State::ended);
}

TEST_F(TlsStream, AnEndInTheMiddleOfARecordIsAnEnd) {
    const auto connection = pair();
    EXPECT_EQ(connection->client.try_write(as_bytes("whole")).bytes, 5U);
    {
        const auto cut = connection->client.release();  // and goes without a word
        ASSERT_EQ(::send(cut.fd.get(), "\x17\x03\x03\x40\x00half", 9, MSG_NOSIGNAL), 9);
    }
    EXPECT_EQ(read_now(connection->server), "whole");
    EXPECT_EQ(read_end(*connection, connection->server).state, IoResult::State::ended);
}

TEST_F(TlsStream, RecordsThatNobodyCanHaveSealedAreAFault) {
    const auto connection = pair();
    EXPECT_EQ(connection->client.try_write(as_bytes("whole")).bytes, 5U);
    const std::string forged = std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x');
    ASSERT_EQ(::send(connection->client.native(), forged.data(), forged.size(), MSG_NOSIGNAL), 37);
    std::array<std::byte, 100> piece;
    EXPECT_EQ(connection->server.try_read(piece).bytes, 5U);
    EXPECT_TRUE(is_readable_at_once(*connection, connection->server));
    EXPECT_NE(connection->server.try_read(piece).state, IoResult::State::would_block);
    EXPECT_EQ(connection->server.try_write(as_bytes("x")).state, IoResult::State::failed);
}

TEST_F(TlsStream, APeerThatIsGoneIsAFaultOfTheWriteAndNoSignal) {
    const auto connection = pair();
    static_cast<void>(connection->client.release());
    EXPECT_EQ(connection->server.try_write(as_bytes("x")).state, IoResult::State::failed);
}

TEST_F(TlsStream, AClosedStreamTouchesNoDescriptorAnyMore) {
    const auto connection = pair();
    const int number = connection->server.native();
    connection->server.close();
    const UniqueFd other{::dup2(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), number)};
    ASSERT_EQ(other.get(), number);
    std::array<std::byte, 1> piece;
    EXPECT_EQ(connection->server.try_read(piece).error.value(), EBADF);
    EXPECT_EQ(connection->server.try_write(as_bytes("x")).error.value(), EBADF);
}

Task<> run_late_handshake(Stream& stream, milliseconds time, std::optional<std::string>& fault) {
    const auto agreed = co_await stream.handshake(Clock::now() + time);
    fault = agreed ? std::string{} : agreed.error();
}

TEST_F(TlsStream, AHandshakeHasADeadline) {
    Loop loop;
    auto ends = socket_pair();
    auto server = test::opened(loop, {std::move(ends.first), server_->accept()});
    std::optional<std::string> fault;
    loop.tasks.spawn("server", run_late_handshake(server, milliseconds{20}, fault));
    EXPECT_TRUE(loop.until([&] { return fault.has_value(); }));
    EXPECT_EQ(fault, "the TLS handshake took too long");
    loop.stop();
}

TEST_F(TlsStream, AHandshakeWithWhoSpeaksSomethingElseFails) {
    for (const auto* rubbish : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x00\x05hello"}) {
        Loop loop;
        auto ends = socket_pair();
        auto server = test::opened(loop, {std::move(ends.first), server_->accept()});
        std::optional<std::string> fault;
        loop.tasks.spawn("server", run_late_handshake(server, patience, fault));
        const std::string_view text{rubbish};
        EXPECT_EQ(::send(ends.second.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
        ends.second.reset();
        EXPECT_TRUE(loop.until([&] { return fault.has_value(); }));
        EXPECT_THAT(*fault, HasSubstr("the TLS handshake")) << rubbish;
        loop.stop();
    }
}

TEST_F(TlsStream, APlainStreamHasNoHandshakeToWaitFor) {
    Loop loop;
    auto ends = socket_pair();
    auto stream = test::opened(loop, {std::move(ends.first), {}});
    std::optional<std::string> fault;
    loop.tasks.spawn("plain", run_late_handshake(stream, milliseconds{0}, fault));
    EXPECT_TRUE(loop.until([&] { return fault.has_value(); }));
    EXPECT_EQ(fault, "");
    loop.stop();
}

TEST_F(TlsStream, AConnectionMovesToAnotherContextWithWhatIsUnderWay) {
    const auto connection = pair();
    const auto record = pattern(10'000);
    EXPECT_EQ(connection->client.try_write(as_bytes(record)).bytes, record.size());
    std::array<std::byte, 100> piece;
    EXPECT_EQ(connection->server.try_read(piece).bytes, piece.size());
    const auto much = pattern(2U << 20U);
    std::size_t written = 0;
    for (IoResult result; result.state != IoResult::State::would_block || written == 0;) {
        result = connection->server.try_write(as_bytes(much).subspan(written));
        written += result.bytes;
    }
    ASSERT_LT(written, much.size());

    std::string got;
    std::thread other_thread{[&, socket = connection->server.release()]() mutable {
        Loop other;
        auto moved = test::opened(other, std::move(socket));
        EXPECT_TRUE(moved.is_secure());
        bool read = false;
        bool wrote = false;
        other.tasks.spawn("read", read_whole(moved, record.size() - piece.size(), 1000, got, read));
        other.tasks.spawn("write", write_whole(moved, much.substr(written), wrote));
        EXPECT_TRUE(other.until([&] { return read && wrote; }));
        other.stop();
        moved.close();
    }};
    std::string got_much;
    bool done = false;
    connection->loop.tasks.spawn("read", read_whole(connection->client, much.size(), 50'000, got_much, done));
    EXPECT_TRUE(connection->loop.until([&] { return done; }));
    other_thread.join();
    EXPECT_EQ(got, record.substr(piece.size()));
    EXPECT_TRUE(got_much == much);
    connection->loop.stop();
}

TEST_F(TlsStream, APeerMayChangeTheKeysWhileAWriteWaits) {
    auto at_client = client_->connect();
    auto* const raw = at_client.get();
    TlsPair connection{server_->accept(), std::move(at_client)};
    connection.shake_hands();
    settle(connection);
    const auto much = pattern(2U << 20U);
    std::size_t written = 0;
    for (IoResult result; result.state != IoResult::State::would_block || written == 0;) {
        result = connection.server.try_write(as_bytes(much).subspan(written));
        written += result.bytes;
    }
    ASSERT_LT(written, much.size());
    ASSERT_EQ(SSL_key_update(raw, SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(connection.client.try_write(as_bytes("new keys")).bytes, 8U);
    EXPECT_EQ(read_now(connection.server), "new keys");
    std::string got;
    while (written < much.size()) {
        got += read_now(connection.client);
        const auto result = connection.server.try_write(as_bytes(much).subspan(written));
        ASSERT_NE(result.state, IoResult::State::failed);
        written += result.bytes;
    }
    got += read_now(connection.client);
    EXPECT_TRUE(got == much);
}

TEST_F(TlsStream, AnIdleConnectionHoldsLittleMemory) {
    constexpr std::size_t goal = 40 * 1024;  // bytes for one end
    constexpr std::size_t count = 50;
    std::vector<std::unique_ptr<TlsPair>> pairs;
    pairs.push_back(pair());  // what is allocated once
    const auto before = mallinfo2().uordblks;
    while (pairs.size() <= count) {
        pairs.push_back(pair());
        for (auto* stream : {&pairs.back()->server, &pairs.back()->client}) {
            EXPECT_EQ(stream->try_write(as_bytes(pattern(100'000))).state, IoResult::State::moved);
        }
        EXPECT_NE(read_now(pairs.back()->server), "");
        EXPECT_NE(read_now(pairs.back()->client), "");
    }
    const auto each = (mallinfo2().uordblks - before) / (2 * count);
    RecordProperty("bytes", static_cast<int>(each));
    EXPECT_LT(each, goal);
}

}  // namespace
}  // namespace vmcbridge::io
