#pragma once

#include "proto/result.hpp"

#include <memory>
#include <string>
#include <string_view>

struct X509_name_st;
struct x509_st;

namespace vmcbridge::io {

/// The subject that a peer's certificate must have, as SPICE writes it: "C=DE,O=Example\, Inc.,CN=host". In place of
/// the host's name, for machines that move between hosts.
class HostSubject {
public:
    /// Attributes by their short or long name or as an object identifier. A backslash takes the next character as it
    /// is; spaces in front of an attribute don't count. Error: a sentence that names the text.
    [[nodiscard]] static Result<HostSubject, std::string> parse(std::string_view text);

    /// Does the certificate have these attributes, all of them and no others, in this order? Values are compared as
    /// RFC 5280 has it: case and runs of spaces don't count.
    [[nodiscard]] bool matches(const x509_st& certificate) const noexcept;

private:
    struct Free {
        void operator()(X509_name_st* name) const noexcept;
    };
    using Name = std::unique_ptr<X509_name_st, Free>;
    explicit HostSubject(Name name) noexcept : name_{std::move(name)} {}

    Name name_;
};

/// The subject of a certificate in that notation; empty: it has none, or one that the notation can't express.
[[nodiscard]] std::string host_subject_of(const x509_st& certificate);

}  // namespace vmcbridge::io
