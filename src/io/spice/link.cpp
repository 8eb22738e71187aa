// what it wants -> our key -> who it is (login.cpp) -> the machine's context.
#include "src/io/spice/link.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/bounds.hpp"
#include "src/io/session.hpp"
#include "src/io/spice/login.hpp"
#include "src/io/vm.hpp"
#include "src/log.hpp"

#include <openssl/rand.h>

#include <utility>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;
using proto::LinkError;

namespace {

/// The channels and ways that we offer. One word a group: PureSpice takes a reply of 200 bytes at most.
proto::Capabilities our_capabilities(bool sasl) noexcept {
    const unsigned way = sasl ? SPICE_COMMON_CAP_AUTH_SASL : SPICE_COMMON_CAP_AUTH_SPICE;
    return {
        .common = proto::capability_word({SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, way, SPICE_COMMON_CAP_MINI_HEADER}),
        .channel = proto::capability_word({SPICE_MAIN_CAP_NAME_AND_UUID, SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS})};
}

/// The reply of a link that has failed, as the last thing on the connection.
Task<> refuse(const LinkService& service, Exchange& exchange, const Peer& peer, LinkError error) {
    service.note_refusal("link-refused", peer, proto::name(error));
    const auto reply = proto::encode_link_reply({.error = error, .public_key = {}, .capabilities = {}});
    const bool written = co_await exchange.send(reply);
    if (written) co_await exchange.part();
}

/// The client's first words; an error has been answered. nullopt: that, or nothing came in time.
Task<std::optional<proto::LinkRequest>> receive(const LinkService& service, Exchange& exchange, const Peer& peer) {
    for (;;) {
        auto bytes = exchange.unread();
        auto request = proto::take_link_request(bytes);
        if (!request) {
            co_await refuse(service, exchange, peer, request.error());
            co_return std::nullopt;
        }
        if (*request) {
            exchange.took(exchange.unread().size() - bytes.size());
            co_return **request;
        }
        const bool more = co_await exchange.read_more();
        if (!more) co_return std::nullopt;
    }
}

std::uint32_t make_session_id() noexcept {
    std::uint32_t id = 0;
    while (id == 0)
        if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) != 1) return 0;
    return id;
}

KnownSession known_as(const LinkService& service, const LinkOrigin& origin, const Admitted& admitted) {
    using Login = KnownSession::Login;
    auto login = admitted.ticket == TicketHash{} ? Login::open : Login::ticket;
    if (asks_for_sasl(service, origin)) login = Login::sasl;
    if (origin.admitted) login = Login::door;
    return {.vm = admitted.vm,
            .user = admitted.user,
            .permissions = admitted.permissions,
            .login = login,
            .ticket = admitted.ticket};
}

void adopt(LinkService& service, Vm& vm, Exchange& exchange, const LinkOrigin& origin, Admitted admitted,
           const proto::LinkRequest& request) {
    const auto session = make_session_id();
    auto known = service.sessions.add(session, known_as(service, origin, admitted));
    vm.adopt({.service = Arrival::Service::spice,
              .response = {},
              .early = exchange.take_rest(),
              .profile = {.kind = bridge::ClientKind::spice,
                          .user = std::move(admitted.user),
                          .permissions = admitted.permissions,
                          .resume_token = {}},
              .resume = origin.companion_of,
              .peer = origin.peer.text,
              .link = Arrival::Link{.wire = exchange.wire().release(),
                                    .capabilities = request.capabilities,
                                    .session = session,
                                    .known = std::move(known)}});
}

Task<> establish(LinkService& service, Exchange& exchange, const LinkOrigin& origin) {
    const auto& peer = origin.peer;
    const auto request = co_await receive(service, exchange, peer);
    if (!request) co_return;
    if (service.tls_rule == SpiceTls::required && !origin.is_confidential)
        co_return co_await refuse(service, exchange, peer, LinkError::need_secured);
    if (!origin.admitted && service.throttle.is_refused(peer.address, Clock::now()))
        co_return co_await refuse(service, exchange, peer, LinkError::permission_denied);
    if (request->type != proto::ChannelType::main && request->connection != 0)
        co_return co_await establish_channel(service, exchange, origin, *request);
    // A session begins with its main channel; one that named another session is told so after its login.
    if (request->type != proto::ChannelType::main || request->id != 0)
        co_return co_await refuse(service, exchange, peer, LinkError::channel_not_available);

    const auto key = service.keys.take();
    if (!key) co_return co_await refuse(service, exchange, peer, LinkError::error);
    const auto reply = proto::encode_link_reply({.error = LinkError::ok,
                                                 .public_key = key->public_key(),
                                                 .capabilities = our_capabilities(asks_for_sasl(service, origin))});
    const bool replied = co_await exchange.send(reply);
    if (!replied) co_return;

    auto login = co_await log_in(service, exchange, *key, origin, request->capabilities);
    if (!login) co_return;  // refused and told, or gone
    const auto vm = service.vms.find(login->vm);
    auto result = LinkError::ok;
    if (service.stopping)
        result = LinkError::error;
    else if (!vm || !login->permissions.has(policy::Permission::spice))
        result = LinkError::permission_denied;
    else if (request->connection != 0)
        result = LinkError::bad_connection_id;
    if (result == LinkError::ok) co_return adopt(service, *vm, exchange, origin, std::move(*login), *request);
    service.note_refusal("link-refused", peer, proto::name(result), login->vm);
    co_await send_result(exchange, result);
}

}  // namespace

void LinkService::note_refusal(std::string_view event, const Peer& peer, std::string_view reason,
                               std::string_view vm) const {
    const auto now = Clock::now();
    if (const auto count = refusals_.take_surplus(now); count > 0)
        log::warning("refusals-left-out", {{"count", count}});
    if (!refusals_.take(now)) return;
    std::vector<log::Field> fields{{"peer", peer.text}, {"reason", reason}};
    if (!vm.empty()) fields.emplace_back("vm", vm);
    log::write(log::Level::info, event, fields);
}

void LinkService::apply(const Config& config, const DoorRules& doors, std::shared_ptr<const TlsServer> certificate) {
    rules = doors;
    tls = std::move(certificate);
    tls_rule = config.server.spice_tls;
    sasl = config.server.spice_sasl;
    auth = config.server.auth;
}

void LinkService::set_machines(const std::map<std::string, VmConfig>& all) {
    open.clear();
    for (const auto& [name, vm] : all)
        if (auth == AuthMode::none && vm.spice_ticket_file.empty()) open.insert(name);
}

Task<> serve_link(LinkService& service, Exchange& exchange, const LinkOrigin& origin) {
    co_await establish(service, exchange, origin);
    if (const auto fault = exchange.wire().fault())
        service.note_refusal("link-refused", origin.peer, websocket::to_text(*fault));
}

}  // namespace vmcbridge::io::spice
