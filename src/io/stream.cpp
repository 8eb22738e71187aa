#include "src/io/stream.hpp"

#include "src/io/tls_io.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace vmcbridge::io {
namespace {

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

// A terminal without its other side, and a virtio port without its peer, answer EIO: to us that is an end.
IoResult read_result(ssize_t count) noexcept {
    if (count > 0) return {IoResult::State::moved, static_cast<std::size_t>(count), {}};
    if (count == 0 || errno == EIO) return {IoResult::State::ended, 0, {}};
    if (errno == EAGAIN || errno == EINTR) return {};
    return {IoResult::State::failed, 0, last_error()};
}

IoResult write_result(ssize_t count) noexcept {
    if (count > 0) return {IoResult::State::moved, static_cast<std::size_t>(count), {}};
    if (count == 0 || errno == EAGAIN || errno == EINTR) return {};
    return {IoResult::State::failed, 0, last_error()};
}

}  // namespace

Result<Stream, error_code> Stream::open(net::io_context& context, UniqueFd fd) {
    return open(context, Socket{.fd = std::move(fd), .tls = {}});
}

Result<Stream, error_code> Stream::open(net::io_context& context, Socket connection) {
    const auto& fd = connection.fd;
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return last_error();
    const int flags = fcntl(fd.get(), F_GETFL);
    if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return last_error();
    const bool socket = S_ISSOCK(status.st_mode);
    if (socket) {
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on unix sockets, which don't delay
    }
    Descriptor descriptor{context};
    error_code error;
    descriptor.assign(fd.get(), error);
    if (error) return error;
    static_cast<void>(connection.fd.release());
    Stream stream{std::move(descriptor), socket};
    if (connection.tls) stream.start_tls(std::move(connection.tls));
    return stream;
}

void Stream::start_tls(Tls tls) {
    tls_ = std::move(tls);
    attach(*tls_, descriptor_.native_handle());
}

Task<Result<void, std::string>> Stream::handshake(Clock::time_point deadline) {
    while (tls_) {
        const auto step = advance_handshake(*tls_);
        if (step == HandshakeStep::done) break;
        if (step == HandshakeStep::failed) co_return handshake_fault(*tls_);
        const auto what = step == HandshakeStep::needs_read ? Descriptor::wait_read : Descriptor::wait_write;
        const bool go_on = co_await ready(what, deadline);
        if (!go_on) co_return std::string{is_open() ? "the TLS handshake took too long" : "the connection was closed"};
    }
    co_return Result<void, std::string>{};
}

IoResult Stream::try_peek(MutableBytes out) noexcept {
    return read_result(::recv(descriptor_.native_handle(), out.data(), out.size(), MSG_PEEK));
}

IoResult Stream::try_read(MutableBytes out) noexcept {
    if (tls_) return read(*tls_, out);
    return read_result(::read(descriptor_.native_handle(), out.data(), out.size()));
}

IoResult Stream::try_write(Bytes bytes) noexcept {
    if (tls_) {
        const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};  // only read
        return write(*tls_, std::span{&piece, 1});
    }
    const int fd = descriptor_.native_handle();
    return write_result(socket_ ? ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                : ::write(fd, bytes.data(), bytes.size()));
}

IoResult Stream::try_write(std::span<const iovec> pieces) noexcept {
    if (tls_) return write(*tls_, pieces);
    const int fd = descriptor_.native_handle();
    if (!socket_) return write_result(::writev(fd, pieces.data(), static_cast<int>(pieces.size())));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write there
    message.msg_iovlen = pieces.size();
    return write_result(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

// The socket is silent about what TLS has read of it, and about an end that was announced before.
bool Stream::is_pending() const noexcept { return tls_ && has_pending(*tls_); }

/// What is there already is no reason to keep the thread: the others of the context have their turn first.
Task<bool> Stream::take_turn() {
    co_await net::post(co_await net::this_coro::executor, net::use_awaitable_t<Executor>{});
    co_return is_open();
}

Task<bool> Stream::ready(net::posix::descriptor_base::wait_type what) {
    if (what == Descriptor::wait_read && is_pending()) co_return co_await take_turn();
    const auto [error] = co_await descriptor_.async_wait(what, as_value);
    co_return !error;
}

Task<bool> Stream::ready(net::posix::descriptor_base::wait_type what, Clock::time_point deadline) {
    if (what == Descriptor::wait_read && is_pending()) co_return co_await take_turn();
    using namespace net::experimental::awaitable_operators;
    Timer timer{co_await net::this_coro::executor, deadline};
    const auto first = co_await (ready(what) || timer.async_wait(as_value));
    co_return first.index() == 0 && std::get<0>(first);
}

Task<bool> Stream::readable() { return ready(net::posix::descriptor_base::wait_read); }
Task<bool> Stream::writable() { return ready(net::posix::descriptor_base::wait_write); }
Task<bool> Stream::readable(Clock::time_point deadline) {
    return ready(net::posix::descriptor_base::wait_read, deadline);
}
Task<bool> Stream::writable(Clock::time_point deadline) {
    return ready(net::posix::descriptor_base::wait_write, deadline);
}

Task<bool> Stream::write_all(Bytes bytes, milliseconds stall) {
    while (!bytes.empty()) {
        const auto result = try_write(bytes);
        if (result.state == IoResult::State::failed) co_return false;
        bytes = bytes.subspan(result.bytes);
        if (result.state == IoResult::State::would_block) {
            const bool go_on = co_await writable(Clock::now() + stall);
            if (!go_on) co_return false;
        }
    }
    co_return true;
}

void Stream::shutdown_write() noexcept {
    if (tls_) announce_end(*tls_);
    if (socket_) ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void Stream::close() noexcept {
    if (tls_) announce_end(*tls_);
    tls_.reset();  // it knows the descriptor's number, which is somebody else's next
    error_code ignored;
    descriptor_.close(ignored);
}

Socket Stream::release() noexcept { return {.fd = UniqueFd{descriptor_.release()}, .tls = std::move(tls_)}; }

bool Stream::has_hung_up() noexcept {
    pollfd state{native(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 1;
}

}  // namespace vmcbridge::io
