#include "src/io/http/api.hpp"

#include "src/io/http/api_guest.hpp"
#include "src/io/http/api_tickets.hpp"
#include "src/io/http/trace_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>

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
    return json::object{{"address", view.display}, {"kind", view.display_kind}, {"clients", view.display_clients}};
}

/// Has a program in the guest opened the port?
json::value open_in_guest(const PortFacts& facts) {
    if (!facts.is_open_in_guest) return nullptr;
    return *facts.is_open_in_guest;
}

/// Where the port sits in the guest, in libvirt's words.
json::value device_of(const PortFacts& facts) {
    if (!facts.address) return nullptr;
    return json::object{{"type", "virtio-serial"},
                        {"controller", facts.address->controller},
                        {"bus", facts.address->bus},
                        {"port", facts.address->port}};
}

/// The bridge may be a client of it without an agent in the guest.
json::value server_of(const VmView& view) {
    if (!view.is_server_linked) return nullptr;
    return json::object{{"linked", *view.is_server_linked}};
}

json::value guest_of(const VmView& view) {
    if (view.guest.empty()) return nullptr;
    return json::object{{"address", view.guest},
                        {"connected", view.guest_connected},
                        {"problem", text_or_null(view.guest_problem)},
                        {"server", server_of(view)},
                        {"source", text_or_null(view.guest_facts.source)},
                        {"device", device_of(view.guest_facts)}};
}

json::array ports_of(const VmView& view) {
    json::array ports;
    for (const auto& [port, is_permitted, is_connected, clients] : view.ports) {
        ports.push_back({{"name", port.name},
                         {"address", text_or_null(port.channel ? port.channel->text : std::string{})},
                         {"problem", text_or_null(port.problem)},
                         {"needsLeave", port.needs_leave},
                         {"permitted", is_permitted},
                         {"connected", is_connected},
                         {"clients", clients},
                         {"source", text_or_null(port.facts.source)},
                         {"device", device_of(port.facts)},
                         {"openInGuest", open_in_guest(port.facts)}});
    }
    return ports;
}

json::object machine(const VmView& view) {
    json::object machine{{"name", view.name},
                         {"uuid", text_or_null(view.uuid)},
                         {"guest", guest_of(view)},
                         {"agent", agent_of(view.status)},
                         {"clients", clients_of(view.status)},
                         {"display", display_of(view)},
                         {"ports", ports_of(view)},
                         {"counters", counters_of(view.status.counters)}};
    if (view.guest_agent)
        machine["guest_agent"] = json::object{{"permission", policy::name(view.guest_agent->permission)},
                                              {"connected", view.guest_agent->is_connected}};
    return machine;
}

Response as_json(std::string body) {
    Response response;
    response.type = "application/json";
    response.body = std::move(body);
    return response;
}

Response only(std::string_view methods, std::string_view detail) {
    auto response = problem(405, detail);
    response.fields.emplace_back("Allow", methods);
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

Response unknown_vm() { return problem(404, "there is no machine of this name", browser::Code::unknown_vm); }

Response forbidden(std::string_view detail) { return problem(403, detail, browser::Code::forbidden); }

/// What follows "vms/" in the path: VM, VM/trace, VM/tickets, VM/console.vv, VM/guest, VM/guest/ACTION.
struct MachinePath {
    std::string_view vm;  ///< not decoded
    std::string_view part;
};

std::optional<MachinePath> parse_machine_path(std::string_view path) {
    constexpr std::string_view one = "vms/";
    if (!path.starts_with(one)) return std::nullopt;
    path.remove_prefix(one.size());
    const auto slash = std::min(path.find('/'), path.size());
    MachinePath out{.vm = path.substr(0, slash), .part = path.substr(std::min(slash + 1, path.size()))};
    const bool is_known = slash == path.size() || out.part == "trace" || out.part == "tickets" ||
                          out.part == "console.vv" || parse_guest_part(out.part);
    return is_known ? std::optional{out} : std::nullopt;
}

Task<Response> answer_machine(std::shared_ptr<Vm> vm, bool trace_wanted, const Request& request) {
    if (!trace_wanted) {
        const auto view = co_await vm->view();
        co_return as_json(to_json(view));
    }
    const auto client = parse_client(query_member(request.query, "client"));
    if (!client) co_return problem(400, "client: this is no number of a client");
    const auto trace = co_await vm->trace();
    co_return as_json(to_json(trace, *client));
}

/// "vms/VM/tickets" and "vms/VM/console.vv".
Response answer_spice(const ApiParts& parts, const MachinePath& path, const Request& request,
                      const Admission& admission) {
    const bool tickets = path.part == "tickets";
    if (request.method != (tickets ? "POST" : "GET"))
        return tickets ? only("POST", "tickets are made with POST") : only("GET", "this takes GET alone");
    if (is_from_elsewhere(request)) return forbidden("this can't be asked for from another site");
    if (!admission.permissions.has(policy::Permission::spice))
        return forbidden("your token does not allow SPICE clients");
    const auto vm = find(parts.vms, path.vm);
    if (!vm) return unknown_vm();
    const TicketAsk ask{.vm = vm->name(), .request = request, .admission = admission, .now = Clock::now()};
    return tickets ? make_ticket(parts.spice, ask) : make_console_file(parts.spice, ask);
}

/// "vms/VM/guest" and "vms/VM/guest/ACTION". A token that lets clients command the guest would have to name
/// port:org.qemu.guest_agent.0.
Task<Response> answer_guest(const ApiParts& parts, const MachinePath& path, GuestPart part, const Request& request,
                            const Admission& admission) {
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    if (part.power && request.method != "POST") co_return only("POST", "the machine is asked with POST");
    if (!part.power && !is_read) co_return only("GET, HEAD", "this can only be read");
    if (is_from_elsewhere(request)) co_return forbidden("this can't be asked for from another site");
    if (!admission.permissions.has(policy::Permission::observe))
        co_return forbidden("your token does not allow to observe this machine");
    const auto vm = find(parts.vms, path.vm);
    if (!vm) co_return unknown_vm();
    GuestAsk ask{.power = part.power, .peer = std::string{parts.peer}, .asker = parts.asker};
    const auto answer = co_await vm->ask_guest(std::move(ask));
    co_return to_response(part, answer);
}

}  // namespace

std::string to_json(const VmView& view) { return json::serialize(machine(view)); }

Task<Response> answer_api(ApiParts parts, const Request& request, const Admission& admission) {
    constexpr std::string_view list = "vms";
    const auto path = std::string_view{request.path}.substr(api_prefix.size());
    const auto one = parse_machine_path(path);
    if (path != list && !one) co_return problem(404, "the interface has nothing at this path");
    if (one && (one->part == "tickets" || one->part == "console.vv"))
        co_return answer_spice(parts, *one, request, admission);
    if (const auto guest = one ? parse_guest_part(one->part) : std::nullopt)
        co_return co_await answer_guest(parts, *one, *guest, request, admission);
    if (request.method != "GET" && request.method != "HEAD") co_return only("GET, HEAD", "this can only be read");
    if (!one) co_return co_await answer_all(parts.vms);
    if (!admission.permissions.has(policy::Permission::observe))
        co_return forbidden("your token does not allow to observe this machine");
    const auto vm = find(parts.vms, one->vm);
    if (!vm) co_return unknown_vm();
    co_return co_await answer_machine(vm, one->part == "trace", request);
}

}  // namespace vmcbridge::io::http
