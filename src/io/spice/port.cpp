// A connection to a SPICE port: TLS? -> WebSocket? -> the link.
#include "proto/text.hpp"
#include "src/io/bounds.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/http/upgrade.hpp"
#include "src/io/spice/link.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace vmcbridge::io::spice {
namespace {

constexpr std::byte tls_record{0x16};  // no link and no request begins with it
constexpr std::string_view request_start = "GET ";

/// TLS where the client's first byte says so. false: the connection has ended.
Task<bool> secure(const LinkService& service, Exchange& exchange, LinkOrigin& origin) {
    auto& stream = exchange.wire().stream();
    std::array<std::byte, 1> first{};
    IoResult peeked;
    while (peeked.state == IoResult::State::would_block) {
        const bool open = co_await stream.readable(exchange.deadline());
        if (!open) co_return false;
        peeked = stream.try_peek(first);
    }
    if (peeked.state != IoResult::State::moved) co_return false;
    if (first.front() != tls_record || !service.tls || service.tls_rule == SpiceTls::off) co_return true;
    auto state = service.tls->accept();
    if (!state) co_return false;
    stream.start_tls(std::move(state));
    const auto agreed = co_await stream.handshake(exchange.deadline());
    if (!agreed) service.note_refusal("tls-refused", origin.peer, agreed.error());
    origin.is_confidential = true;
    co_return agreed.has_value();
}

/// The answer to a handshake that was refused, as the last thing on the connection.
Task<> refuse(const LinkService& service, Exchange& exchange, const LinkOrigin& origin, const http::Response& response,
              std::string_view reason) {
    service.note_refusal("link-refused", origin.peer, reason);
    const auto bytes = http::encode(response, {});
    const bool written = co_await exchange.send(as_bytes(bytes));
    if (written) co_await exchange.part();
}

http::Response refusal_of(const Refusal& refusal) {
    return http::problem(refusal.status, refusal.detail, refusal.code);
}

/// The opening handshake of a WebSocket, whatever its path. false: it was refused and told, or nothing came in time.
Task<bool> shake_hands(const LinkService& service, Exchange& exchange, const LinkOrigin& origin) {
    http::RequestReader reader;
    for (;;) {
        reader.feed(exchange.unread());
        exchange.took(exchange.unread().size());
        auto request = reader.next();
        if (!request) {
            const auto& [status, detail] = request.error();
            co_await refuse(service, exchange, origin, http::problem(status, detail), detail);
            co_return false;
        }
        if (!*request) {
            const bool more = co_await exchange.read_more();
            if (!more) co_return false;
            continue;
        }
        // Which pages may connect is the door's to say; who the client is, the link's.
        auto rules = service.rules;
        rules.auth = AuthMode::none;
        const auto admission = admit(rules, {.tls = exchange.wire().stream().is_secure(),
                                             .hosts = (*request)->all("host"),
                                             .origins = (*request)->all("origin")});
        if (!admission) {
            co_await refuse(service, exchange, origin, refusal_of(admission.error()), admission.error().detail);
            co_return false;
        }
        auto handshake = http::accept_handshake(**request, Arrival::Service::spice);
        if (!handshake) {
            co_await refuse(service, exchange, origin, handshake.error(), "this is no opening handshake");
            co_return false;
        }
        const bool sent = co_await exchange.send(as_bytes(handshake->response));
        exchange.wire().speak_websocket(reader.take_rest());
        co_return sent;
    }
}

bool may_become(Bytes bytes, std::string_view text) noexcept {
    const auto count = std::min(bytes.size(), text.size());
    return as_text(bytes.first(count)) == text.substr(0, count);
}

}  // namespace

Task<> serve_port(std::shared_ptr<LinkService> service, Stream stream, LinkOrigin origin) {
    Exchange exchange{Wire{std::move(stream)}, Clock::now() + bounds::head_deadline};
    const auto forget = [&service](Pending::Entry* entry) { service->pending.remove(*entry); };
    auto place = service->pending.add(origin.peer.address, exchange.wire().stream());
    const std::unique_ptr<Pending::Entry, decltype(forget)> entry{&place, forget};

    const bool ready = co_await secure(*service, exchange, origin);
    if (!ready) co_return;
    while (exchange.unread().size() < request_start.size() && may_become(exchange.unread(), request_start)) {
        const bool more = co_await exchange.read_more();
        if (!more) co_return;
    }
    if (may_become(exchange.unread(), request_start)) {
        const bool agreed = co_await shake_hands(*service, exchange, origin);
        if (!agreed) co_return;
    }
    co_await serve_link(*service, exchange, origin);
}

}  // namespace vmcbridge::io::spice
