#include "src/io/http/response.hpp"

#include <boost/beast/http/status.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <ctime>

namespace vmcbridge::io::http {
namespace {

std::string_view reason(unsigned status) noexcept {
    const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    return {text.data(), text.size()};
}

void put(std::string& head, std::string_view name, std::string_view value) {
    (((head += name) += ": ") += value) += "\r\n";
}

std::string date_now() {
    const auto now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text.data(), size};
}

// A Host that may stand in a policy: nothing but what names and numbers are made of.
bool is_plain_host(std::string_view host) noexcept {
    return !host.empty() && host.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789.-:[]_") == std::string_view::npos;
}

// 'self' covers WebSockets of the same origin in some browsers only, so they are named.
std::string content_policy(std::string_view host) {
    std::string policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'";
    if (is_plain_host(host)) {
        (policy += " ws://") += host;
        (policy += " wss://") += host;
    }
    return policy += "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

void put_protection(std::string& head, const AnswerTo& request) {
    put(head, "Content-Security-Policy", content_policy(request.host));
    put(head, "X-Content-Type-Options", "nosniff");
    put(head, "Referrer-Policy", "no-referrer");
    put(head, "Cross-Origin-Opener-Policy", "same-origin");
    put(head, "Cross-Origin-Resource-Policy", request.cross_origin.empty() ? "same-origin" : "cross-origin");
    if (!request.cross_origin.empty()) put(head, "Access-Control-Allow-Origin", request.cross_origin);
    put(head, "Vary", "Origin");
}

}  // namespace

Response problem(unsigned status, std::string_view detail, std::optional<browser::Code> code,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> more) {
    boost::json::object body{
        {"type", "about:blank"}, {"title", reason(status)}, {"status", status}, {"detail", detail}};
    if (code) body["code"] = browser::name(*code);
    for (const auto& [name, value] : more) body[name] = value;
    Response response;
    response.status = status;
    response.type = "application/problem+json";
    response.body = boost::json::serialize(body);
    return response;
}

std::string encode(const Response& response, const AnswerTo& request) {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    (out += reason(response.status)) += "\r\n";
    put(out, "Date", date_now());
    put(out, "Server", "vmcbridge");
    put(out, "Connection", request.keep_alive ? "keep-alive" : "close");
    put(out, "Cache-Control", response.cache.empty() ? "no-store" : response.cache);
    if (!response.type.empty()) put(out, "Content-Type", response.type);
    for (const auto& [name, value] : response.fields) put(out, name, value);
    put_protection(out, request);
    // 304 and 204 have no body by definition, and say no length either.
    const bool bodiless = response.status == 304 || response.status == 204;
    if (!bodiless) put(out, "Content-Length", std::to_string(response.body.size()));
    out += "\r\n";
    if (!bodiless && !request.head) out += response.body;
    return out;
}

}  // namespace vmcbridge::io::http
