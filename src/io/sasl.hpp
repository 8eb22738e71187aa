#pragma once

#include "proto/browser/codes.hpp"
#include "proto/result.hpp"
#include "proto/sasl_limits.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Logging in through SASL, the server's side: libsasl2, configured by vmcbridge.conf in its own folders (/etc/sasl2,
/// SASL_CONF_PATH). The client's is sasl_client.hpp.
namespace vmcbridge::io {

/// Why nobody was let in.
struct SaslFault {
    browser::Code code;
    std::string reason;  ///< for the log: made of words of ours and the library's, never of the peer's
};

/// What comes next. No data is something else than empty data, in both directions: the protocol above tells them apart.
struct SaslStep {
    std::optional<std::string> data;
    bool complete = false;
};

/// One authentication, the server's side.
///
/// There is no security layer (max_ssf is 0): what follows is not encrypted by SASL but by TLS, or stays on this
/// machine. Without either, mechanisms that show the password are not offered. ANONYMOUS and EXTERNAL never are.
///
/// A call asks the library's plug-ins, which may read files or ask saslauthd: it blocks as long as they take.
class SaslServer {
public:
    struct Options {
        bool confidential = false;  ///< TLS, or a unix socket
        std::string host{};         ///< our name, as Kerberos knows it; empty: that of the system
    };

    /// Error: the library or its configuration is not usable, or no mechanism is left.
    [[nodiscard]] static Result<SaslServer, SaslFault> open(const Options& options);
    SaslServer(SaslServer&&) noexcept;
    SaslServer& operator=(SaslServer&&) noexcept;
    ~SaslServer();

    /// "SCRAM-SHA-256,PLAIN": what may be chosen, in the library's order, at most sasl_limits::mechanism_list bytes.
    [[nodiscard]] const std::string& mechanisms() const noexcept;

    /// The client's choice, with its first message if it sent one. Once; nothing more after a fault or the end.
    [[nodiscard]] Result<SaslStep, SaslFault> start(std::string_view mechanism, std::optional<std::string_view> data);
    [[nodiscard]] Result<SaslStep, SaslFault> step(std::optional<std::string_view> data);

    /// Who it is, when complete: valid UTF-8 without control characters, at most sasl_limits::user bytes. Empty before.
    [[nodiscard]] const std::string& user() const noexcept;

private:
    struct Impl;
    explicit SaslServer(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmcbridge::io
