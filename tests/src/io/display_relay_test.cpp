// A picture's way: a VNC server that the test plays -> the bridge -> a WebSocket, and back.
#include "src/io/display_relay.hpp"

#include "src/io/address.hpp"
#include "tests/src/io/support/rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>

#include <atomic>
#include <thread>

namespace vmcbridge::io {
namespace {

using test::close_text;
using test::pattern;
using test::Rig;
using test::SocketClient;
using test::Wire;

class DisplayRelayTest : public testing::TestWithParam<bool> {
protected:
    DisplayRelayTest() {
        Address address{.host = "127.0.0.1", .port = 0, .path = {}};
        if (GetParam()) address = {.host = {}, .port = 0, .path = folder_ / "vnc.sock"};
        auto listener = Listener::open(address);
        EXPECT_TRUE(listener.has_value());
        vnc_.emplace(std::move(*listener));
        VmConfig with_display;
        with_display.display = Display{.address = vnc_->address(), .text = "vnc"};
        VmConfig away = with_display;
        away.display->address = {.host = {}, .port = 0, .path = folder_ / "nobody.sock"};
        rig_.emplace(std::map<std::string, VmConfig>{{"vm", with_display}, {"none", {}}, {"away", away}});
    }
    /// The VNC server's end of the next connection.
    Wire accept() {
        pollfd waiting{vnc_->native(), POLLIN, 0};
        EXPECT_EQ(::poll(&waiting, 1, 10'000), 1);
        const int fd = ::accept4(vnc_->native(), nullptr, nullptr, SOCK_CLOEXEC);
        return Wire{UniqueFd{fd}};
    }
    SocketClient viewer(std::string_view subprotocol = "binary", std::string_view vm = "vm") {
        return {rig_->http(), "/vms/" + std::string{vm} + "/display", subprotocol};
    }
    static std::string read_payload(SocketClient& client, std::size_t size) {
        std::string out;
        while (out.size() < size) {
            const auto [opcode, payload] = client.next();
            if (opcode == 0) break;
            EXPECT_EQ(opcode, websocket::binary);
            out += payload;
        }
        return out;
    }

    test::Folder folder_;
    std::optional<Listener> vnc_;
    std::optional<Rig> rig_;
};

TEST_P(DisplayRelayTest, BytesPassUnchangedBothWaysAtOnce) {
    auto client = viewer();
    ASSERT_TRUE(client.is_open()) << client.head;
    auto server = accept();
    const auto down = pattern(20U << 20U);
    const auto up = pattern(5U << 20U, 17);
    std::thread server_writes{[&] { server.write(down); }};
    std::thread client_writes{[&] {
        std::size_t at = 0;
        for (std::size_t size = 1; at < up.size(); size = size * 7 % 100'003 + 1) {
            client.send(websocket::fin | websocket::binary, std::string_view{up}.substr(at, size));
            at += size;
        }
    }};
    std::string got_up;
    std::thread server_reads{[&] { got_up = server.read(up.size()); }};
    const auto got_down = read_payload(client, down.size());
    server_writes.join();
    client_writes.join();
    server_reads.join();
    EXPECT_TRUE(got_down == down);
    EXPECT_TRUE(got_up == up);
}

TEST_P(DisplayRelayTest, ServesAViewerThatOffersNoSubprotocol) {
    auto client = viewer("");
    ASSERT_TRUE(client.is_open());
    auto server = accept();
    server.write("RFB 003.008\n");
    EXPECT_EQ(client.next().second, "RFB 003.008\n");
}

TEST_P(DisplayRelayTest, AViewerThatDoesNotReadStopsTheServerAndLosesNothing) {
    auto client = viewer();
    auto server = accept();
    const auto all = pattern(64U << 20U);
    std::atomic<std::size_t> written = 0;
    std::thread writer{[&] {
        for (std::size_t at = 0; at < all.size(); at += 65536) {
            server.write(std::string_view{all}.substr(at, 65536));
            written = at + 65536;
        }
    }};
    // Held back: what is under way stays far below what there is.
    std::size_t before = 0;
    do {
        before = written;
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
    } while (written != before);
    EXPECT_LT(written, all.size() / 2);
    EXPECT_TRUE(read_payload(client, all.size()) == all);
    writer.join();
}

TEST_P(DisplayRelayTest, AServerThatDoesNotReadStopsTheViewer) {
    auto client = viewer();
    auto server = accept();
    const auto all = pattern(32U << 20U);
    std::thread writer{[&] {
        for (std::size_t at = 0; at < all.size(); at += 4096) {
            client.send(websocket::fin | websocket::binary, std::string_view{all}.substr(at, 4096));
        }
    }};
    EXPECT_TRUE(server.read(all.size()) == all);
    writer.join();
}

TEST_P(DisplayRelayTest, EitherEndEndsTheOther) {
    {
        auto client = viewer();
        auto server = accept();
        client.send(websocket::fin | websocket::close, "\x03\xe8");
        EXPECT_EQ(server.read_all(), "");
        EXPECT_EQ(close_text(client.next().second).substr(0, 4), "1000");
    }
    {
        auto client = viewer();
        std::optional server{accept()};
        server->write("last");
        server.reset();
        EXPECT_EQ(client.next().second, "last");
        EXPECT_EQ(close_text(client.next().second), "1000 the display has closed");
    }
}

TEST_P(DisplayRelayTest, PingsAreAnsweredBetweenMessages) {
    auto client = viewer();
    auto server = accept();
    client.send(websocket::fin | websocket::ping, "p");
    const auto [opcode, payload] = client.next();
    EXPECT_EQ(opcode, websocket::pong);
    EXPECT_EQ(payload, "p");
}

// Pongs until the socket takes no more, in the middle of one of them most likely.
TEST_P(DisplayRelayTest, APongThatTheSocketTookInPartEndsBeforeThePicture) {
    auto client = viewer();
    auto server = accept();
    const std::string payload(125, 'p');
    for (int each = 0; each < 100'000; ++each) client.send(websocket::fin | websocket::ping, payload);
    client.send(websocket::fin | websocket::binary, "all pings are read");
    EXPECT_EQ(server.read(18), "all pings are read");
    server.write("picture");
    auto next = client.next();
    for (; next.first == websocket::pong; next = client.next()) ASSERT_EQ(next.second, payload);
    EXPECT_EQ(next.first, websocket::binary);
    EXPECT_EQ(next.second, "picture");
}

TEST_P(DisplayRelayTest, TextIsRefused) {
    auto client = viewer();
    auto server = accept();
    client.send(websocket::fin | websocket::text, "base64?");
    EXPECT_EQ(close_text(client.next().second), "1003 binary messages only");
}

TEST_P(DisplayRelayTest, AMachineWithoutDisplayAndOneThatIsAwaySaySo) {
    auto none = viewer("binary", "none");
    EXPECT_EQ(close_text(none.next().second), "1008 disabled");
    auto away = viewer("binary", "away");
    EXPECT_EQ(close_text(away.next().second), "1011 the display can't be reached");
}

INSTANTIATE_TEST_SUITE_P(Kinds, DisplayRelayTest, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "unix" : "tcp"; });

}  // namespace
}  // namespace vmcbridge::io
