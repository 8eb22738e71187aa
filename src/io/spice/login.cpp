#include "src/io/spice/login.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/sasl.hpp"
#include "src/io/spice/sasl_frames.hpp"
#include "src/io/vm.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;
using proto::AuthMechanism;
using proto::LinkError;

namespace {

/// Guessing is made slow: the answer to an address that guessed before is held back, whatever it is this time.
Task<bool> hold_back(LinkService& service, Exchange& exchange, const Peer& peer) {
    const auto delay = service.throttle.delay(peer.address, Clock::now());
    if (delay.count() == 0) co_return true;
    Timer timer{service.context, std::min<Clock::time_point>(Clock::now() + delay, exchange.deadline())};
    [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
    co_return exchange.wire().is_open() && Clock::now() < exchange.deadline();
}

/// Others of this address may have failed while this one was held back, or talked.
bool is_refused(const LinkService& service, const LinkOrigin& origin) {
    return service.throttle.is_refused(origin.peer.address, Clock::now());
}

void note_refusal(const LinkService& service, const LinkOrigin& origin) {
    service.note_refusal("link-refused", origin.peer, proto::name(LinkError::permission_denied));
}

void note_failure(LinkService& service, const LinkOrigin& origin, std::string_view reason) {
    service.throttle.failed(origin.peer.address, Clock::now());
    log::warning("login-failed", {{"peer", origin.peer.text}, {"vm", origin.vm.value_or("")}, {"reason", reason}});
}

Task<std::optional<Admitted>> deny(LinkService& service, Exchange& exchange, const LinkOrigin& origin,
                                   std::string_view reason) {
    note_failure(service, origin, reason);
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

/// A further channel shows what its session was let in by.
bool belongs(const LinkService& service, const KnownSession& session, const std::optional<std::string>& password) {
    if (!password) return false;
    if (session.login == KnownSession::Login::ticket) return service.tickets.is_of(*password, session.ticket);
    return session.login == KnownSession::Login::open && password->empty();
}

Admitted as_before(const KnownSession& session) {
    return {.vm = session.vm, .user = session.user, .permissions = session.permissions, .ticket = session.ticket};
}

Task<std::optional<Admitted>> by_ticket(LinkService& service, Exchange& exchange, TicketKey& key,
                                        const LinkOrigin& origin) {
    const auto bytes = co_await exchange.read(proto::ticket_size);
    if (!bytes) co_return std::nullopt;
    const auto password = key.decrypt(std::span<const std::byte, proto::ticket_size>{*bytes});
    if (origin.admitted) co_return origin.admitted;
    const bool still_there = co_await hold_back(service, exchange, origin.peer);
    if (!still_there) co_return std::nullopt;
    if (is_refused(service, origin)) {
        note_refusal(service, origin);
        co_await send_result(exchange, LinkError::permission_denied);
        co_return std::nullopt;
    }
    if (origin.session) {
        if (belongs(service, *origin.session, password)) co_return as_before(*origin.session);
        co_return co_await deny(service, exchange, origin, "not the password of its session");
    }
    if (password && password->empty()) {
        if (auto open = open_machine(service, origin)) co_return open;
        // Stock clients try none before they ask their user for one: that is no guess.
        service.note_refusal("link-refused", origin.peer, "a password is needed");
        co_await send_result(exchange, LinkError::permission_denied);
        co_return std::nullopt;
    }
    auto admitted = service.tickets.redeem(password.value_or(std::string{}), Clock::now(), origin.vm);
    if (!admitted)
        co_return co_await deny(service, exchange, origin,
                                password ? browser::name(admitted.error()) : "not encrypted with our key");
    co_return std::move(*admitted);
}

/// One message of the server in an authentication: its data, and whether that was the last.
Task<bool> send_step(Exchange& exchange, const SaslStep& step) {
    std::vector<std::byte> out;
    put_data(out, step.data);
    Writer{out}.u8(step.complete ? 1 : 0);
    co_return co_await exchange.send(out);
}

Task<Said<std::string>> read_mechanism(Exchange& exchange) {
    const auto size = co_await exchange.read_u32();
    if (!size) co_return nothing<std::string>();
    if (*size == 0 || *size > sasl_limits::mechanism_name) co_return nothing<std::string>("no mechanism of ours");
    const auto name = co_await exchange.read(*size);
    if (!name) co_return nothing<std::string>();
    co_return Said<std::string>{boost::system::in_place_value, as_text(*name)};
}

/// The conversation after the mechanisms were told: who it is. No step may show whether a password is right while the
/// address is refused.
Task<Said<std::string>> converse(const LinkService& service, Exchange& exchange, const LinkOrigin& origin,
                                 SaslServer& server) {
    const auto mechanism = co_await read_mechanism(exchange);
    if (!mechanism) co_return mechanism;
    for (bool first = true;; first = false) {
        auto data = co_await read_data(exchange);
        if (!data) co_return nothing<std::string>(data.error());
        if (*data && (*data)->ends_with('\0')) (*data)->pop_back();  // some clients leave it out
        if (is_refused(service, origin)) co_return nothing<std::string>("too many failures");
        auto step = first ? server.start(*mechanism, *data) : server.step(*data);
        if (!step) co_return nothing<std::string>(step.error().reason);
        const bool sent = co_await send_step(exchange, *step);
        if (!sent) co_return nothing<std::string>();
        if (step->complete) co_return Said<std::string>{boost::system::in_place_value, server.user()};
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

Task<bool> send_mechanisms(Exchange& exchange, const SaslServer& server) {
    std::vector<std::byte> out;
    Writer writer{out};
    writer.u32(static_cast<std::uint32_t>(server.mechanisms().size()));
    writer.bytes(as_bytes(server.mechanisms()));
    co_return co_await exchange.send(out);
}

Task<std::optional<Admitted>> deny_user(LinkService& service, Exchange& exchange, const LinkOrigin& origin,
                                        std::string_view reason) {
    if (is_refused(service, origin)) {
        note_refusal(service, origin);
    } else {
        note_failure(service, origin, reason);
    }
    co_await send_rejection(exchange);
    co_return std::nullopt;
}

/// Who has guessed before is held back here before a word is said: a last step that came late would tell a wrong
/// password from the right one, whose comes at once.
Task<std::optional<Admitted>> by_sasl(LinkService& service, Exchange& exchange, const LinkOrigin& origin) {
    const bool still_there = co_await hold_back(service, exchange, origin.peer);
    if (!still_there) co_return std::nullopt;
    auto server = SaslServer::open({.confidential = origin.is_confidential});
    if (!server) {
        log::error("sasl-failed", {{"reason", server.error().reason}});
        co_await send_result(exchange, LinkError::error);
        co_return std::nullopt;
    }
    const bool sent = co_await send_mechanisms(exchange, *server);
    if (!sent) co_return std::nullopt;
    const auto user = co_await converse(service, exchange, origin, *server);
    if (!user && user.error().empty()) co_return std::nullopt;
    if (!user) co_return co_await deny_user(service, exchange, origin, user.error());
    const bool other_user = origin.session && origin.session->user != *user;
    if (other_user) co_return co_await deny_user(service, exchange, origin, "not the user of its session");
    auto admitted = origin.session ? std::optional{as_before(*origin.session)} : machine_of_users(service, origin);
    if (!admitted) co_return co_await deny_user(service, exchange, origin, "the port belongs to no machine");
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
        service.note_refusal("link-refused", origin.peer, "it chose a way to log in that is not ours");
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
