#pragma once

#include "proto/result.hpp"
#include "src/io/asio.hpp"
#include "src/io/unique_fd.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <sys/uio.h>

#include <optional>
#include <span>

namespace vmcbridge::io {

/// What one read or write did.
struct IoResult {
    enum class State : unsigned char {
        moved,        ///< `bytes` bytes, at least one
        would_block,  ///< nothing now
        ended,        ///< reading: the peer has closed
        failed,       ///< `error`
    };
    State state = State::would_block;
    std::size_t bytes = 0;
    error_code error;
};

/// One end of a byte stream: a socket, a terminal or a character device. Lives on one context.
///
/// Reading is two steps: wait until something is there, then borrow a buffer and read; so nobody holds a buffer while
/// nothing comes. try_read() and try_write() never wait. One reader and one writer at a time.
class Stream {
public:
    /// Takes over `fd`, makes it non-blocking and registers it with `context`; sockets of TCP lose their send delay.
    /// Error: what it is can't be waited for (a regular file).
    [[nodiscard]] static Result<Stream, error_code> open(net::io_context& context, UniqueFd fd);
    Stream(Stream&&) = default;
    Stream& operator=(Stream&&) = default;

    [[nodiscard]] IoResult try_read(MutableBytes out) noexcept;
    /// Writes what fits; may be less than all.
    [[nodiscard]] IoResult try_write(Bytes bytes) noexcept;
    /// REQUIRES: at least one piece.
    [[nodiscard]] IoResult try_write(std::span<const iovec> pieces) noexcept;

    /// false: closed meanwhile, or (with a deadline) it has passed.
    [[nodiscard]] Task<bool> readable();
    [[nodiscard]] Task<bool> readable(Clock::time_point deadline);
    [[nodiscard]] Task<bool> writable();
    [[nodiscard]] Task<bool> writable(Clock::time_point deadline);
    /// Writes all of `bytes`; false: the peer is gone, or took nothing for `stall`.
    [[nodiscard]] Task<bool> write_all(Bytes bytes, milliseconds stall);

    /// No more bytes from us; the peer sees the end. Sockets only.
    void shutdown_write() noexcept;
    /// Ends the waits of others too.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
    /// Gives the descriptor away, to be opened on another context. REQUIRES: nobody waits.
    [[nodiscard]] UniqueFd release() noexcept;
    [[nodiscard]] int native() noexcept { return descriptor_.native_handle(); }

private:
    using Descriptor = net::posix::basic_stream_descriptor<Executor>;
    Stream(Descriptor descriptor, bool socket) noexcept : descriptor_{std::move(descriptor)}, socket_{socket} {}
    [[nodiscard]] Task<bool> ready(net::posix::descriptor_base::wait_type what);
    [[nodiscard]] Task<bool> ready(net::posix::descriptor_base::wait_type what, Clock::time_point deadline);

    Descriptor descriptor_;
    bool socket_;
};

}  // namespace vmcbridge::io
