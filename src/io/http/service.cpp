// secure, where the listener speaks TLS.
// receive -> admit at the door -> answer_upgrade, or answer -> write -> the next request.
#include "src/io/http/service.hpp"

#include "proto/text.hpp"
#include "src/io/bounds.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/io/http/api.hpp"
#include "src/io/http/upgrade.hpp"
#include "src/io/secret.hpp"
#include "src/io/spice/link.hpp"
#include "src/io/websocket/frame.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <array>

namespace vmcbridge::io::http {
namespace {

constexpr std::size_t read_size = 4096;

/// A request, a fault, or neither: the connection has ended, or nothing came in time.
struct Received {
    std::optional<Request> request;
    std::optional<RequestFault> fault;
};

bool feed(Stream& stream, RequestReader& reader, IoResult& result) {
    std::array<std::byte, read_size> bytes;
    result = stream.try_read(bytes);
    if (result.bytes > 0) reader.feed(Bytes{bytes}.first(result.bytes));
    return result.state == IoResult::State::moved || result.state == IoResult::State::would_block;
}

Task<Received> receive(Stream& stream, RequestReader& reader, Clock::time_point deadline) {
    bool begun = !reader.is_empty();
    for (;;) {
        auto request = reader.next();
        if (!request) co_return Received{{}, request.error()};
        if (*request) co_return Received{std::move(*request), {}};
        const bool open = co_await stream.readable(deadline);
        if (!open) {
            if (begun && stream.is_open()) co_return Received{{}, RequestFault{408, "the request took too long"}};
            co_return Received{};
        }
        IoResult result;
        if (!feed(stream, reader, result)) co_return Received{};
        // The first request has its time from the connection on: silence must not buy it more.
        if (!std::exchange(begun, true))
            deadline = std::min<Clock::time_point>(deadline, Clock::now() + bounds::head_deadline);
    }
}

RequestFacts facts_of(const Request& request, const Peer& peer, bool tls) {
    return {.admin = peer.admin,
            .tls = tls,
            .hosts = request.all("host"),
            .origins = request.all("origin"),
            .authorization = request.field("authorization"),
            .subprotocols = request.items("sec-websocket-protocol"),
            .query = request.query};
}

Response plain(std::string_view text) {
    Response response;
    response.type = "text/plain; charset=utf-8";
    response.body = text;
    return response;
}

/// Tells `asker` when the client has gone; half a connection counts as gone too, as with proxies. Ends by cancellation.
Task<> watch(Stream& stream, Presence& asker) {
    const bool open = co_await stream.readable();
    if (!open || stream.has_hung_up()) asker.leave();  // else the next request is here already, and has to wait
    Timer never{co_await net::this_coro::executor, Clock::time_point::max()};
    [[maybe_unused]] const auto [aborted] = co_await never.async_wait(as_value);
}

/// What takes its time is given up when the client goes.
Task<Response> answer_while_there(Service& service, Stream& stream, const Request& request, const Admission& admission,
                                  const Peer& peer) {
    using namespace net::experimental::awaitable_operators;
    const auto asker = std::make_shared<Presence>();
    if (service.stopping) asker->leave();
    service.asking.insert(asker);
    const auto forget = [&service](const auto* each) { service.asking.erase(*each); };
    const std::unique_ptr<const std::shared_ptr<Presence>, decltype(forget)> entry{&asker, forget};
    const ApiParts parts{.vms = service.vms, .spice = service.spice, .peer = peer.text, .asker = asker};
    auto first = co_await (answer_api(parts, request, admission) || watch(stream, *asker));
    if (first.index() == 1) co_return problem(503, "the bridge stops", browser::Code::stopping);
    co_return std::move(std::get<0>(first));
}

Response answer(const Service& service, const Request& request) {
    if (request.path == "/healthz") return plain("ok\n");
    if (request.path == "/readyz") {
        if (service.stopping) return problem(503, "the bridge stops", browser::Code::stopping);
        return plain("ready\n");
    }
    if (const auto path = parse_socket_path(request.path)) {
        auto handshake = accept_handshake(request, path->service);
        return handshake ? problem(400, "this path is a WebSocket") : std::move(handshake.error());
    }
    return service.pages.answer(request);
}

/// Takes what ends the connection at the peer's leisure: a close with unread bytes would destroy what we have written.
Task<> part(Stream& stream) {
    stream.shutdown_write();
    const auto deadline = Clock::now() + bounds::close_deadline;
    std::size_t taken = 0;
    while (taken < bounds::turn) {
        const bool open = co_await stream.readable(deadline);
        if (!open) co_return;
        const auto buffer = Buffer::borrow();
        const auto result = stream.try_read(buffer.bytes());
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return;
        taken += result.bytes;
    }
}

/// Answers what is no request, as the last on this connection.
Task<> refuse(Stream& stream, const RequestFault& fault) {
    const auto bytes = encode(problem(fault.status, fault.detail), {});
    const bool written = co_await stream.write_all(as_bytes(bytes), bounds::response_stall);
    if (written && fault.status != 408) co_await part(stream);
}

/// The handshake of TLS. false: the connection has ended, in plain text where the client speaks that.
Task<bool> secure(const TlsServer& tls, Stream& stream, Clock::time_point deadline, const Peer& peer) {
    constexpr std::byte handshake_record{0x16};  // no request of HTTP begins with it
    IoResult peeked;
    std::array<std::byte, 1> first{};
    while (peeked.state == IoResult::State::would_block) {
        const bool open = co_await stream.readable(deadline);
        if (!open) co_return false;
        peeked = stream.try_peek(first);
    }
    if (peeked.state != IoResult::State::moved) co_return false;
    if (first.front() != handshake_record) {
        const RequestFault plain_text{400, "this port speaks TLS: use https:// or wss://"};
        co_await refuse(stream, plain_text);
        co_return false;
    }
    auto state = tls.accept();
    if (!state) co_return false;
    stream.start_tls(std::move(state));
    const auto agreed = co_await stream.handshake(deadline);
    if (!agreed) log::debug("tls-refused", {{"peer", peer.text}, {"reason", agreed.error()}});
    co_return agreed.has_value();
}

/// A browser can't see the status of a refused handshake: it is let in, and told in the close frame.
Task<> refuse_browser(Stream& stream, std::string response, browser::Code code) {
    std::array<std::byte, websocket::control_payload> payload{};
    std::array<std::byte, websocket::server_header> header{};
    const auto refused = static_cast<std::uint16_t>(browser::CloseCode::refused);
    const auto size = websocket::encode_close(payload, refused, browser::name(code));
    const auto header_size = websocket::encode_header(header, websocket::Opcode::close, size);
    response += as_text(Bytes{header}.first(header_size));
    response += as_text(Bytes{payload}.first(size));
    const bool written = co_await stream.write_all(as_bytes(response), bounds::response_stall);
    if (written) co_await part(stream);
}

bridge::ClientProfile profile_of(const Request& request, const Admission& admission) {
    const bool ours = request.field("user-agent").starts_with("vmcbridge/");
    return {.kind = ours ? bridge::ClientKind::cli : bridge::ClientKind::web,
            .user = admission.user,
            .permissions = admission.permissions,
            .resume_token = make_secret()};
}

/// SPICE inside a WebSocket, for a client that has been let in: the link begins.
Task<> link(Service& service, Pending::Connection& place, std::string response, std::string early,
            io::spice::LinkOrigin origin) {
    io::spice::Exchange exchange{io::spice::Wire{std::move(*place.stream)}, Clock::now() + bounds::head_deadline};
    // Still half open: whoever makes room, or stops, ends it here.
    auto* const before = std::exchange(place.stream, &exchange.wire().stream());
    place.idle = true;
    const auto give_back = [&place](Stream* stream) { place.stream = stream; };
    const std::unique_ptr<Stream, decltype(give_back)> entry{before, give_back};
    const bool sent = co_await exchange.send(as_bytes(response));
    if (!sent) co_return;
    exchange.wire().speak_websocket(std::move(early));
    co_await io::spice::serve_link(*service.links, exchange, origin);
}

/// What a client of this service must be allowed; nullopt: the machine looks itself.
std::optional<policy::Permission> needed(Arrival::Service service) noexcept {
    switch (service) {
        case Arrival::Service::agent:
        case Arrival::Service::port: return std::nullopt;  // `port:NAME` is what a token would have to name
        case Arrival::Service::display: return policy::Permission::display;
        case Arrival::Service::spice:
        case Arrival::Service::spice_channel: return policy::Permission::spice;
    }
    return std::nullopt;
}

/// nullopt: the connection has moved on, or has been refused and ended.
Task<std::optional<Response>> answer_upgrade(Service& service, Pending::Connection& place, RequestReader& reader,
                                             const Request& request, const Admission& admission, const Peer& peer) {
    using browser::Code;
    auto& stream = *place.stream;
    const auto path = parse_socket_path(request.path);
    if (!path) co_return problem(404, "there is no WebSocket at this path");
    auto handshake = accept_handshake(request, path->service);
    if (!handshake) co_return std::move(handshake.error());

    const auto vm = service.vms.find(path->vm);
    const auto permission = needed(path->service);
    std::optional<Code> refused;
    if (service.stopping)
        refused = Code::stopping;
    else if (!vm)
        refused = Code::unknown_vm;
    else if (permission && !admission.permissions.has(*permission))
        refused = Code::forbidden;
    if (!refused && path->service == Arrival::Service::spice) {
        io::spice::LinkOrigin origin{
            .peer = peer,
            .vm = path->vm,
            .admitted =
                Admitted{.vm = path->vm, .user = admission.user, .permissions = admission.permissions, .ticket = {}},
            .is_confidential = stream.is_secure() || !peer.tcp,
            .companion_of = std::string{query_member(request.query, "agent")}};
        co_await link(service, place, std::move(handshake->response), reader.take_rest(), std::move(origin));
        co_return std::nullopt;
    }
    if (!refused) {
        vm->adopt({.service = path->service,
                   .socket = stream.release(),
                   .response = std::move(handshake->response),
                   .early = reader.take_rest(),
                   .profile = profile_of(request, admission),
                   .resume = std::string{query_member(request.query, "resume")},
                   .port = path->port,
                   .wants_state = query_member(request.query, "state") == "1",
                   .peer = peer.text});
        co_return std::nullopt;
    }
    if (admission.browser) {
        co_await refuse_browser(stream, std::move(handshake->response), *refused);
        co_return std::nullopt;
    }
    const unsigned status = *refused == Code::unknown_vm ? 404 : *refused == Code::stopping ? 503 : 403;
    co_return problem(status, browser::meaning(*refused), *refused);
}

/// Answers one request; false: it was the last on this connection.
Task<bool> serve_request(Service& service, Pending::Connection& place, RequestReader& reader, const Request& request,
                         const Peer& peer) {
    auto& stream = *place.stream;
    const auto facts = facts_of(request, peer, stream.is_secure());
    const auto admission = admit(service.rules, facts);
    std::optional<Response> response;
    if (!admission) {
        const auto& refusal = admission.error();
        response = problem(refusal.status, refusal.detail, refusal.code);
        if (refusal.status == 401) response->fields.emplace_back("WWW-Authenticate", "Bearer");
    } else if (request.is_upgrade()) {
        response = co_await answer_upgrade(service, place, reader, request, *admission, peer);
        if (!response) co_return false;
    } else if (request.path.starts_with(api_prefix)) {
        response = co_await answer_while_there(service, stream, request, *admission, peer);
    } else {
        response = answer(service, request);
    }
    const bool keep_alive = request.keep_alive && !service.stopping && admission.has_value();
    const AnswerTo to{.host = peer.admin || !admission ? std::string_view{} : request.field("host"),
                      .cross_origin = admission ? std::string_view{admission->cross_origin} : std::string_view{},
                      .head = request.method == "HEAD",
                      .keep_alive = keep_alive};
    const auto bytes = encode(*response, to);
    const bool written = co_await stream.write_all(as_bytes(bytes), bounds::response_stall);
    if (written && !keep_alive) co_await part(stream);
    co_return written&& keep_alive;
}

}  // namespace

void Service::stop() {
    stopping = true;
    for (const auto& each : asking) each->leave();
}

Task<> serve_connection(std::shared_ptr<Service> service, Stream stream, Peer peer) {
    const auto forget = [&service](Pending::Entry* entry) { service->pending.remove(*entry); };
    auto place = service->pending.add(peer.address, stream);
    const std::unique_ptr<Pending::Entry, decltype(forget)> entry{&place, forget};
    RequestReader reader;
    Clock::time_point deadline = Clock::now() + bounds::head_deadline;
    if (const auto tls = service->tls; tls && peer.tcp) {
        const bool agreed = co_await secure(*tls, stream, deadline, peer);
        if (!agreed) co_return;
    }
    for (;;) {
        auto received = co_await receive(stream, reader, deadline);
        if (received.fault) co_return co_await refuse(stream, *received.fault);
        if (!received.request) co_return;
        place->idle = false;
        const bool go_on = co_await serve_request(*service, *place, reader, *received.request, peer);
        if (!go_on) co_return;
        if (service->stopping) co_return;
        place->idle = true;
        deadline = Clock::now() + bounds::keep_alive;
    }
}

}  // namespace vmcbridge::io::http
