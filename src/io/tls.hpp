#pragma once

#include "proto/result.hpp"
#include "src/config.hpp"

#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

/// TLS 1.2 and 1.3 by OpenSSL: what a side of it needs, and the value that each connection gets of it. How bytes go
/// through is in tls_io.hpp; a Stream does that for its users.
namespace vmcbridge::io {

struct TlsFree {
    void operator()(ssl_st* connection) const noexcept;
    void operator()(ssl_ctx_st* context) const noexcept;
};
/// The state of one connection, to be given to a Stream; null: the connection is plain. It outlives the TlsServer or
/// TlsClient that it comes from, and may move between threads.
using Tls = std::unique_ptr<ssl_st, TlsFree>;
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsFree>;

/// What clients have to know of a server's certificate. A value.
struct ShownCertificate {
    std::string der{};
    std::string subject{};  ///< as SPICE writes it; empty: it can't be written so
    std::string ca_pem{};   ///< who vouches for it, if that is in the file; empty: clients know, or never will

    /// Is it for this name or number? What can't be one: no.
    [[nodiscard]] bool is_for(const std::string& host) const;
};

/// The side that shows a certificate and asks for none.
class TlsServer {
public:
    /// Reads both files, once: the chain begins with our own certificate. Error: a sentence that names the file and the
    /// reason.
    [[nodiscard]] static Result<TlsServer, std::string> open(const TlsFiles& files);

    /// For one accepted connection; null where there is no memory. From any thread.
    [[nodiscard]] Tls accept() const noexcept;
    [[nodiscard]] const ShownCertificate& shown() const noexcept { return shown_; }

private:
    TlsServer(TlsContext context, ShownCertificate shown) noexcept
        : context_{std::move(context)}, shown_{std::move(shown)} {}
    TlsContext context_;
    ShownCertificate shown_;
};

/// What a client asks of a server's certificate.
struct TlsTrust {
    std::string ca_file{};       ///< PEM, any number of certificates; empty: those that the system trusts
    std::string host{};          ///< name or number that the certificate must be for
    std::string host_subject{};  ///< not empty: the subject that it must have, whatever it says about the host
};

/// The side that connects, to one server.
class TlsClient {
public:
    /// Error: a sentence that names the file or the text and the reason.
    [[nodiscard]] static Result<TlsClient, std::string> open(const TlsTrust& trust);

    /// For one connection; null where there is no memory. From any thread. Its handshake fails where the certificate is
    /// not what was asked for.
    [[nodiscard]] Tls connect() const noexcept;

private:
    TlsClient(TlsContext context, std::string server_name) noexcept
        : context_{std::move(context)}, server_name_{std::move(server_name)} {}
    TlsContext context_;
    std::string server_name_;  // told to the server; empty: its address is a number
};

}  // namespace vmcbridge::io
