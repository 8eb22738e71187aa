#include "src/io/http/trace_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <system_error>

namespace vmcbridge::io::http {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

json::object event_of(const bridge::TraceEvent& event, system_clock::time_point at) {
    json::value client;
    json::value code;
    if (event.step.client) client = event.step.client->raw();
    if (event.code) code = browser::name(*event.code);
    return {{"id", event.number},
            {"at", iso_time(at)},
            {"topic", bridge::name(event.step.topic)},
            {"hop", bridge::name(event.step.hop)},
            {"what", event.step.what},
            {"client", std::move(client)},
            {"outcome", event.code ? "stopped" : "passed"},
            {"code", std::move(code)},
            {"detail", event.detail}};
}

}  // namespace

std::string iso_time(system_clock::time_point time) {
    const auto seconds = system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    const auto rest = time - std::chrono::floor<std::chrono::seconds>(time);
    const auto thousandths = std::chrono::duration_cast<milliseconds>(rest).count();
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc);
    const auto digits = std::to_string(1000 + thousandths).substr(1);
    return std::string{text.data(), size} + digits + 'Z';
}

std::optional<ClientId> parse_client(std::string_view text) noexcept {
    std::uint64_t id = 0;
    if (text.empty()) return ClientId{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return ClientId{id};
}

std::string to_json(const VmTrace& trace, ClientId client) {
    // The hub's clock is monotonic, people's is not: the difference of now holds for the last minutes too.
    const auto shift = system_clock::now().time_since_epoch() - bridge::Time::clock::now().time_since_epoch();
    json::array events;
    for (const auto& event : trace.events) {
        if (client != ClientId{} && event.step.client && *event.step.client != client) continue;
        const auto since_epoch =
            std::chrono::duration_cast<system_clock::duration>(event.at.time_since_epoch() + shift);
        events.push_back(event_of(event, system_clock::time_point{since_epoch}));
    }
    return json::serialize(json::object{{"vm", trace.name}, {"events", std::move(events)}});
}

}  // namespace vmcbridge::io::http
