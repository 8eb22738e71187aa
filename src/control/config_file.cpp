#include "src/control/config_file.hpp"

#include "src/control/address.hpp"
#include "src/control/glib.hpp"
#include "src/control/guest_files.hpp"
#include "src/control/key_file.hpp"
#include "src/control/keys.hpp"
#include "src/control/ticket_file.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <tuple>

// 1. key_file: text -> groups and entries with their lines
// 2. the values of [server], [auth], [policy], [limits]; the latter two into what every VM starts from
// 3. each [vm NAME]: a copy of that, then its own values
// 4. what no row of the table took: faults that name what was meant
// Faults are collected throughout and come in the order of their lines.

namespace vmcbridge::control {
namespace {

constexpr std::size_t file_max = 1024 * 1024;
constexpr std::array<std::string_view, 7> group_kinds{"server",  "auth",     "policy", "limits",
                                                      "libvirt", "discover", "vm"};

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

/// "vm web1" -> "web1".
std::optional<std::string_view> vm_of(std::string_view group) {
    constexpr std::string_view prefix = "vm";
    if (!group.starts_with(prefix)) return std::nullopt;
    const auto rest = group.substr(prefix.size());
    if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return std::nullopt;
    return trimmed(rest);
}

/// The part of the table that speaks for `group`; empty: none does.
std::string_view kind_of(std::string_view group) {
    if (vm_of(group)) return "vm";
    return std::ranges::find(group_kinds, group) == group_kinds.end() ? std::string_view{} : group;
}

std::string about_unknown_group(std::string_view group) {
    if (is_later_group(group)) return "not supported by this version; leave the group out";
    const auto first_word = group.substr(0, group.find(' '));
    const auto meant = nearest(first_word, group_kinds);
    return "unknown group; did you mean [" + std::string{meant} + (meant == "vm" ? " NAME]?" : "]?");
}

std::string about_unknown_key(std::string_view kind, std::string_view name) {
    if (is_later_key(kind, name)) return "not supported by this version; leave the key out";
    std::vector<std::string_view> names;
    for (const auto& key : keys()) {
        if (belongs_to(key, kind))
            names.push_back(key.name);
        else if (key.name == name)
            return "the key belongs to [" + std::string{key.group} + (key.group == "vm" ? " NAME]" : "]");
    }
    return "unknown key; did you mean " + std::string{nearest(name, names)} + "?";
}

class Reading {
public:
    Reading(KeyFileContents contents, std::string path) : contents_{std::move(contents)} {
        file_.path = std::move(path);
        for (auto& each : contents_.faults)
            faults_.push_back(
                {file_.path, each.line, std::move(each.group), std::move(each.key), std::move(each.text)});
        for (const auto& [place, value] : contents_.values) file_.lines[place] = value.line;
    }

    Result<ConfigFile, ConfigFaults> finish() && {
        auto& every_vm = file_.every_vm;
        for (const auto group : group_kinds)
            if (group != "vm") read_group(group, group, every_vm);
        for (const auto& group : contents_.groups) {
            if (const auto name = vm_of(group.name))
                read_vm(*name, group, every_vm);
            else if (kind_of(group.name).empty())
                fault(group.line, group.name, {}, about_unknown_group(group.name));
        }
        for (const auto& [place, value] : contents_.values) reject_unknown(place.first, place.second, value.line);
        if (faults_.empty()) return std::move(file_);
        std::ranges::sort(faults_, {}, [](const ConfigFault& fault) { return std::tie(fault.line, fault.text); });
        return std::move(faults_);
    }

private:
    /// Applies the values of one group in the order of the table.
    void read_group(std::string_view group, std::string_view kind, VmConfig& vm) {
        for (const auto& key : keys()) {
            if (!belongs_to(key, kind)) continue;
            for (auto each = contents_.values.lower_bound({std::string{group}, {}});
                 each != contents_.values.end() && each->first.first == group; ++each) {
                const auto& name = each->first.second;
                const auto& [text, line] = each->second;
                if (!is_named(key, name)) continue;
                if (auto problem = key.apply({file_.config.server, vm, file_.config.sources, name}, text))
                    fault(line, group, name, std::move(problem->text) + hint(text));
            }
        }
    }

    void read_vm(std::string_view name, const KeyFileGroup& group, const VmConfig& every_vm) {
        const auto before = faults_.size();
        auto vm = every_vm;
        auto valid = parse_vm_name(name);
        if (!valid)
            fault(group.line, group.name, {}, std::move(valid.error().text));
        else
            vm.name = *valid;
        read_group(group.name, "vm", vm);
        if (faults_.size() > before) return;
        file_.lines[{"vm " + vm.name, {}}] = group.line;
        if (!file_.config.vms.emplace(vm.name, std::move(vm)).second)
            fault(group.line, group.name, {}, "a VM of this name stands above");  // [vm a] and [vm  a]
    }

    void reject_unknown(std::string_view group, std::string_view name, std::size_t line) {
        const auto kind = kind_of(group);
        if (kind.empty()) return;  // the group was named already
        const auto known =
            std::ranges::any_of(keys(), [&](const Key& key) { return is_named(key, name) && belongs_to(key, kind); });
        if (!known) fault(line, group, name, about_unknown_key(kind, name));
    }

    static std::string hint(std::string_view value) {
        return value.find(" #") == std::string_view::npos ? "" : " (a comment needs a line of its own)";
    }

    void fault(std::size_t line, std::string_view group, std::string_view key, std::string text) {
        faults_.push_back({file_.path, line, std::string{group}, std::string{key}, std::move(text)});
    }

    KeyFileContents contents_;
    ConfigFile file_;
    ConfigFaults faults_;
};

/// What only one port can hold: a socket, a terminal, a descriptor. nullopt: it can be shared.
std::optional<std::string> exclusive_resource(const Guest& guest) {
    const bool any_port = guest.kind == Guest::Kind::tcp_listen && guest.address.port == 0;
    if (any_port) return std::nullopt;
    return guest.address.is_unix() ? guest.address.path : guest.text;  // QEMU listens there, or we do: it is one socket
}

class Conflicts {
public:
    Conflicts(const Config& config, const ConfigFile& origin) : config_{config}, origin_{origin} {}

    ConfigFaults find() && {
        const auto& server = config_.server;
        add(server.listen, "server", "listen");
        if (server.admin) add({*server.admin}, "server", "admin");
        add(server.spice_listen, "server", "spice-listen");
        for (const auto& [name, vm] : config_.vms) add(vm.spice_listen, "vm " + name, "spice-listen");
        for (const auto& listener : listeners_) check_reach(listener);
        check_twice();
        check_guests();
        check_guest_agents();
        check_tls(server.tls);
        check_spice();
        return std::move(faults_);
    }

private:
    struct Place {
        Address address;
        std::string group;
        std::string key;
    };

    void add(const std::vector<Address>& addresses, const std::string& group, const std::string& key) {
        for (const auto& address : addresses) listeners_.push_back({address, group, key});
    }

    void check_reach(const Place& listener) {
        if (config_.server.auth != AuthMode::none || is_local(listener.address)) return;
        fault(listener.group, listener.key,
              quoted(to_text(listener.address)) +
                  " is reachable from other machines, and this version can't ask who connects; listen on 127.0.0.1, "
                  "[::1] or a unix socket, behind a proxy that does");
    }

    void check_twice() {
        for (auto each = listeners_.begin(); each != listeners_.end(); ++each) {
            const auto& address = each->address;
            const bool any_port = !address.is_unix() && address.port == 0;
            const auto first = std::ranges::find(listeners_.begin(), each, address, &Place::address);
            if (any_port || first == each) continue;
            // Of the admin socket and another listener it is the latter that is named.
            const auto& named = each->key == "admin" ? *first : *each;
            fault(named.group, named.key, quoted(to_text(address)) + " stands twice");
        }
    }

    void check_guests() {
        std::map<std::string, std::string> holders;
        for (const auto& [name, vm] : config_.vms) {
            if (!vm.guest && !vm.display && vm.domain.empty() && !config_.sources.any())
                fault("vm " + name, {}, "has neither a guest nor a display");
            check_domain(holders, name, vm.domain);
            if (vm.guest) check_holder(holders, *vm.guest, name, "guest");
            for (const auto& port : vm.ports)
                if (port.channel) check_holder(holders, *port.channel, name, "port." + port.name);
        }
    }

    void check_domain(std::map<std::string, std::string>& holders, const std::string& vm, const std::string& domain) {
        if (domain.empty()) return;
        const auto text = quoted("libvirt:" + domain);
        if (config_.sources.libvirt_uris.empty())
            return fault("vm " + vm, "guest", text + " needs a daemon of libvirt; name its uri in [libvirt]");
        const auto [holder, is_new] = holders.emplace("libvirt:" + domain, "the guest of " + vm);
        if (!is_new) fault("vm " + vm, "guest", text + " is " + holder->second + " too");
    }

    /// `holders`: resource -> whose it is.
    void check_holder(std::map<std::string, std::string>& holders, const Guest& guest, const std::string& vm,
                      const std::string& key) {
        const auto resource = exclusive_resource(guest);
        if (!resource) return;
        const auto [holder, is_new] = holders.emplace(*resource, "the " + key + " of " + vm);
        if (!is_new) fault("vm " + vm, key, quoted(guest.text) + " is " + holder->second + " too");
    }

    /// One port can't be both relayed and held by the bridge.
    void check_guest_agents() {
        const auto clashes = [](const VmConfig& vm) {
            return vm.policy.guest_agent != policy::GuestAgentRule::off &&
                   std::ranges::find(vm.policy.ports.names, policy::guest_agent_port) != vm.policy.ports.names.end();
        };
        const bool everywhere = clashes(origin_.every_vm);
        if (everywhere) fault_of_guest_agent("policy");
        for (const auto& [name, vm] : config_.vms) {
            const auto group = "vm " + name;
            const bool has_own =
                origin_.lines.contains({group, "ports"}) || origin_.lines.contains({group, "guest-agent"});
            if (clashes(vm) && (has_own || !everywhere)) fault_of_guest_agent(group);
        }
    }

    void fault_of_guest_agent(const std::string& group) {
        const auto* const key = origin_.lines.contains({group, "ports"}) ? "ports" : "guest-agent";
        fault(group, key,
              quoted(policy::guest_agent_port) +
                  " can't be relayed where the bridge itself speaks with the guest agent; take it out of ports, or "
                  "write guest-agent = off");
    }

    void check_tls(const TlsFiles& tls) {
        if (tls.certificate.empty() == tls.key.empty()) return;
        const auto* there = tls.key.empty() ? "tls-certificate" : "tls-key";
        const auto* missing = tls.key.empty() ? "tls-key" : "tls-certificate";
        fault("server", there, "needs " + std::string{missing} + " beside it");
    }

    void check_spice() {
        const auto& server = config_.server;
        if (server.spice_tls == SpiceTls::required && !server.tls.is_set())
            fault("server", "spice-tls", "required needs a certificate; name tls-certificate and tls-key");
        const auto shared =
            std::ranges::count_if(config_.vms, [](const auto& each) { return each.second.spice_listen.empty(); });
        if (server.spice_sasl && !server.spice_listen.empty() && shared > 1)
            fault("server", "spice-sasl",
                  "whoever logs in through SASL at a spice-listen of several machines does not say which one is meant; "
                  "give each [vm NAME] its own spice-listen");
    }

    void fault(const std::string& group, const std::string& key, std::string text) {
        faults_.push_back(fault_at(origin_, group, key, std::move(text)));
    }

    const Config& config_;
    const ConfigFile& origin_;
    std::vector<Place> listeners_;
    ConfigFaults faults_;
};

}  // namespace

std::string to_text(const ConfigFault& fault) {
    std::string text = fault.file;
    if (fault.line != 0) text += ":" + std::to_string(fault.line);
    text += ": ";
    if (!fault.group.empty()) text += "[" + fault.group + "]" + (fault.key.empty() ? ": " : " ");
    if (!fault.key.empty()) text += fault.key + ": ";
    return text + fault.text;
}

ConfigFault fault_at(const ConfigFile& origin, const std::string& group, const std::string& key, std::string text) {
    const auto line = origin.lines.find({group, key});
    const bool in_file = line != origin.lines.end();
    return {in_file ? origin.path : "command line", in_file ? line->second : 0, group, key, std::move(text)};
}

Result<ConfigFile, ConfigFaults> parse_config(std::string_view text, const std::string& path) {
    if (text.size() > file_max) return ConfigFaults{{path, 0, {}, {}, "larger than 1 MiB; is it the right file?"}};
    return Reading{read_key_file(text), path}.finish();
}

Result<ConfigFile, ConfigFaults> read_config(const std::string& path) {
    char* data = nullptr;
    gsize size = 0;
    ErrorOut error;
    if (!g_file_get_contents(path.c_str(), &data, &size, error))
        return ConfigFaults{{path, 0, {}, {}, "can't be read: " + error.message()}};
    const GText owned{data};
    return parse_config({data, size}, path);
}

ConfigFaults conflicts(const Config& config, const ConfigFile& origin) { return Conflicts{config, origin}.find(); }

ConfigFaults notes_of(const ConfigFile& file) {
    ConfigFaults notes;
    for (const auto& [name, vm] : file.config.vms)
        if (vm.display && vm.guest && is_spice(vm.guest->kind))
            notes.push_back(fault_at(file, "vm " + name, "display",
                                     "pages show this one; SPICE viewers get the picture of the guest's SPICE server"));
    return notes;
}

ConfigFaults faults_of(ConfigFile& file, TlsCheck check_tls) {
    auto faults = conflicts(file.config, file);
    std::ranges::move(read_tickets(file.config, file), std::back_inserter(faults));
    auto [wrong, unread] = check_guest_files(file.config, file);
    std::ranges::move(wrong, std::back_inserter(faults));
    std::ranges::move(unread, std::back_inserter(faults));
    const auto& tls = file.config.server.tls;
    if (tls.certificate.empty() || tls.key.empty()) return faults;
    if (auto text = check_tls(tls); !text.empty())
        faults.push_back(fault_at(file, "server", "tls-certificate", std::move(text)));
    return faults;
}

}  // namespace vmcbridge::control
