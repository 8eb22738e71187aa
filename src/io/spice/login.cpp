#include "src/io/spice/login.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/sasl.hpp"
#include "src/io/vm.hpp"
#include "src/log.hpp"

#include <array>
#include <span>
#include <string>
#include <utility>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;
using proto::AuthMechanism;
using proto::LinkError;

namespace {

/// Frames of SASL carry a length before their bytes, which counts a closing NUL; 0 means no bytes at all.
void put_data(std::vector<std::byte>& out, const std::optional<std::string>& data) {
    Writer writer{out};
    writer.u32(data ? static_cast<std::uint32_t>(data->size() + 1) : 0);
    if (!data) return;
    writer.bytes(as_bytes(*data));
    writer.u8(0);
}

/// nullopt inside: no data. nullopt outside: gone, or too long.
Task<std::optional<std::optional<std::string>>> read_data(Exchange& exchange) {
    const auto size = co_await exchange.read_u32();
    if (!size || *size > sasl::message) co_return std::nullopt;
    if (*size == 0) co_return std::optional<std::string>{};
    const auto bytes = co_await exchange.read(*size);
    if (!bytes) co_return std::nullopt;
    auto text = std::string{as_text(*bytes)};
    if (text.back() == '\0') text.pop_back();
    co_return std::optional{std::move(text)};
}

/// Guessing is made slow: the answer to an address that guessed before is held back, whatever it is this time.
Task<bool> hold_back(LinkService& service, Exchange& exchange, const Peer& peer) {
    const auto delay = service.throttle.delay(peer.address, Clock::now());
    if (delay.count() == 0) co_return true;
    Timer timer{service.context, Clock::now() + delay};
    [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
    co_return exchange.wire().is_open();
}

Task<std::optional<Admitted>> deny(LinkService& service, Exchange& exchange, const LinkOrigin& origin,
                                   std::string_view reason) {
    service.throttle.failed(origin.peer.address, Clock::now());
    log::warning("login-failed", {{"peer", origin.peer.text}, {"vm", origin.vm.value_or("")}, {"reason", reason}});
    co_await send_result(exchange, LinkError::permission_denied);
    co_return std::nullopt;
}

/// The machine that an empty password opens: that of the port, or the only one that it could mean.
std::optional<Admitted> open_machine(const LinkService& service, const LinkOrigin& origin) {
    if (origin.vm ? !service.open.contains(*origin.vm) : service.open.size() != 1) return std::nullopt;
    return Admitted{.vm = origin.vm ? *origin.vm : *service.open.begin(),
                    .user = {},
                    .permissions = policy::PermissionSet::all_but_admin(),
                    .ticket = {}};
}

/// A user may have the machine of the port; of a port of all machines only where there is one.
std::optional<Admitted> machine_of_users(const LinkService& service, const LinkOrigin& origin) {
    auto vm = origin.vm;
    if (const auto all = service.vms.all(); !vm && all.size() == 1) vm = all.front()->name();
    if (!vm) return std::nullopt;
    return Admitted{.vm = *vm, .user = {}, .permissions = policy::PermissionSet::all_but_admin(), .ticket = {}};
}

Task<std::optional<Admitted>> by_ticket(LinkService& service, Exchange& exchange, TicketKey& key,
                                        const LinkOrigin& origin) {
    const auto bytes = co_await exchange.read(proto::ticket_size);
    if (!bytes) co_return std::nullopt;
    const auto password = key.decrypt(std::span<const std::byte, proto::ticket_size>{*bytes});
    if (origin.admitted) co_return origin.admitted;
    const bool still_there = co_await hold_back(service, exchange, origin.peer);
    if (!still_there) co_return std::nullopt;
    if (password && password->empty()) {
        if (auto open = open_machine(service, origin)) co_return open;
    }
    auto admitted = service.tickets.redeem(password.value_or(std::string{}), Clock::now(), origin.vm);
    if (!admitted)
        co_return co_await deny(service, exchange, origin,
                                password ? browser::name(admitted.error()) : "not encrypted with our key");
    service.throttle.succeeded(origin.peer.address);
    co_return std::move(*admitted);
}

/// One message of the server in an authentication: its data, and whether that was the last.
Task<bool> send_step(Exchange& exchange, const SaslStep& step) {
    std::vector<std::byte> out;
    put_data(out, step.data);
    Writer{out}.u8(step.complete ? 1 : 0);
    co_return co_await exchange.send(out);
}

/// The conversation after the mechanisms were told. Error: what the log is told; empty: the client has gone.
Task<Result<std::string, std::string>> converse(Exchange& exchange, SaslServer& server) {
    using Outcome = Result<std::string, std::string>;
    const auto size = co_await exchange.read_u32();
    if (!size) co_return Outcome{boost::system::in_place_error, ""};
    if (*size == 0 || *size > sasl::mechanism_name)
        co_return Outcome{boost::system::in_place_error, "no mechanism of ours"};
    const auto name = co_await exchange.read(*size);
    if (!name) co_return Outcome{boost::system::in_place_error, ""};
    const std::string mechanism{as_text(*name)};
    for (bool first = true;; first = false) {
        const auto data = co_await read_data(exchange);
        if (!data) co_return Outcome{boost::system::in_place_error, "its message is missing or too long"};
        auto step = first ? server.start(mechanism, *data) : server.step(*data);
        if (!step) co_return Outcome{boost::system::in_place_error, step.error().reason};
        const bool sent = co_await send_step(exchange, *step);
        if (!sent) co_return Outcome{boost::system::in_place_error, ""};
        if (step->complete) co_return Outcome{boost::system::in_place_value, server.user()};
    }
}

/// "No", in the words of SASL: 1, and a sentence.
Task<> send_rejection(Exchange& exchange) {
    constexpr std::string_view sentence = "Authentication failed";
    std::vector<std::byte> out;
    Writer writer{out};
    writer.u32(1);
    put_data(out, std::string{sentence});
    const bool sent = co_await exchange.send(out);
    if (sent) co_await exchange.part();
}

Task<std::optional<Admitted>> by_sasl(LinkService& service, Exchange& exchange, const LinkOrigin& origin) {
    auto server = SaslServer::open({.confidential = origin.is_confidential});
    if (!server) {
        log::error("sasl-failed", {{"reason", server.error().reason}});
        co_await send_result(exchange, LinkError::error);
        co_return std::nullopt;
    }
    std::vector<std::byte> mechanisms;
    Writer writer{mechanisms};
    writer.u32(static_cast<std::uint32_t>(server->mechanisms().size()));
    writer.bytes(as_bytes(server->mechanisms()));
    const bool sent = co_await exchange.send(mechanisms);
    if (!sent) co_return std::nullopt;
    auto user = co_await converse(exchange, *server);
    const bool still_there = co_await hold_back(service, exchange, origin.peer);
    if (!still_there || (!user && user.error().empty())) co_return std::nullopt;
    auto admitted = machine_of_users(service, origin);
    if (!user || !admitted) {
        service.throttle.failed(origin.peer.address, Clock::now());
        log::warning("login-failed", {{"peer", origin.peer.text},
                                      {"vm", origin.vm.value_or("")},
                                      {"reason", user ? "the port belongs to no machine" : user.error()}});
        co_await send_rejection(exchange);
        co_return std::nullopt;
    }
    service.throttle.succeeded(origin.peer.address);
    std::vector<std::byte> done;
    Writer{done}.u32(0);
    const bool told = co_await exchange.send(done);
    if (!told) co_return std::nullopt;
    admitted->user = *user;
    co_return admitted;
}

}  // namespace

Task<> send_result(Exchange& exchange, LinkError result) {
    std::vector<std::byte> out;
    Writer{out}.as(result);
    const bool sent = co_await exchange.send(out);
    if (sent) co_await exchange.part();
}

Task<std::optional<Admitted>> log_in(LinkService& service, Exchange& exchange, TicketKey& key, const LinkOrigin& origin,
                                     const proto::Capabilities& client) {
    const auto ours = asks_for_sasl(service, origin) ? AuthMechanism::sasl : AuthMechanism::ticket;
    auto chosen = AuthMechanism::ticket;
    if (client.has_common(SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION)) {
        const auto number = co_await exchange.read_u32();
        if (!number) co_return std::nullopt;
        chosen = static_cast<AuthMechanism>(*number);
    }
    if (chosen != ours) {
        log::info("link-refused",
                  {{"peer", origin.peer.text}, {"reason", "it chose a way to log in that is not ours"}});
        const auto reply =
            proto::encode_link_reply({.error = LinkError::invalid_data, .public_key = {}, .capabilities = {}});
        const bool sent = co_await exchange.send(reply);
        if (sent) co_await exchange.part();
        co_return std::nullopt;
    }
    if (ours == AuthMechanism::sasl) co_return co_await by_sasl(service, exchange, origin);
    co_return co_await by_ticket(service, exchange, key, origin);
}

}  // namespace vmcbridge::io::spice
