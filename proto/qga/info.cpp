#include "proto/qga/info.hpp"

#include "proto/limits.hpp"
#include "proto/qga/plain_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace vmcbridge::qga {
namespace {

namespace json = boost::json;

/// What JavaScript, and so our own clients, hold exactly.
constexpr double exact = 9007199254740992.0;

const json::value* member(const json::object& object, std::string_view name) { return object.if_contains(name); }

std::string text(const json::object& object, std::string_view name, std::size_t limit = limits::qga_text) {
    const auto* const value = member(object, name);
    const auto* const found = value == nullptr ? nullptr : value->if_string();
    return found == nullptr ? std::string{} : plain_text({found->data(), found->size()}, limit);
}

std::optional<double> number(const json::object& object, std::string_view name) {
    const auto* const value = member(object, name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const auto found = value->to_number<double>();
    return std::abs(found) <= exact ? std::optional{std::floor(found)} : std::nullopt;
}

std::optional<std::uint64_t> count(const json::object& object, std::string_view name) {
    const auto found = number(object, name);
    return found && *found >= 0 ? std::optional{static_cast<std::uint64_t>(*found)} : std::nullopt;
}

/// Calls `take` with each object of a list, until `out` is full. false: it is no list.
template <class Entry>
bool each_object(const json::value* list, std::vector<Entry>& out, auto take) {
    const auto* const array = list == nullptr ? nullptr : list->if_array();
    if (array == nullptr) return false;
    for (const auto& value : *array) {
        if (out.size() >= limits::qga_entries) break;
        if (const auto* const object = value.if_object()) take(*object);
    }
    return true;
}

void decode_host_name(const json::value& answer, GuestInfo& info) {
    const auto* const object = answer.if_object();
    const auto* const name = object == nullptr ? nullptr : member(*object, "host-name");
    if (name != nullptr && name->is_string()) info.hostname = text(*object, "host-name");
}

void decode_system(const json::value& answer, GuestInfo& info) {
    const auto* const object = answer.if_object();
    if (object == nullptr) return;
    info.system = System{.id = text(*object, "id"),
                         .name = text(*object, "name"),
                         .version = text(*object, "version"),
                         .kernel = text(*object, "kernel-release"),
                         .machine = text(*object, "machine")};
}

void decode_interfaces(const json::value& answer, GuestInfo& info) {
    std::vector<Address> addresses;
    const auto interface = [&](const json::object& card) {
        each_object(member(card, "ip-addresses"), addresses, [&](const json::object& each) {
            addresses.push_back({.interface = text(card, "name"),
                                 .mac = text(card, "hardware-address"),
                                 .address = text(each, "ip-address"),
                                 .prefix = count(each, "prefix").value_or(0)});
        });
    };
    if (each_object(&answer, addresses, interface)) info.addresses = std::move(addresses);
}

void decode_users(const json::value& answer, GuestInfo& info) {
    std::vector<User> users;
    const auto user = [&](const json::object& each) {
        const auto since = number(each, "login-time").value_or(0);
        users.push_back({.name = text(each, "user"), .since = static_cast<std::int64_t>(since)});
    };
    if (each_object(&answer, users, user)) info.users = std::move(users);
}

void decode_file_systems(const json::value& answer, GuestInfo& info) {
    std::vector<FileSystem> file_systems;
    const auto file_system = [&](const json::object& each) {
        file_systems.push_back({.mountpoint = text(each, "mountpoint", limits::qga_path),
                                .type = text(each, "type"),
                                .total = count(each, "total-bytes"),
                                .used = count(each, "used-bytes")});
    };
    if (each_object(&answer, file_systems, file_system)) info.file_systems = std::move(file_systems);
}

constexpr std::array table{
    Part{{"guest-get-host-name", {}}, decode_host_name},           Part{{"guest-get-osinfo", {}}, decode_system},
    Part{{"guest-network-get-interfaces", {}}, decode_interfaces}, Part{{"guest-get-users", {}}, decode_users},
    Part{{"guest-get-fsinfo", {}}, decode_file_systems},
};

bool is_enabled(const json::array& commands, std::string_view name) {
    return std::ranges::any_of(commands, [&](const json::value& each) {
        const auto* const object = each.if_object();
        if (object == nullptr || text(*object, "name") != name) return false;
        const auto* const enabled = member(*object, "enabled");
        return enabled != nullptr && enabled->is_bool() && enabled->get_bool();
    });
}

}  // namespace

std::span<const Part> parts() noexcept { return table; }

std::optional<std::vector<const Part*>> decode_support(const json::value& answer, GuestInfo& info) {
    const auto* const object = answer.if_object();
    const auto* const list = object == nullptr ? nullptr : member(*object, "supported_commands");
    const auto* const commands = list == nullptr ? nullptr : list->if_array();
    if (commands == nullptr) return std::nullopt;
    info.version = text(*object, "version");
    std::vector<const Part*> supported;
    for (const auto& part : table)
        if (is_enabled(*commands, part.command.name)) supported.push_back(&part);
    return supported;
}

}  // namespace vmcbridge::qga
