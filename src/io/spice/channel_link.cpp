// A further channel of a session that stands: what the server behind the machine can do on it -> our key -> the same
// login as the main channel's -> the machine's context, with both connections.
#include "proto/text.hpp"
#include "src/io/bounds.hpp"
#include "src/io/session.hpp"
#include "src/io/spice/link.hpp"
#include "src/io/spice/login.hpp"
#include "src/io/vm.hpp"
#include "src/log.hpp"

#include <utility>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;
using proto::LinkError;

namespace {

/// May this connection be of that session at all? Who it is comes later.
bool may_belong(const LinkOrigin& origin, const KnownSession& session) {
    if (origin.vm && *origin.vm != session.vm) return false;
    const bool at_door = session.login == KnownSession::Login::door;
    if (origin.admitted.has_value() != at_door) return false;
    return !at_door || origin.admitted->user == session.user;
}

Task<> refuse(const LinkService& service, Exchange& exchange, const LinkOrigin& origin, LinkError error,
              std::string_view reason) {
    service.note_refusal("channel-refused", origin.peer, reason, origin.session ? origin.session->vm : std::string{});
    const auto reply = proto::encode_link_reply({.error = error, .public_key = {}, .capabilities = {}});
    const bool written = co_await exchange.send(reply);
    if (written) co_await exchange.part();
}

/// The server's, but for how clients log in here.
proto::Capabilities shown(const AnsweredLink& server, bool sasl) noexcept {
    const unsigned way = sasl ? SPICE_COMMON_CAP_AUTH_SASL : SPICE_COMMON_CAP_AUTH_SPICE;
    const auto header = server.answer.capabilities.common & proto::capability_word({SPICE_COMMON_CAP_MINI_HEADER});
    return {.common = header | proto::capability_word({SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, way}),
            .channel = server.answer.capabilities.channel};
}

bool have_mini_headers(const proto::Capabilities& client, const proto::Capabilities& server) noexcept {
    return client.has_common(SPICE_COMMON_CAP_MINI_HEADER) && server.has_common(SPICE_COMMON_CAP_MINI_HEADER);
}

}  // namespace

Task<> establish_channel(LinkService& service, Exchange& exchange, LinkOrigin origin,
                         const proto::LinkRequest& request) {
    const proto::ChannelId channel{.type = request.type, .id = request.id};
    origin.session = service.sessions.find(request.connection);
    std::shared_ptr<Vm> vm;
    if (origin.session && may_belong(origin, *origin.session)) vm = service.vms.find(origin.session->vm);
    std::optional<ChannelTarget> target;
    if (vm) target = co_await vm->channel_target(request.connection, channel);
    if (!target)
        co_return co_await refuse(service, exchange, origin, LinkError::channel_not_available, "no channel of its own");

    auto place = origin.session->take_place();
    if (!place)
        co_return co_await refuse(service, exchange, origin, LinkError::channel_not_available,
                                  "too many links at once");

    const proto::LinkRequest wish{
        .connection = target->session, .type = request.type, .id = request.id, .capabilities = request.capabilities};
    auto server = co_await ask_as_client(service.context, target->guest, wish, exchange.deadline());
    if (!server) co_return co_await refuse(service, exchange, origin, LinkError::error, server.error());

    const auto key = service.keys.take();
    if (!key) co_return co_await refuse(service, exchange, origin, LinkError::error, "no key");
    const auto reply = proto::encode_link_reply({.error = LinkError::ok,
                                                 .public_key = key->public_key(),
                                                 .capabilities = shown(*server, asks_for_sasl(service, origin))});
    const bool replied = co_await exchange.send(reply);
    if (!replied) co_return;
    const auto login = co_await log_in(service, exchange, *key, origin, request.capabilities);
    if (!login) co_return;  // refused and told, or gone
    if (service.stopping) co_return co_await send_result(exchange, LinkError::error);

    const bool mini = have_mini_headers(request.capabilities, server->answer.capabilities);
    auto early = exchange.take_rest();
    Arrival arrival{.service = Arrival::Service::spice_channel,
                    .response = {},
                    .early = std::move(early),
                    .profile = {},
                    .resume = {},
                    .peer = origin.peer.text,
                    .channel = Arrival::Channel{.client = target->client,
                                                .id = channel,
                                                .header = mini ? proto::HeaderKind::mini : proto::HeaderKind::full,
                                                .wire = exchange.wire().release(),
                                                .guest = target->guest,
                                                .place = std::move(place),
                                                .server = server->release()}};
    vm->adopt(std::move(arrival));
}

}  // namespace vmcbridge::io::spice
