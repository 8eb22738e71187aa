#pragma once

#include "src/io/stream.hpp"
#include "tests/src/io/support/loop.hpp"

#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace vmcbridge::io::test {

inline std::pair<UniqueFd, UniqueFd> socket_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

inline Stream opened(Loop& loop, Socket socket) {
    auto stream = Stream::open(loop.context, std::move(socket));
    EXPECT_TRUE(stream.has_value());
    return std::move(*stream);
}

inline Task<> run_handshake(Stream& stream, std::optional<std::string>& fault) {
    const auto agreed = co_await stream.handshake(Clock::now() + patience);
    fault = agreed ? std::string{} : agreed.error();
    if (!agreed) stream.close();
}

/// Both ends of a connection with TLS, in one loop.
class TlsPair {
public:
    TlsPair(Tls at_server, Tls at_client) : TlsPair{socket_pair(), std::move(at_server), std::move(at_client)} {}
    /// Over two sockets that somebody connects.
    TlsPair(std::pair<UniqueFd, UniqueFd> ends, Tls at_server, Tls at_client)
        : server{opened(loop, {std::move(ends.first), std::move(at_server)})},
          client{opened(loop, {std::move(ends.second), std::move(at_client)})} {}

    void shake_hands() {
        std::optional<std::string> at_server;
        std::optional<std::string> at_client;
        loop.tasks.spawn("server", run_handshake(server, at_server));
        loop.tasks.spawn("client", run_handshake(client, at_client));
        EXPECT_TRUE(loop.until([&] { return at_server && at_client && loop.tasks.size() == 0; }));
        server_fault = at_server.value_or("no end");
        client_fault = at_client.value_or("no end");
    }

    Loop loop;
    Stream server;
    Stream client;
    std::string server_fault;
    std::string client_fault;
};

}  // namespace vmcbridge::io::test
