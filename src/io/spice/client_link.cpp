// connect -> TLS -> link -> ticket, or SASL -> result.
#include "src/io/spice/client_link.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/address.hpp"
#include "src/io/spice/client_sasl.hpp"
#include "src/io/spice/exchange.hpp"
#include "src/io/spice/ticket_key.hpp"
#include "src/io/tls.hpp"

#include <fstream>
#include <string>

namespace vmcbridge::io::spice {

namespace proto = ::vmcbridge::spice;

namespace {

template <class T>
Result<T, std::string> failed(std::string reason) {
    return Result<T, std::string>{boost::system::in_place_error, std::move(reason)};
}

/// What we say of ourselves; the header is as `wanted` has it.
std::uint32_t our_common(proto::Capabilities wanted) noexcept {
    const auto header = wanted.common & proto::capability_word({SPICE_COMMON_CAP_MINI_HEADER});
    return header | proto::capability_word({SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, SPICE_COMMON_CAP_AUTH_SPICE,
                                            SPICE_COMMON_CAP_AUTH_SASL});
}

/// The first line of the file, or where none is named what a domain's XML said; empty: nobody asks for one.
Result<std::string, std::string> password_of(const Guest& guest) {
    using Password = Result<std::string, std::string>;
    if (guest.password_file.empty()) return Password{boost::system::in_place_value, guest.password};
    std::ifstream file{guest.password_file};
    std::string line;
    if (!file || !std::getline(file, line))
        return Password{boost::system::in_place_error,
                        "the password can't be read from \"" + guest.password_file + '"'};
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > (guest.user.empty() ? proto::password_size : sasl_limits::password))
        return Password{boost::system::in_place_error, "the password in \"" + guest.password_file + "\" is too long"};
    return Password{boost::system::in_place_value, std::move(line)};
}

/// Empty: done. Else why not.
Task<std::string> secure(Stream& stream, const Guest& guest, Clock::time_point deadline) {
    const auto client =
        TlsClient::open({.ca_file = guest.ca_file, .host = guest.address.host, .host_subject = guest.host_subject});
    if (!client) co_return client.error();
    auto tls = client->connect();
    if (!tls) co_return "no memory for TLS";
    stream.start_tls(std::move(tls));
    const auto agreed = co_await stream.handshake(deadline);
    co_return agreed ? std::string{} : agreed.error();
}

Task<Result<proto::LinkAnswer, std::string>> ask(Exchange& exchange, const proto::LinkRequest& request) {
    using Answer = Result<proto::LinkAnswer, std::string>;
    const auto bytes_out = proto::encode_link_request(request);
    const bool sent = co_await exchange.send(bytes_out);
    if (!sent) co_return Answer{boost::system::in_place_error, "the server does not take the link"};
    for (;;) {
        auto bytes = exchange.unread();
        auto answer = proto::take_link_reply(bytes);
        if (!answer)
            co_return Answer{boost::system::in_place_error,
                             "no SPICE server answers there: " + std::string{proto::name(answer.error())}};
        if (*answer) {
            exchange.took(exchange.unread().size() - bytes.size());
            co_return Answer{boost::system::in_place_value, **answer};
        }
        const bool more = co_await exchange.read_more();
        if (!more) co_return Answer{boost::system::in_place_error, "the server does not answer the link"};
    }
}

/// Which way to log in; a sentence: none. A user is never told by a ticket in place of SASL: who stands between could
/// ask for that, with a key of its own, and read the password.
Result<proto::AuthMechanism, std::string> choose(const proto::LinkAnswer& answer, const Guest& guest) {
    using Choice = Result<proto::AuthMechanism, std::string>;
    const auto none = [](const char* why) { return Choice{boost::system::in_place_error, why}; };
    const auto& offers = answer.capabilities;
    const bool selects = offers.has_common(SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION);
    const bool sasl = selects && offers.has_common(SPICE_COMMON_CAP_AUTH_SASL);
    if (!guest.user.empty())
        return sasl ? Choice{proto::AuthMechanism::sasl}
                    : none("a user is given, and the server has no SASL; take user= out of the guest's address");
    if (!selects || offers.has_common(SPICE_COMMON_CAP_AUTH_SPICE)) return proto::AuthMechanism::ticket;
    return none(
        sasl ? "the server asks for SASL; name a user in the guest's address, as in ?user=NAME&password-file=PATH"
             : "the server has no way to log in that the bridge knows");
}

/// Empty: sent. Else why not.
Task<std::string> send_ticket(Exchange& exchange, const proto::LinkAnswer& answer, const std::string& password) {
    const auto ticket = encrypt_ticket(answer.public_key, password);
    if (!ticket) co_return "the server's key is none";
    const bool sent = co_await exchange.send(*ticket);
    co_return sent ? "" : "the server does not take the password";
}

Task<std::string> send_choice(Exchange& exchange, proto::AuthMechanism choice) {
    std::vector<std::byte> bytes;
    Writer{bytes}.as(choice);
    const bool sent = co_await exchange.send(bytes);
    co_return sent ? "" : "the server does not take the way to log in";
}

Task<std::string> prove(Exchange& exchange, const proto::LinkAnswer& answer, const Guest& guest,
                        const std::string& password) {
    const auto choice = choose(answer, guest);
    if (!choice) co_return choice.error();
    if (answer.capabilities.has_common(SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION)) {
        auto fault = co_await send_choice(exchange, *choice);
        if (!fault.empty()) co_return fault;
    }
    if (*choice == proto::AuthMechanism::ticket) co_return co_await send_ticket(exchange, answer, password);
    SaslClient client{{.user = guest.user,
                       .password = password,
                       .host = guest.address.host,
                       .confidential = guest.kind != Guest::Kind::spice}};
    co_return co_await log_in_by_sasl(exchange, std::move(client));
}

constexpr auto wants_password =
    "the server wants a password; name its file in the guest's address, as in ?password-file=PATH";

/// Empty: let in. Else why not.
Task<std::string> log_in(Exchange& exchange, const proto::LinkAnswer& answer, const Guest& guest,
                         const std::string& password) {
    auto fault = co_await prove(exchange, answer, guest, password);
    if (!fault.empty()) co_return fault;
    const auto result = co_await exchange.read_u32();
    if (!result) co_return "the server does not answer the password";
    const auto error = static_cast<proto::LinkError>(*result);
    if (error == proto::LinkError::permission_denied)
        co_return password.empty() && guest.user.empty() ? wants_password : "the server refuses the password";
    co_return error == proto::LinkError::ok ? std::string{}
                                            : "the server refuses the link: " + std::string{proto::name(error)};
}

}  // namespace

Task<Result<AnsweredLink, std::string>> ask_as_client(net::io_context& context, const Guest& guest,
                                                      proto::LinkRequest request, Clock::time_point deadline) {
    using Outcome = Result<AnsweredLink, std::string>;
    auto fd = co_await connect_to(guest.address, deadline);
    if (!fd) co_return failed<AnsweredLink>(fd.error());
    auto stream = Stream::open(context, std::move(*fd));
    if (!stream) co_return failed<AnsweredLink>(stream.error().message());
    if (guest.kind == Guest::Kind::spice_tls) {
        auto fault = co_await secure(*stream, guest, deadline);
        if (!fault.empty()) co_return failed<AnsweredLink>(std::move(fault));
    }
    request.capabilities.common = our_common(request.capabilities);
    Exchange exchange{Wire{std::move(*stream)}, deadline};
    const auto answer = co_await ask(exchange, request);
    if (!answer) co_return failed<AnsweredLink>(answer.error());
    if (answer->error != proto::LinkError::ok)
        co_return failed<AnsweredLink>("the server refuses the link: " + std::string{proto::name(answer->error)});
    co_return Outcome{boost::system::in_place_value, AnsweredLink{.exchange = std::move(exchange), .answer = *answer}};
}

AnsweredLink::Parts AnsweredLink::release() {
    auto early = exchange.take_rest();
    return {.wire = exchange.wire().release(), .early = std::move(early), .answer = answer};
}

Result<AnsweredLink, error_code> AnsweredLink::open(net::io_context& context, Parts parts, Clock::time_point deadline) {
    auto wire = Wire::open(context, std::move(parts.wire));
    if (!wire) return wire.error();
    return AnsweredLink{.exchange = Exchange{std::move(*wire), deadline, as_bytes(parts.early)},
                        .answer = parts.answer};
}

Task<Result<ClientLink, std::string>> log_in_as_client(AnsweredLink link, const Guest& guest) {
    using Outcome = Result<ClientLink, std::string>;
    const auto password = password_of(guest);
    if (!password) co_return failed<ClientLink>(password.error());
    auto& exchange = link.exchange;
    auto refused = co_await log_in(exchange, link.answer, guest, *password);
    if (!refused.empty()) co_return failed<ClientLink>(std::move(refused));
    const bool mini = link.answer.capabilities.has_common(SPICE_COMMON_CAP_MINI_HEADER);
    auto early = exchange.take_rest();
    co_return Outcome{boost::system::in_place_value,
                      ClientLink{.stream = std::move(exchange.wire().stream()),
                                 .header = mini ? proto::HeaderKind::mini : proto::HeaderKind::full,
                                 .early = std::move(early)}};
}

Task<Result<ClientLink, std::string>> link_as_client(net::io_context& context, const Guest& guest,
                                                     Clock::time_point deadline) {
    const proto::LinkRequest main{
        .capabilities = {
            .common = proto::capability_word({SPICE_COMMON_CAP_MINI_HEADER}),
            .channel = proto::capability_word({SPICE_MAIN_CAP_NAME_AND_UUID, SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS})}};
    auto link = co_await ask_as_client(context, guest, main, deadline);
    if (!link) co_return failed<ClientLink>(link.error());
    co_return co_await log_in_as_client(std::move(*link), guest);
}

}  // namespace vmcbridge::io::spice
