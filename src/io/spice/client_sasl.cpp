// <- size u32, mechanisms;  size u32, our choice, data ->;  <- data, complete u8;  data -> ... ; <- verdict u32
#include "src/io/spice/client_sasl.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/spice/sasl_frames.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::io::spice {
namespace {

constexpr std::string_view refusal = "the server refuses the user or the password";

struct Answer {
    std::optional<std::string> data;
    bool complete = false;
};

/// Servers say no by hanging up, for the most part.
std::string gone(const Exchange& exchange) {
    return Clock::now() < exchange.deadline() ? std::string{refusal} : "the server falls silent amid SASL";
}

Task<Said<std::string>> read_mechanisms(Exchange& exchange) {
    const auto size = co_await exchange.read_u32();
    if (!size) co_return nothing<std::string>("the server does not say which SASL mechanisms it has");
    if (*size > sasl_limits::mechanism_list)
        co_return nothing<std::string>("the server's list of SASL mechanisms is too long");
    const auto names = co_await exchange.read(*size);
    if (!names) co_return nothing<std::string>("the server does not say which SASL mechanisms it has");
    co_return Said<std::string>{boost::system::in_place_value, as_text(*names)};
}

/// Or "no", which is 1 and a sentence, in the place of data.
Task<Said<Answer>> read_answer(Exchange& exchange) {
    auto data = co_await read_data(exchange);
    if (!data) co_return nothing<Answer>(data.error().empty() ? gone(exchange) : "SASL: " + data.error());
    if (*data && !(*data)->ends_with('\0'))
        co_return nothing<Answer>((*data)->size() == 1 ? std::string{refusal}
                                                       : "a SASL message of the server has no end");
    if (*data) (*data)->pop_back();
    const auto complete = co_await exchange.read(1);
    if (!complete) co_return nothing<Answer>(gone(exchange));
    co_return Answer{.data = std::move(*data), .complete = complete->front() != std::byte{0}};
}

Task<std::string> converse(Exchange& exchange, SaslClient& client) {
    for (;;) {
        auto answer = co_await read_answer(exchange);
        if (!answer) co_return answer.error();
        const auto ours = client.step(answer->data);
        if (!ours) co_return ours.error();
        if (answer->complete)
            co_return client.is_complete() ? std::string{} : "the server lets in without having proved itself";
        std::vector<std::byte> out;
        put_data(out, *ours);
        const bool sent = co_await exchange.send(out);
        if (!sent) co_return gone(exchange);
    }
}

}  // namespace

Task<std::string> log_in_by_sasl(Exchange& exchange, SaslClient client) {
    const auto mechanisms = co_await read_mechanisms(exchange);
    if (!mechanisms) co_return mechanisms.error();
    const auto first = client.start(*mechanisms);
    if (!first) co_return first.error();
    std::vector<std::byte> out;
    Writer writer{out};
    writer.u32(static_cast<std::uint32_t>(first->mechanism.size()));
    writer.bytes(as_bytes(first->mechanism));
    put_data(out, first->data);
    const bool sent = co_await exchange.send(out);
    if (!sent) co_return gone(exchange);
    auto refused = co_await converse(exchange, client);
    if (!refused.empty()) co_return refused;
    const auto verdict = co_await exchange.read_u32();
    if (!verdict) co_return gone(exchange);
    co_return *verdict == 0 ? std::string{} : std::string{refusal};
}

}  // namespace vmcbridge::io::spice
