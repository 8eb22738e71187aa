#include "src/io/http/api_guest.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace vmcbridge::io::http {
namespace {

namespace json = boost::json;
using browser::Code;

json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::string{text};
}

json::value number_or_null(std::optional<std::uint64_t> number) {
    if (!number) return nullptr;
    return *number;
}

json::object json_of(const qga::System& system) {
    return {{"id", system.id},
            {"name", system.name},
            {"version", system.version},
            {"kernel", system.kernel},
            {"machine", system.machine}};
}

json::object json_of(const qga::Address& address) {
    return {{"interface", address.interface},
            {"mac", text_or_null(address.mac)},
            {"address", address.address},
            {"prefix", address.prefix}};
}

json::object json_of(const qga::User& user) { return {{"name", user.name}, {"since", user.since}}; }

json::object json_of(const qga::FileSystem& each) {
    return {{"mountpoint", each.mountpoint},
            {"type", each.type},
            {"total", number_or_null(each.total)},
            {"used", number_or_null(each.used)}};
}

template <class Entry>
void put_list(json::object& out, std::string_view name, const std::optional<std::vector<Entry>>& list) {
    if (!list) return;
    json::array array;
    for (const auto& each : *list) array.push_back(json_of(each));
    out[name] = std::move(array);
}

json::object json_of(const qga::GuestInfo& info, bool may_power) {
    json::object out{{"version", info.version}};
    if (info.hostname) out["hostname"] = *info.hostname;
    if (info.system) out["os"] = json_of(*info.system);
    put_list(out, "addresses", info.addresses);
    put_list(out, "users", info.users);
    put_list(out, "filesystems", info.file_systems);
    out["power"] = may_power;
    return out;
}

unsigned status_of(Code code) noexcept {
    switch (code) {
        case Code::disabled: return 403;
        case Code::guest_error: return 502;
        case Code::timeout: return 504;
        default: return 503;
    }
}

Response to_problem(const qga::Failure& failure) {
    const auto status = status_of(failure.code);
    if (!failure.is_agents_own()) return problem(status, failure.detail, failure.code);
    return problem(status, failure.detail, failure.code, {{"class", failure.error.kind}, {"text", failure.error.text}});
}

}  // namespace

std::optional<GuestPart> parse_guest_part(std::string_view part) {
    constexpr std::string_view guest = "guest";
    constexpr std::string_view action = "guest/";
    if (part == guest) return GuestPart{};
    if (!part.starts_with(action)) return std::nullopt;
    const auto power = qga::find_power(part.substr(action.size()));
    return power ? std::optional{GuestPart{.power = power}} : std::nullopt;
}

Response to_response(GuestPart part, const GuestAnswer& answer) {
    if (!answer) return to_problem(answer.error());
    const auto body =
        part.power ? json::object{{"asked", qga::name(*part.power)}} : json_of(*answer->info, answer->may_power);
    Response response;
    response.status = part.power ? 202 : 200;
    response.type = "application/json";
    response.body = json::serialize(body);
    return response;
}

}  // namespace vmcbridge::io::http
