#pragma once

#include "proto/result.hpp"
#include "src/io/asio.hpp"
#include "src/io/io_result.hpp"
#include "src/io/tls.hpp"
#include "src/io/unique_fd.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <sys/uio.h>

#include <span>
#include <string>

namespace vmcbridge::io {

/// A connection between two contexts. A value.
struct Socket {
    UniqueFd fd;
    Tls tls;  ///< null: its bytes are plain
};

/// One end of a byte stream: a socket, a terminal or a character device. Lives on one context. With a Tls what is read
/// and written here goes through it, and who reads and writes sees no difference, once the handshake is done.
///
/// Reading is two steps: wait until something is there, then borrow a buffer and read; so nobody holds a buffer while
/// nothing comes. try_read() and try_write() never wait. One reader and one writer at a time.
class Stream {
public:
    /// Takes over `fd`, makes it non-blocking and registers it with `context`; sockets of TCP lose their send delay.
    /// Error: what it is can't be waited for (a regular file).
    [[nodiscard]] static Result<Stream, error_code> open(net::io_context& context, Socket socket);
    [[nodiscard]] static Result<Stream, error_code> open(net::io_context& context, UniqueFd fd);
    Stream(Stream&&) = default;
    Stream& operator=(Stream&&) = default;

    /// From now on the bytes go through `tls`; handshake() is next. REQUIRES: a socket that is plain until now.
    void start_tls(Tls tls);
    /// Until both sides have agreed, and the peer's certificate is what was asked for. At once where the stream is
    /// plain or they have. Error: a sentence; the stream is of no use then.
    [[nodiscard]] Task<Result<void, std::string>> handshake(Clock::time_point deadline);

    /// The first bytes that wait, of a plain socket: they stay there.
    [[nodiscard]] IoResult try_peek(MutableBytes out) noexcept;
    [[nodiscard]] IoResult try_read(MutableBytes out) noexcept;
    /// Writes what fits; may be less than all. What it did not take comes first in the next write: TLS may have
    /// encrypted that already.
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
    /// Ends the waits of others too. A peer that speaks TLS is told, if its socket takes that now.
    void close() noexcept;
    /// The peer of a socket sends no more; what it has sent may wait still.
    [[nodiscard]] bool has_hung_up() noexcept;
    [[nodiscard]] bool is_secure() const noexcept { return tls_ != nullptr; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
    /// Gives the connection away, to be opened on another context. REQUIRES: nobody waits.
    [[nodiscard]] Socket release() noexcept;
    [[nodiscard]] int native() noexcept { return descriptor_.native_handle(); }

private:
    using Descriptor = net::posix::basic_stream_descriptor<Executor>;
    Stream(Descriptor descriptor, bool socket) noexcept : descriptor_{std::move(descriptor)}, socket_{socket} {}
    [[nodiscard]] Task<bool> ready(net::posix::descriptor_base::wait_type what);
    [[nodiscard]] Task<bool> ready(net::posix::descriptor_base::wait_type what, Clock::time_point deadline);

    [[nodiscard]] bool is_pending() const noexcept;
    [[nodiscard]] Task<bool> take_turn();

    Descriptor descriptor_;
    bool socket_;
    Tls tls_;
};

}  // namespace vmcbridge::io
