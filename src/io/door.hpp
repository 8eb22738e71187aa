#pragma once

#include "proto/browser/codes.hpp"
#include "proto/result.hpp"
#include "src/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who is let in: facts of a request -> admission or refusal. Pure; the one place where tokens will be read.
namespace vmcbridge::io {

/// What the configuration says about the door.
struct DoorRules {
    AuthMode auth = AuthMode::none;
    std::vector<Address> listen;
    std::vector<std::string> allowed_origins;  ///< "https://console.example.org", exactly as browsers send it
};

/// What a request says about who sends it. Views the request.
struct RequestFacts {
    bool admin = false;  ///< through the admin socket, its peer checked
    bool tls = false;    ///< it came through our own TLS
    std::vector<std::string_view> hosts{};
    std::vector<std::string_view> origins{};
    std::string_view authorization{};
    std::vector<std::string_view> subprotocols{};  ///< as offered, in order
    std::string_view query{};                      ///< without the question mark
};

struct Admission {
    std::string user;
    policy::PermissionSet permissions;
    bool browser = false;      ///< it sent an Origin: refusals reach it as close codes only
    std::string cross_origin;  ///< an allowed Origin other than ours, to be named in the answer's CORS fields
};

struct Refusal {
    unsigned status = 403;
    browser::Code code = browser::Code::forbidden;
    std::string detail;  ///< a sentence for a person
};

[[nodiscard]] Result<Admission, Refusal> admit(const DoorRules& rules, const RequestFacts& facts);

/// The token that a request presents: `Authorization: Bearer`, the subprotocol `bearer.TOKEN`, `?token=`, in this
/// order. Empty: none.
[[nodiscard]] std::string presented_token(const RequestFacts& facts);

/// The value of a member of a query ("a=1&b=2"), not decoded: tokens need no escapes. Empty: it is not there.
[[nodiscard]] std::string_view query_member(std::string_view query, std::string_view name) noexcept;

/// The host of an authority (`example.org:8006`, `[::1]`): without port and brackets, in lower case. Empty: malformed.
[[nodiscard]] std::string host_of(std::string_view authority);

/// Is `host` (with or without port) a name of ours? Loopback names and numbers, what we listen on, the hosts of allowed
/// origins. Another name that resolves to us may belong to a page of somebody else (DNS rebinding).
[[nodiscard]] bool is_our_host(const DoorRules& rules, std::string_view host);

/// Does `origin` name the host that the request was sent to? Ports count, those of the schemes by default too; and
/// where we speak TLS ourselves the scheme does, for whoever sits on the wire can make pages of the plain one.
[[nodiscard]] bool is_same_origin(std::string_view origin, std::string_view host, bool tls);

}  // namespace vmcbridge::io
