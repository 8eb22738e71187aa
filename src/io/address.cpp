#include "src/io/address.hpp"

#include "src/io/bounds.hpp"
#include "src/io/open_by.hpp"
#include "src/io/stream.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace vmcbridge::io {
namespace {

/// A sockaddr of any family with its length.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] sockaddr* get() noexcept { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
    [[nodiscard]] const sockaddr* get() const noexcept {
        return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
    }
};

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

std::string failure(const Address& address, std::string_view what, const error_code& error) {
    return std::string{what} + ' ' + to_text(address) + ": " + error.message();
}

Result<SocketAddress, error_code> unix_address(const std::string& path) noexcept {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (path.size() >= sizeof un.sun_path) return error_code{ENAMETOOLONG, boost::system::system_category()};
    std::memcpy(un.sun_path, path.data(), path.size());
    SocketAddress out;
    std::memcpy(&out.storage, &un, sizeof un);
    out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return out;
}

// The first address of a host, for listening. An empty error text of getaddrinfo does not exist.
Result<SocketAddress, std::string> resolve(const Address& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int fault = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (fault != 0) return "can't find " + address.host + ": " + gai_strerror(fault);
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
    SocketAddress out;
    std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
    out.size = found->ai_addrlen;
    return out;
}

UniqueFd stream_socket(int family) noexcept {
    return UniqueFd{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

// A guest that vanished without a word is noticed within two minutes.
void keep_alive(int fd) noexcept {
    const int on = 1;
    const int seconds = 30;
    const int probes = 3;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

enum class Leftover : unsigned char { none, stale, in_use };

// What stands at a socket's path: only a refused connection says that nobody listens there any more.
Leftover leftover_at(const std::string& path, const SocketAddress& address) noexcept {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) return Leftover::none;
    if (!S_ISSOCK(status.st_mode)) return Leftover::in_use;
    const auto probe = stream_socket(AF_UNIX);
    if (::connect(probe.get(), address.get(), address.size) == 0) return Leftover::in_use;
    return errno == ECONNREFUSED ? Leftover::stale : Leftover::in_use;
}

std::uint16_t bound_port(int fd) noexcept {
    SocketAddress bound;
    bound.size = sizeof bound.storage;
    if (getsockname(fd, bound.get(), &bound.size) != 0) return 0;
    if (bound.storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &bound.storage, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    sockaddr_in v4{};
    std::memcpy(&v4, &bound.storage, sizeof v4);
    return ntohs(v4.sin_port);
}

Task<error_code> connect_socket(UniqueFd& fd, const sockaddr* address, socklen_t size, Clock::time_point deadline) {
    if (::connect(fd.get(), address, size) == 0) co_return error_code{};
    // A unix socket whose backlog is full answers EAGAIN: that is a try that failed.
    if (errno != EINPROGRESS) co_return last_error();
    const auto executor = co_await net::this_coro::executor;
    net::posix::basic_stream_descriptor<Executor> waiting{executor};
    error_code error;
    waiting.assign(fd.get(), error);
    if (error) co_return error;
    using namespace net::experimental::awaitable_operators;
    Timer timer{executor, deadline};
    const auto first =
        co_await (waiting.async_wait(net::posix::descriptor_base::wait_write, as_value) || timer.async_wait(as_value));
    static_cast<void>(waiting.release());
    if (first.index() == 1) co_return error_code{net::error::timed_out};
    int fault = 0;
    socklen_t length = sizeof fault;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &fault, &length) != 0) co_return last_error();
    co_return error_code{fault, boost::system::system_category()};
}

Task<Result<UniqueFd, error_code>> connect_unix(const std::string& path, Clock::time_point deadline) {
    const auto address = unix_address(path);
    if (!address) co_return address.error();
    auto fd = stream_socket(AF_UNIX);
    if (!fd) co_return last_error();
    const auto error = co_await connect_socket(fd, address->get(), address->size, deadline);
    if (error) co_return error;
    co_return std::move(fd);
}

Task<Result<UniqueFd, error_code>> connect_tcp(const Address& address, Clock::time_point deadline) {
    using namespace net::experimental::awaitable_operators;
    const auto executor = co_await net::this_coro::executor;
    net::ip::basic_resolver<net::ip::tcp, Executor> resolver{executor};
    Timer timer{executor, deadline};
    const auto port = std::to_string(address.port);
    const auto flags = net::ip::resolver_base::numeric_service;
    const auto first =
        co_await (resolver.async_resolve(address.host, port, flags, as_value) || timer.async_wait(as_value));
    if (first.index() == 1) co_return error_code{net::error::timed_out};
    const auto& [fault, found] = std::get<0>(first);
    error_code error = fault;
    for (const auto& entry : found) {
        const auto endpoint = entry.endpoint();
        auto fd = stream_socket(endpoint.protocol().family());
        if (!fd) co_return last_error();
        error = co_await connect_socket(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size()), deadline);
        if (error) continue;
        keep_alive(fd.get());
        co_return std::move(fd);
    }
    co_return error;
}

Task<Result<UniqueFd, error_code>> connect_directly(const Address& address, Clock::time_point deadline) {
    return address.is_unix() ? connect_unix(address.path, deadline) : connect_tcp(address, deadline);
}

}  // namespace

std::string to_text(const Address& address) {
    if (address.is_unix()) return "unix:" + address.path;
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

Result<Listener, std::string> Listener::open(const Address& wanted, mode_t mode) {
    SocketAddress address;
    if (wanted.is_unix()) {
        const auto made = unix_address(wanted.path);
        if (!made) return failure(wanted, "can't listen on", made.error());
        address = *made;
        const auto left = leftover_at(wanted.path, address);
        if (left == Leftover::in_use) return "can't listen on " + to_text(wanted) + ": in use by another program";
        if (left == Leftover::stale) ::unlink(wanted.path.c_str());
    } else {
        auto made = resolve(wanted);
        if (!made) return made.error();
        address = *made;
    }
    auto fd = stream_socket(address.storage.ss_family);
    if (!fd) return failure(wanted, "can't listen on", last_error());
    const int on = 1;
    if (!wanted.is_unix()) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // The mode of the socket before it has a name: at no time may others than these connect.
    if (wanted.is_unix() && fchmod(fd.get(), mode) != 0) return failure(wanted, "can't listen on", last_error());
    if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), bounds::backlog) != 0) {
        return failure(wanted, "can't listen on", last_error());
    }
    Address bound = wanted;
    struct stat status{};
    if (wanted.is_unix()) {
        ::chmod(wanted.path.c_str(), mode);  // what the process' umask took away
        ::stat(wanted.path.c_str(), &status);
    } else {
        bound.port = bound_port(fd.get());
    }
    return Listener{std::move(fd), std::move(bound), status.st_dev, status.st_ino};
}

Listener::~Listener() {
    if (!fd_ || !address_.is_unix()) return;
    struct stat status{};
    const bool ours = lstat(address_.path.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
    if (ours) ::unlink(address_.path.c_str());
}

Result<UniqueFd, error_code> Listener::try_accept() const noexcept {
    UniqueFd fd{::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) return last_error();
    if (!address_.is_unix()) keep_alive(fd.get());
    return fd;
}

Task<Result<UniqueFd, std::string>> connect_to(const Address& address, Clock::time_point deadline) {
    if (!address.is_set()) co_return co_await open_by(address.opener, deadline);
    auto fd = co_await connect_directly(address, deadline);
    if (fd) co_return *std::move(fd);
    if (address.opener && is_denied(fd.error())) co_return co_await open_by(address.opener, deadline);
    co_return fd.error().message();
}

}  // namespace vmcbridge::io
