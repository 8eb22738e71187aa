#include "src/io/http/api.hpp"

#include "src/io/door.hpp"
#include "src/io/http/trace_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace vmcbridge::io::http {
namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::string{text};
}

json::object agent_of(const bridge::VmStatus& status) {
    json::array capabilities;
    for (const auto name : agent::names(status.capabilities)) capabilities.emplace_back(name);
    return {{"connected", status.agent_connected},
            {"capabilities", std::move(capabilities)},
            {"guess", text_or_null(status.agent_guess)}};
}

json::array clients_of(const bridge::VmStatus& status) {
    json::array clients;
    for (const auto& client : status.clients) {
        clients.push_back({{"id", client.id.raw()},
                           {"kind", bridge::name(client.kind)},
                           {"user", client.user},
                           {"lead", client.lead}});
    }
    return clients;
}

json::object counters_of(const bridge::VmStatus::Counters& counters) {
    return {{"guestBytesIn", counters.guest_bytes_in},
            {"guestBytesOut", counters.guest_bytes_out},
            {"guestMessagesIgnored", counters.guest_messages_ignored},
            {"guestConnectionsDropped", counters.guest_connections_dropped},
            {"framesRefused", counters.frames_refused},
            {"clipboardAnswers", counters.clipboard_answers},
            {"clipboardErrors", counters.clipboard_errors},
            {"clipboardStale", counters.clipboard_stale},
            {"filesDone", counters.files_done},
            {"filesFailed", counters.files_failed}};
}

json::value display_of(const VmView& view) {
    if (view.display.empty()) return nullptr;
    return json::object{{"address", view.display}, {"kind", "vnc"}, {"clients", view.display_clients}};
}

json::value guest_of(const VmView& view) {
    if (view.guest.empty()) return nullptr;
    return json::object{{"address", view.guest}, {"connected", view.guest_connected}};
}

json::object machine(const VmView& view) {
    return {{"name", view.name},
            {"uuid", nullptr},
            {"guest", guest_of(view)},
            {"agent", agent_of(view.status)},
            {"clients", clients_of(view.status)},
            {"display", display_of(view)},
            {"ports", json::array{}},
            {"counters", counters_of(view.status.counters)}};
}

Response as_json(std::string body) {
    Response response;
    response.type = "application/json";
    response.body = std::move(body);
    return response;
}

Response only_get() {
    auto response = problem(405, "this can only be read");
    response.fields.emplace_back("Allow", "GET, HEAD");
    return response;
}

Task<Response> answer_all(const VmRegistry& vms) {
    json::array machines;
    for (const auto& vm : vms.all()) {
        const auto view = co_await vm->view();
        machines.push_back(machine(view));
    }
    co_return as_json(json::serialize(json::object{{"vms", std::move(machines)}}));
}

/// The machine of this name, as it stands in the path.
std::shared_ptr<Vm> find(const VmRegistry& vms, std::string_view name) {
    const auto decoded = percent_decoded(name);
    return decoded ? vms.find(*decoded) : nullptr;
}

/// What follows "vms/" in the path: VM, or VM/trace.
Task<Response> answer_one(const VmRegistry& vms, std::string_view path, const Request& request) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto vm = find(vms, path.substr(0, slash));
    if (!vm) co_return problem(404, "there is no machine of this name", browser::Code::unknown_vm);
    if (slash == path.size()) {
        const auto view = co_await vm->view();
        co_return as_json(to_json(view));
    }
    const auto client = parse_client(query_member(request.query, "client"));
    if (!client) co_return problem(400, "client: this is no number of a client");
    const auto trace = co_await vm->trace();
    co_return as_json(to_json(trace, *client));
}

/// "vms/VM", "vms/VM/trace".
bool is_of_one(std::string_view path) {
    constexpr std::string_view one = "vms/";
    if (!path.starts_with(one)) return false;
    const auto rest = path.substr(one.size());
    const auto slash = rest.find('/');
    return slash == std::string_view::npos || rest.substr(slash) == "/trace";
}

}  // namespace

std::string to_json(const VmView& view) { return json::serialize(machine(view)); }

Task<Response> answer_api(const VmRegistry& vms, const Request& request, policy::PermissionSet permissions) {
    constexpr std::string_view list = "vms";
    const auto path = std::string_view{request.path}.substr(api_prefix.size());
    const bool is_one = is_of_one(path);
    if (path != list && !is_one) co_return problem(404, "the interface has nothing at this path");
    if (request.method != "GET" && request.method != "HEAD") co_return only_get();
    if (!is_one) co_return co_await answer_all(vms);
    if (!permissions.has(policy::Permission::observe))
        co_return problem(403, "your token does not allow to observe this machine", browser::Code::forbidden);
    co_return co_await answer_one(vms, path.substr(std::string_view{"vms/"}.size()), request);
}

}  // namespace vmcbridge::io::http
