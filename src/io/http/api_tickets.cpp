#include "src/io/http/api_tickets.hpp"

#include "proto/browser/json_reader.hpp"
#include "proto/text.hpp"
#include "src/io/http/trace_json.hpp"
#include "src/io/http/viewer_file.hpp"
#include "src/log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>

namespace vmcbridge::io::http {
namespace {

namespace json = boost::json;
using browser::Code;
using policy::Permission;
using policy::PermissionSet;
using std::chrono::seconds;

constexpr seconds default_lifetime{60};
constexpr std::int64_t longest_lifetime = seconds{std::chrono::hours{24}}.count();
constexpr std::size_t user_max = 64;  // bytes

/// What is asked for, checked.
struct Wish {
    Admitted whom;
    seconds lifetime = default_lifetime;
};
using WishFault = std::optional<Response>;

Response bad(std::string_view member, std::string_view what) {
    return problem(400, std::string{member} + ": " + std::string{what});
}

PermissionSet most_of(const Admission& admission) {
    auto most = admission.permissions;
    most.remove(Permission::admin);
    return most;
}

WishFault read_seconds(const json::value& value, Wish& wish) {
    const auto* number = value.if_int64();
    if (number == nullptr || *number < 1 || *number > longest_lifetime)
        return bad("seconds", "not a whole number from 1 to " + std::to_string(longest_lifetime));
    wish.lifetime = seconds{*number};
    return std::nullopt;
}

bool is_printable(std::string_view text) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return is_utf8(text) && std::ranges::none_of(text, is_control);
}

/// Who has a name of their own can't give tickets under another one; administrators may.
WishFault read_user(const json::value& value, const Admission& admission, Wish& wish) {
    const auto* text = value.if_string();
    if (text == nullptr || text->size() > user_max || !is_printable({text->data(), text->size()}))
        return bad("user", "not a text of at most " + std::to_string(user_max) + " bytes without control characters");
    const std::string_view user{text->data(), text->size()};
    const bool is_free = admission.user.empty() || admission.permissions.has(Permission::admin);
    if (!is_free && user != admission.user)
        return problem(403, "user: only administrators give tickets to others", Code::forbidden);
    wish.whom.user = user;
    return std::nullopt;
}

WishFault read_allow(const json::value& value, const Admission& admission, Wish& wish) {
    const auto* list = value.if_array();
    if (list == nullptr) return bad("allow", "not a list of names of permissions");
    PermissionSet allowed{Permission::spice};
    for (const auto& each : *list) {
        const auto* text = each.if_string();
        const auto permission = text == nullptr ? std::nullopt : policy::find_permission({text->data(), text->size()});
        if (!permission) return bad("allow", "one of them is not the name of a permission");
        allowed.add(*permission);
    }
    wish.whom.permissions = allowed.only(most_of(admission));
    return std::nullopt;
}

WishFault read_member(const json::key_value_pair& member, const Admission& admission, Wish& wish) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (name == "seconds") return read_seconds(member.value(), wish);
    if (name == "user") return read_user(member.value(), admission, wish);
    if (name == "allow") return read_allow(member.value(), admission, wish);
    // A misspelt "allow" must not give more than was meant.
    return problem(400, "a member is none of seconds, user and allow");
}

Wish default_wish(const TicketAsk& ask) {
    return {.whom = {.vm = ask.vm, .user = ask.admission.user, .permissions = most_of(ask.admission)}};
}

bool is_json(const Request& request) {
    const auto type = request.field("content-type");
    const auto name = type.substr(0, std::min(type.find_first_of("; \t"), type.size()));
    constexpr std::string_view wanted = "application/json";
    return std::ranges::equal(name, wanted, {}, [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
}

Result<Wish, Response> read_wish(const TicketAsk& ask) {
    auto wish = default_wish(ask);
    if (ask.request.body.empty()) return wish;
    if (!is_json(ask.request)) return problem(415, "the body is JSON, with Content-Type: application/json");
    browser::JsonReader reader;
    const auto body = reader.read(ask.request.body);
    if (!body) return problem(400, "the body is no JSON: expected " + body.error().expected);
    if (!body->is_object()) return problem(400, "the body is no JSON object");
    for (const auto& member : body->get_object()) {
        if (auto fault = read_member(member, ask.admission, wish)) return std::move(*fault);
    }
    return wish;
}

/// The ports of a machine with the host that the client used.
Result<SpicePorts, Response> ports_for(const SpiceAccess& spice, const TicketAsk& ask) {
    auto ports = spice.for_host(ask.vm, host_of(ask.request.field("host")));
    if (!ports)
        return problem(409, "there is no listener for SPICE clients; name one with spice-listen", Code::disabled);
    return std::move(*ports);
}

Result<std::string, Response> issue(SpiceAccess& spice, const TicketAsk& ask, const Wish& wish) {
    auto password = spice.tickets->issue(wish.whom, wish.lifetime, ask.now);
    if (password.empty()) return problem(503, "the system has no random numbers");
    log::info("ticket-issued", {{"vm", ask.vm}, {"user", wish.whom.user}, {"seconds", wish.lifetime.count()}});
    return Result<std::string, Response>{boost::system::in_place_value, std::move(password)};
}

json::value number_or_null(std::uint16_t port) {
    if (port == 0) return nullptr;
    return port;
}

/// The password for a console file: the one that the query brings, or a new one.
Result<std::string, Response> password_for(SpiceAccess& spice, const TicketAsk& ask) {
    const auto given = query_member(ask.request.query, "ticket");
    if (given.empty()) return issue(spice, ask, default_wish(ask));
    auto password = percent_decoded(given);
    if (!password || password->size() > Tickets::password_max || !is_printable(*password))
        return problem(400, "ticket: not a password of at most " + std::to_string(Tickets::password_max) + " bytes");
    return Result<std::string, Response>{boost::system::in_place_value, std::move(*password)};
}

}  // namespace

bool is_from_elsewhere(const Request& request) {
    const auto site = request.field("sec-fetch-site");
    const bool has_origin = !request.field("origin").empty();  // which the door has looked at
    return !has_origin && !site.empty() && site != "same-origin" && site != "none";
}

Response make_ticket(SpiceAccess& spice, const TicketAsk& ask) {
    const auto ports = ports_for(spice, ask);
    if (!ports) return ports.error();
    const auto wish = read_wish(ask);
    if (!wish) return wish.error();
    const auto password = issue(spice, ask, *wish);
    if (!password) return password.error();
    json::object body{{"ticket", *password},
                      {"expires", iso_time(std::chrono::system_clock::now() + wish->lifetime)},
                      {"seconds", wish->lifetime.count()},
                      {"host", nullptr},
                      {"port", number_or_null(ports->port)},
                      {"tlsPort", number_or_null(ports->tls_port)}};
    if (!ports->host.empty()) body["host"] = ports->host;
    Response response;
    response.status = 201;
    response.type = "application/json";
    response.body = json::serialize(body);
    return response;
}

Response make_console_file(SpiceAccess& spice, const TicketAsk& ask) {
    const auto ports = ports_for(spice, ask);
    if (!ports) return ports.error();
    if (ports->port == 0 && ports->tls_port == 0)
        return problem(409, "SPICE clients of this machine come through a unix socket", Code::disabled);
    if (ports->host.empty()) return problem(400, "Host: no host for the client; name one with spice-host");
    const auto password = password_for(spice, ask);
    if (!password) return password.error();
    Response response;
    response.type = "application/x-virt-viewer";
    response.fields.emplace_back("Content-Disposition", "attachment; filename=\"console-" + ask.vm + ".vv\"");
    response.body = viewer_file(*ports, ask.vm, *password);
    return response;
}

}  // namespace vmcbridge::io::http
