#include "tests/bench/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vmcbridge::bench {
namespace {

constexpr int backlog = 512;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw Failure{path + ": too long for a unix socket"};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

template <class Address>
const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

Fd open_socket(int family) {
    Fd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) throw failed("socket");
    return fd;
}

void bound_waits(const Fd& fd) {
    const timeval limit{patience.count(), 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void send_at_once(const Fd& fd) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Failure failed(const std::string& doing) {
    const bool waited = errno == EAGAIN || errno == EWOULDBLOCK;
    return Failure{doing + ": " +
                   (waited ? "nothing moved for " + std::to_string(patience.count()) + " s" : std::strerror(errno))};
}

Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}

Fd listen_tcp() {
    Fd fd = open_socket(AF_INET);
    const auto address = loopback(0);
    if (::bind(fd.get(), generic(address), sizeof address) != 0 || ::listen(fd.get(), backlog) != 0)
        throw failed("listen on loopback");
    bound_waits(fd);
    return fd;
}

Fd listen_unix(const std::string& path) {
    Fd fd = open_socket(AF_UNIX);
    const auto address = unix_address(path);
    if (::bind(fd.get(), generic(address), sizeof address) != 0 || ::listen(fd.get(), backlog) != 0)
        throw failed("listen on " + path);
    bound_waits(fd);
    return fd;
}

std::uint16_t port_of(const Fd& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) throw failed("getsockname");
    return ntohs(address.sin_port);
}

Fd accept_one(const Fd& listener) {
    Fd fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!fd) throw failed("accept");
    bound_waits(fd);
    send_at_once(fd);
    return fd;
}

Fd connect_tcp(std::uint16_t port) {
    Fd fd = open_socket(AF_INET);
    bound_waits(fd);
    const auto address = loopback(port);
    if (::connect(fd.get(), generic(address), sizeof address) != 0)
        throw failed("connect to 127.0.0.1:" + std::to_string(port));
    send_at_once(fd);
    return fd;
}

Fd connect_unix(const std::string& path) {
    Fd fd = open_socket(AF_UNIX);
    bound_waits(fd);
    const auto address = unix_address(path);
    if (::connect(fd.get(), generic(address), sizeof address) != 0) throw failed("connect to " + path);
    return fd;
}

void send_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw failed("send");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::size_t receive_some(int fd, MutableBytes into) {
    for (;;) {
        const auto count = ::recv(fd, into.data(), into.size(), 0);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) throw failed("receive");
    }
}

bool receive_exactly(int fd, MutableBytes into) {
    std::size_t have = 0;
    while (have < into.size()) {
        const auto count = receive_some(fd, into.subspan(have));
        if (count == 0 && have == 0) return false;
        if (count == 0) throw Failure{"the peer ended inside a message"};
        have += count;
    }
    return true;
}

bool is_readable(int fd) {
    pollfd wanted{fd, POLLIN, 0};
    return ::poll(&wanted, 1, 0) > 0;
}

void hang_up(int fd) noexcept { ::shutdown(fd, SHUT_RDWR); }

}  // namespace vmcbridge::bench
