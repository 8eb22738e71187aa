#include "src/control/address.hpp"
#include "src/control/guest_files.hpp"
#include "src/control/options.hpp"
#include "src/control/ticket_file.hpp"
#include "src/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

// The file, then what the command line says and the domains that it names, then the defaults of what nobody named, then
// what must hold between them.

namespace vmcbridge::control {
namespace {

/// Reads the file that `command` names; an empty one where it names none and the default one does not exist.
Result<ConfigFile, ConfigFaults> read_file_of(const ServeCommand& command) {
    if (!command.config.empty()) return read_config(command.config);
    const std::string path{default_config_file};
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return ConfigFile{};
    return read_config(path);
}

std::string unknown_vm(const std::string& name) {
    return "no VM is named \"" + name + "\"; add --vm " + name + "=GUEST";
}

/// What the file says in these places does not count any more, so no fault is there either.
ConfigFaults merge(const ServeCommand& command, ConfigFile& file) {
    auto& config = file.config;
    for (const auto& [name, guest] : command.vms) {
        auto& vm = config.vms.try_emplace(name, file.every_vm).first->second;
        vm.name = name;
        set_guest(vm, guest);
        file.lines.erase({"vm " + name, "guest"});
    }
    for (const auto& [name, port] : command.ports) {
        auto& vm = config.vms.try_emplace(name, file.every_vm).first->second;
        vm.name = name;
        std::erase_if(vm.ports, [&](const Port& each) { return each.name == port.name; });
        vm.ports.push_back(port);
        file.lines.erase({"vm " + name, "port." + port.name});
    }
    auto [faults, notes] = add_domains(command.domains, file);
    for (const auto& [name, port] : command.ports) {
        const auto vm = config.vms.find(name);
        const bool is_bare =
            vm == config.vms.end() || (!vm->second.guest && !vm->second.display && vm->second.domain.empty());
        const bool is_there =
            !is_bare || file.lines.contains({"vm " + name, {}});  // else another fault says what lacks
        if (is_there) continue;
        faults.push_back({"command line", 0, {}, "--port", unknown_vm(name)});
        config.vms.erase(name);
    }
    for (const auto& note : notes) log::warning("domain-note", {{"note", to_text(note)}});
    for (const auto& [name, display] : command.displays) {
        const auto vm = config.vms.find(name);
        if (vm != config.vms.end())
            vm->second.display = display;
        else
            faults.push_back({"command line", 0, {}, "--display", unknown_vm(name)});
    }
    if (!command.libvirt_uris.empty()) config.sources.libvirt_uris = command.libvirt_uris;
    auto& server = config.server;
    if (!command.listen.empty()) {
        server.listen = command.listen;
        file.lines.erase({"server", "listen"});
    }
    if (server.listen.empty()) server.listen = {Address{"127.0.0.1", default_port, {}}};
    if (!command.spice_listen.empty()) {
        server.spice_listen = command.spice_listen;
        file.lines.erase({"server", "spice-listen"});
    }
    if (command.admin) server.admin = command.admin;
    if (!server.admin) server.admin = default_admin(std::string{default_admin_folder});
    if (command.web_root) server.web_root = *command.web_root;
    if (command.threads) server.threads = *command.threads;
    return faults;
}

}  // namespace

std::optional<Address> default_admin(const std::string& folder) {
    if (access(folder.c_str(), W_OK | X_OK) != 0) return std::nullopt;
    return Address{{}, 0, folder + "/admin.sock"};
}

Result<ConfigFile, ConfigFaults> load_config(const ServeCommand& command) {
    auto file = read_file_of(command);
    if (!file) return std::move(file).error();
    auto faults = merge(command, *file);
    std::ranges::move(conflicts(file->config, *file), std::back_inserter(faults));
    std::ranges::move(read_tickets(file->config, *file), std::back_inserter(faults));
    auto [wrong, unread] = check_guest_files(file->config, *file);
    std::ranges::move(wrong, std::back_inserter(faults));
    for (const auto& fault : unread) log::warning("guest-file", {{"reason", to_text(fault)}});
    if (!faults.empty()) return faults;
    return file;
}

Findings findings_of(const CheckConfigCommand& command, TlsCheck check_tls) {
    auto file = command.file.empty() ? ConfigFile{} : read_config(command.file);
    if (!file) return {std::move(file).error(), {}};
    auto findings = add_domains(command.domains, *file);
    std::ranges::move(faults_of(*file, check_tls), std::back_inserter(findings.faults));
    std::ranges::move(notes_of(*file), std::back_inserter(findings.notes));
    return findings;
}

}  // namespace vmcbridge::control
