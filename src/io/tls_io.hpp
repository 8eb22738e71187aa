#pragma once

#include "src/io/io_result.hpp"
#include "src/io/tls.hpp"

#include <sys/uio.h>

#include <span>
#include <string>

/// Bytes through TLS on a non-blocking socket: what a Stream is made of where it has a Tls. Nothing here waits.
namespace vmcbridge::io {

/// From now on `tls` reads and writes `socket`, which stays its owner's.
void attach(ssl_st& tls, int socket);

/// What the handshake waits for.
enum class HandshakeStep : unsigned char { done, needs_read, needs_write, failed };
[[nodiscard]] HandshakeStep advance_handshake(ssl_st& tls) noexcept;
/// Why it has failed, as a sentence; of a peer's certificate, what is wrong with it. Right after the failure.
[[nodiscard]] std::string handshake_fault(const ssl_st& tls);

/// REQUIRES of all below: the handshake is done.
/// Reads until `out` is full or the socket is empty. The peer's end counts as one also where it did not announce it.
[[nodiscard]] IoResult read(ssl_st& tls, MutableBytes out) noexcept;
/// Small pieces go together in one record. What would block is kept in its encrypted form, so the next call has to
/// begin with the same bytes; there may be more of them.
[[nodiscard]] IoResult write(ssl_st& tls, std::span<const iovec> pieces) noexcept;
/// Is there something to read, or the end, that the socket does not tell of any more?
[[nodiscard]] bool has_pending(const ssl_st& tls) noexcept;
/// Tells the peer, if the socket takes it now, that no more comes from us.
void announce_end(ssl_st& tls) noexcept;

}  // namespace vmcbridge::io
