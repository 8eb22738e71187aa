#include "src/io/stream.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
    static_cast<void>(fd.release());
    return Stream{std::move(descriptor), socket};
}

IoResult Stream::try_read(MutableBytes out) noexcept {
    return read_result(::read(descriptor_.native_handle(), out.data(), out.size()));
}

IoResult Stream::try_write(Bytes bytes) noexcept {
    const int fd = descriptor_.native_handle();
    return write_result(socket_ ? ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                : ::write(fd, bytes.data(), bytes.size()));
}

IoResult Stream::try_write(std::span<const iovec> pieces) noexcept {
    const int fd = descriptor_.native_handle();
    if (!socket_) return write_result(::writev(fd, pieces.data(), static_cast<int>(pieces.size())));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write there
    message.msg_iovlen = pieces.size();
    return write_result(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

Task<bool> Stream::ready(net::posix::descriptor_base::wait_type what) {
    const auto [error] = co_await descriptor_.async_wait(what, as_value);
    co_return !error;
}

Task<bool> Stream::ready(net::posix::descriptor_base::wait_type what, Clock::time_point deadline) {
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
    if (socket_) ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void Stream::close() noexcept {
    error_code ignored;
    descriptor_.close(ignored);
}

UniqueFd Stream::release() noexcept { return UniqueFd{descriptor_.release()}; }

}  // namespace vmcbridge::io
