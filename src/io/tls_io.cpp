#include "src/io/tls_io.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace vmcbridge::io {
namespace {

constexpr std::size_t record = 16384;  // bytes of plain text: RFC 8446, 5.1

// OpenSSL's own writes without MSG_NOSIGNAL: a peer that has gone would end the process.
int write_socket(BIO* bio, const char* bytes, int size) noexcept {
    BIO_clear_retry_flags(bio);
    const auto count =
        ::send(static_cast<int>(BIO_get_fd(bio, nullptr)), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

BIO_METHOD* make_method() noexcept {
    const auto* plain = BIO_s_socket();
    auto* method = BIO_meth_new(BIO_TYPE_SOCKET, "socket without signals");
    if (method == nullptr) return nullptr;
    BIO_meth_set_write(method, write_socket);
    BIO_meth_set_read(method, BIO_meth_get_read(plain));
    BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(plain));
    BIO_meth_set_create(method, BIO_meth_get_create(plain));
    BIO_meth_set_destroy(method, BIO_meth_get_destroy(plain));
    return method;
}

error_code protocol_error() noexcept { return {EPROTO, boost::system::system_category()}; }

/// What a call that returned `status` did not do, and why.
IoResult outcome(const SSL& tls, int status) noexcept {
    const int number = errno;
    const int why = SSL_get_error(&tls, status);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {};
    if (why == SSL_ERROR_ZERO_RETURN) return {IoResult::State::ended, 0, {}};
    const bool of_system = why == SSL_ERROR_SYSCALL && number != 0;
    return {IoResult::State::failed, 0,
            of_system ? error_code{number, boost::system::system_category()} : protocol_error()};
}

/// Puts pieces together, from `skip` bytes behind their start, into `out`; returns how many bytes that are.
std::size_t gather(std::span<const iovec> pieces, std::size_t skip, std::span<char> out) noexcept {
    std::size_t size = 0;
    for (const auto& piece : pieces) {
        const auto skipped = std::min(skip, piece.iov_len);
        skip -= skipped;
        const auto count = std::min(piece.iov_len - skipped, out.size() - size);
        std::memcpy(out.data() + size, static_cast<const char*>(piece.iov_base) + skipped, count);
        size += count;
        if (size == out.size()) break;
    }
    return size;
}

/// The bytes of the next record: of one piece that fills it where it lies, else of several, put together in `room`.
/// The same start gives the same record, or a longer one where more has come.
std::span<const char> next_record(std::span<const iovec>& pieces, std::size_t& skip,
                                  std::array<char, record>& room) noexcept {
    while (!pieces.empty() && skip >= pieces.front().iov_len) {
        skip -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
    }
    if (pieces.empty()) return {};
    const auto left = pieces.front().iov_len - skip;
    if (left >= record || pieces.size() == 1)
        return {static_cast<const char*>(pieces.front().iov_base) + skip, std::min(left, record)};
    return {room.data(), gather(pieces, skip, room)};
}

}  // namespace

void attach(ssl_st& tls, int socket) {
    static const BIO_METHOD* const method = make_method();
    auto* bio = method == nullptr ? nullptr : BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc{};
    BIO_set_fd(bio, socket, BIO_NOCLOSE);
    SSL_set_bio(&tls, bio, bio);
}

HandshakeStep advance_handshake(ssl_st& tls) noexcept {
    ERR_clear_error();
    errno = 0;
    const int status = SSL_do_handshake(&tls);
    if (status == 1) return HandshakeStep::done;
    const int why = SSL_get_error(&tls, status);
    if (why == SSL_ERROR_WANT_READ) return HandshakeStep::needs_read;
    return why == SSL_ERROR_WANT_WRITE ? HandshakeStep::needs_write : HandshakeStep::failed;
}

std::string handshake_fault(const ssl_st& tls) {
    const auto code = ERR_peek_error();
    const auto* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    const auto verdict = SSL_get_verify_result(&tls);
    if (verdict == X509_V_ERR_APPLICATION_VERIFICATION)
        return "the peer's certificate is refused: its subject is not the host-subject that is asked for";
    if (verdict != X509_V_OK)
        return std::string{"the peer's certificate is refused: "} + X509_verify_cert_error_string(verdict);
    if (code == 0 || reason == nullptr) return "the peer ended the TLS handshake";
    return std::string{"the TLS handshake failed: "} + reason;
}

IoResult read(ssl_st& tls, MutableBytes out) noexcept {
    std::size_t total = 0;
    while (total < out.size()) {
        ERR_clear_error();
        errno = 0;
        std::size_t count = 0;
        const int status = SSL_read_ex(&tls, out.data() + total, out.size() - total, &count);
        if (status == 1) {
            total += count;
            continue;
        }
        const auto result = outcome(tls, status);
        if (total == 0) return result;
        // For the next call: has_pending() sends the reader there.
        if (result.state == IoResult::State::failed)
            SSL_set_shutdown(&tls, SSL_get_shutdown(&tls) | SSL_RECEIVED_SHUTDOWN);
        break;
    }
    return {total > 0 ? IoResult::State::moved : IoResult::State::would_block, total, {}};
}

IoResult write(ssl_st& tls, std::span<const iovec> pieces) noexcept {
    std::array<char, record> room;
    std::size_t total = 0;
    std::size_t skip = 0;
    for (;;) {
        const auto next = next_record(pieces, skip, room);
        if (next.empty()) break;
        ERR_clear_error();
        errno = 0;
        std::size_t count = 0;
        const int status = SSL_write_ex(&tls, next.data(), next.size(), &count);
        if (status != 1) {
            // Waiting for the peer's bytes is no part of writing once the handshake is done.
            const bool full = SSL_want_write(&tls) != 0;
            const auto result = outcome(tls, status);
            if (total > 0) break;
            if (result.state == IoResult::State::would_block && full) return {};
            return {IoResult::State::failed, 0, result.error ? result.error : protocol_error()};
        }
        total += count;
        skip += count;
    }
    return {total > 0 ? IoResult::State::moved : IoResult::State::would_block, total, {}};
}

bool has_pending(const ssl_st& tls) noexcept {
    return SSL_pending(&tls) > 0 || (SSL_get_shutdown(&tls) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void announce_end(ssl_st& tls) noexcept {
    if (SSL_is_init_finished(&tls) != 1 || (SSL_get_shutdown(&tls) & SSL_SENT_SHUTDOWN) != 0) return;
    ERR_clear_error();
    SSL_shutdown(&tls);
    ERR_clear_error();
}

}  // namespace vmcbridge::io
