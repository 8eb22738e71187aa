#pragma once

#include "proto/result.hpp"
#include "proto/sasl_limits.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Logging in through SASL, the client's side. The server's is sasl.hpp.
namespace vmcbridge::io {

/// One authentication of ours with a server that is not trusted before its end.
///
/// No security layer, as at the server's side. Without TLS or a unix socket no mechanism is used that shows the
/// password; ANONYMOUS never is. A call blocks as long as it takes: where Kerberos is used it asks its servers, and a
/// server of SCRAM may ask for 65536 rounds of a hash (the library takes no more), some tenths of a second.
class SaslClient {
public:
    struct Options {
        std::string user;
        std::string password;       ///< at most sasl_limits::password bytes
        std::string host;           ///< the server's, as Kerberos knows it
        bool confidential = false;  ///< TLS, or a unix socket
    };
    explicit SaslClient(Options options);
    SaslClient(SaslClient&&) noexcept;
    SaslClient& operator=(SaslClient&&) noexcept;
    ~SaslClient();

    /// Our choice, and the first message if the mechanism begins with one. No data is something else than empty data.
    struct First {
        std::string mechanism;
        std::optional<std::string> data;
    };
    /// The best mechanism that both sides have, of the server's list ("SCRAM-SHA-256,PLAIN"). Once. Error: a sentence.
    [[nodiscard]] Result<First, std::string> start(std::string_view offered);
    /// The server's answer, and what we say to it; nothing where it is none. Error: a sentence.
    [[nodiscard]] Result<std::optional<std::string>, std::string> step(std::optional<std::string_view> data);
    /// The mechanism has all that it wants, the server's own proof included where it has one. A server that says that
    /// all is well before that is not believed.
    [[nodiscard]] bool is_complete() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmcbridge::io
