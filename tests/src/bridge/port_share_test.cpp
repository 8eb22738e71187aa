// One raw port and the clients that share it.
#include "src/bridge/port_share.hpp"

#include "proto/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmcbridge::bridge {
namespace {

using namespace std::chrono_literals;

const Time start{};

/// All that waits for the client, which takes it.
std::string takes(PortShare& share, ClientId client) {
    std::string all;
    for (auto bytes = share.to_client(client); !bytes.empty(); bytes = share.to_client(client)) {
        all += as_text(bytes);
        share.taken(client, bytes.size());
    }
    return all;
}

/// What waits for the port, which takes it.
std::string port_takes(PortShare& share) {
    std::string all;
    for (auto bytes = share.to_port(); !bytes.empty(); bytes = share.to_port()) {
        all += as_text(bytes);
        share.written(bytes.size());
    }
    return all;
}

void says(PortShare& share, std::string_view text, Time now = start) { share.handle_bytes(as_bytes(text), now); }

TEST(PortShare, ShowsAllClientsTheSame) {
    PortShare share;
    share.handle_connected();
    const auto one = share.join();
    const auto two = share.join();
    says(share, "login: ");
    EXPECT_EQ(takes(share, one), "login: ");
    says(share, "root");
    EXPECT_EQ(takes(share, one), "root");
    EXPECT_EQ(takes(share, two), "login: root");
}

TEST(PortShare, ShowsANewClientTheScrollBackAndNoMore) {
    PortShare share;
    says(share, std::string(limits::port_scroll_back, 'a'));
    says(share, "the end");
    const auto shown = takes(share, share.join());
    EXPECT_EQ(shown.size(), limits::port_scroll_back);
    EXPECT_TRUE(shown.ends_with("athe end"));
}

TEST(PortShare, LetsTheFirstWriteThenTheNext) {
    PortShare share;
    share.handle_connected();
    const auto one = share.join();
    const auto two = share.join();
    EXPECT_EQ(share.writer(), one);
    EXPECT_EQ(share.write(one, as_bytes("ls")), 2U);
    EXPECT_EQ(share.write(two, as_bytes("rm")), 2U);  // done with: dropped
    EXPECT_EQ(port_takes(share), "ls");
    share.leave(one);
    EXPECT_EQ(share.writer(), two);
    EXPECT_EQ(share.write(two, as_bytes("pwd")), 3U);
    EXPECT_EQ(port_takes(share), "pwd");
}

TEST(PortShare, HoldsTheWriterBackWhileThePortTakesNothing) {
    PortShare share;
    share.handle_connected();
    const auto one = share.join();
    const std::string much(limits::port_to_guest + 1, 'x');
    EXPECT_EQ(share.write(one, as_bytes(much)), limits::port_to_guest);
    EXPECT_EQ(share.write(one, as_bytes("y")), 0U);
    share.written(1);
    EXPECT_EQ(share.write(one, as_bytes("yz")), 1U);
}

TEST(PortShare, DropsWhatIsWrittenToNobody) {
    PortShare share;
    const auto one = share.join();
    EXPECT_EQ(share.write(one, as_bytes("secret")), 6U);
    share.handle_connected();
    EXPECT_EQ(port_takes(share), "");
    EXPECT_EQ(share.write(one, as_bytes("half")), 4U);
    share.handle_gone();
    share.handle_connected();
    EXPECT_EQ(port_takes(share), "");
}

TEST(PortShare, WaitsForAClientThatIsBehindUntilItHasHadItsTime) {
    PortShare share;
    const auto quick = share.join();
    const auto slow = share.join();
    says(share, std::string(limits::port_backlog - 1, 'a'));
    takes(share, quick);
    EXPECT_EQ(share.room(), 1U);
    EXPECT_EQ(share.poll_timeout(), std::nullopt);
    says(share, "b");
    EXPECT_EQ(share.room(), 0U);
    EXPECT_EQ(share.poll_timeout(), start + port_stall);
    share.taken(slow, 1);  // a byte now and then does not buy it more
    EXPECT_EQ(share.too_slow(start + port_stall - 1ms), std::vector<ClientId>{});
    EXPECT_EQ(share.too_slow(start + port_stall), std::vector{slow});
    share.leave(slow);
    takes(share, quick);
    EXPECT_EQ(share.room(), limits::port_backlog);
    EXPECT_EQ(share.poll_timeout(), std::nullopt);
}

TEST(PortShare, ForgivesAClientThatCatchesUp) {
    PortShare share;
    const auto client = share.join();
    says(share, std::string(limits::port_backlog, 'a'));
    share.taken(client, limits::port_backlog / 2);
    EXPECT_EQ(share.poll_timeout(), std::nullopt);
    EXPECT_EQ(share.room(), limits::port_backlog / 2);
}

TEST(PortShare, NeedsNoClientToGoOn) {
    PortShare share;
    for (int i = 0; i < 10; ++i) says(share, std::string(share.room(), 'a'));
    EXPECT_EQ(share.room(), limits::port_backlog);
    EXPECT_EQ(takes(share, share.join()).size(), limits::port_scroll_back);
}

}  // namespace
}  // namespace vmcbridge::bridge
