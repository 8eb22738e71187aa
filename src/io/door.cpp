#include "src/io/door.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace vmcbridge::io {
namespace {

using browser::Code;

/// An authority (`example.org:8006`, `[::1]`) taken apart, in lower case.
struct Authority {
    std::string host;  ///< without brackets
    std::string port;  ///< empty: the scheme's
};

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Authority> parse_authority(std::string_view text) {
    Authority out;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        out.host = lower(text.substr(1, end - 1));
        rest = text.substr(end + 1);
    } else {
        const auto end = std::min(text.find(':'), text.size());
        out.host = lower(text.substr(0, end));
        rest = text.substr(end);
        if (out.host.ends_with('.')) out.host.pop_back();
    }
    if (out.host.empty()) return std::nullopt;
    if (rest.empty()) return out;
    if (!rest.starts_with(':') || !is_number(rest.substr(1))) return std::nullopt;
    out.port = rest.substr(1);
    return out;
}

/// Scheme and authority of an origin; the port of the scheme stands in it when none was written.
struct Origin {
    std::string scheme;
    Authority authority;
};

std::string_view default_port(std::string_view scheme) noexcept { return scheme == "https" ? "443" : "80"; }

std::optional<Origin> parse_origin(std::string_view text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) return std::nullopt;
    Origin origin;
    origin.scheme = lower(text.substr(0, end));
    if (origin.scheme != "http" && origin.scheme != "https") return std::nullopt;
    auto authority = parse_authority(text.substr(end + 3));
    if (!authority) return std::nullopt;
    origin.authority = std::move(*authority);
    if (origin.authority.port.empty()) origin.authority.port = default_port(origin.scheme);
    return origin;
}

enum class Literal : unsigned char { none, other, loopback, any };

// What an address in numbers means; names are `none`.
Literal literal(const std::string& host) noexcept {
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
        const auto number = ntohl(v4.s_addr);
        if (number == INADDR_ANY) return Literal::any;
        return (number >> 24U) == IN_LOOPBACKNET ? Literal::loopback : Literal::other;
    }
    in6_addr v6{};
    if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return Literal::none;
    if (IN6_IS_ADDR_UNSPECIFIED(&v6)) return Literal::any;
    return IN6_IS_ADDR_LOOPBACK(&v6) ? Literal::loopback : Literal::other;
}

Refusal refuse_origin(std::string detail) { return {403, Code::bad_origin, std::move(detail)}; }

}  // namespace

std::string_view query_member(std::string_view query, std::string_view name) noexcept {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
        }
    }
    return {};
}

std::string host_of(std::string_view authority) {
    auto parsed = parse_authority(authority);
    return parsed ? std::move(parsed->host) : std::string{};
}

bool is_our_host(const DoorRules& rules, std::string_view host) {
    const auto wanted = parse_authority(host);
    if (!wanted) return false;
    const auto kind = literal(wanted->host);
    if (kind == Literal::loopback || wanted->host == "localhost") return true;
    const auto is_listened_on = [&](const Address& address) {
        // A page can't make its own name into a number: where we listen everywhere, any number is ours.
        if (literal(address.host) == Literal::any) return kind == Literal::other;
        return lower(address.host) == wanted->host;
    };
    if (std::ranges::any_of(rules.listen, is_listened_on)) return true;
    return std::ranges::any_of(rules.allowed_origins, [&](const std::string& allowed) {
        const auto origin = parse_origin(allowed);
        return origin && origin->authority.host == wanted->host;
    });
}

bool is_same_origin(std::string_view origin, std::string_view host, bool tls) {
    const auto from = parse_origin(origin);
    auto to = parse_authority(host);
    if (!from || !to) return false;
    if (tls && from->scheme != "https") return false;
    if (to->port.empty()) to->port = default_port(from->scheme);
    return from->authority.host == to->host && from->authority.port == to->port;
}

std::string presented_token(const RequestFacts& facts) {
    constexpr std::string_view bearer = "bearer ";
    constexpr std::string_view offered = "bearer.";
    if (lower(facts.authorization.substr(0, bearer.size())) == bearer) {
        return std::string{facts.authorization.substr(bearer.size())};
    }
    for (const auto each : facts.subprotocols) {
        if (each.starts_with(offered)) return std::string{each.substr(offered.size())};
    }
    return std::string{query_member(facts.query, "token")};
}

Result<Admission, Refusal> admit(const DoorRules& rules, const RequestFacts& facts) {
    Admission admission;
    admission.permissions = policy::PermissionSet::all_but_admin();
    if (facts.admin) {
        // No browser speaks to a unix socket; one that is led there by a proxy has no business here.
        if (!facts.origins.empty()) return refuse_origin("the admin socket serves programs only");
        admission.permissions.add(policy::Permission::admin);
        return admission;
    }
    if (facts.hosts.size() != 1 || !is_our_host(rules, facts.hosts.front())) {
        return Refusal{403, Code::bad_origin, "this Host is not ours; name it in allowed-origins"};
    }
    if (facts.origins.size() > 1) return refuse_origin("more than one Origin");
    if (!facts.origins.empty()) {
        const auto origin = facts.origins.front();
        const bool allowed = std::ranges::find(rules.allowed_origins, origin) != rules.allowed_origins.end();
        const bool same = is_same_origin(origin, facts.hosts.front(), facts.tls);
        if (!same && !allowed) return refuse_origin("this Origin is neither ours nor one of allowed-origins");
        admission.browser = true;
        if (!same) admission.cross_origin = origin;
    }
    if (rules.auth == AuthMode::token) {
        return Refusal{401, Code::bad_token, "access tokens can't be checked by this version"};
    }
    return admission;
}

}  // namespace vmcbridge::io
