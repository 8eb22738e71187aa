#pragma once

#include "proto/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests of HTTP/1.1: bytes -> values. Pure; Beast's parser stands behind it.
namespace vmcbridge::io::http {

struct Request {
    std::string method;
    std::string path;                                           ///< as sent, before the question mark
    std::string query{};                                        ///< after it
    std::vector<std::pair<std::string, std::string>> fields{};  ///< names in lower case, in order
    std::string body{};
    bool keep_alive = false;

    /// The first field of this name (lower case); empty: none.
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
    /// The items of all fields of this name, at their commas, without spaces around them.
    [[nodiscard]] std::vector<std::string_view> items(std::string_view name) const;
    /// Does one of the items say this, whatever its case?
    [[nodiscard]] bool has_item(std::string_view name, std::string_view item) const;
    /// Does it ask for a WebSocket?
    [[nodiscard]] bool is_upgrade() const;
};

/// A request that can't be answered as one; the connection ends after the answer.
struct RequestFault {
    unsigned status = 400;
    std::string detail;
};

/// Requests, one after the other, out of a connection's bytes.
class RequestReader {
public:
    RequestReader();
    RequestReader(RequestReader&&) noexcept;
    ~RequestReader();

    void feed(Bytes bytes);
    /// The next request; nullopt: it takes more bytes. Not again after a fault.
    [[nodiscard]] Result<std::optional<Request>, RequestFault> next();
    /// Nothing of a request has come yet.
    [[nodiscard]] bool is_empty() const noexcept;
    /// What came after the last request: the first bytes of a WebSocket.
    [[nodiscard]] std::string take_rest() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// `%41` as `A`; nullopt: malformed, or a NUL.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace vmcbridge::io::http
