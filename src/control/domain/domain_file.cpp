#include "src/control/domain/domain_file.hpp"

#include "src/control/domain/domain_port.hpp"
#include "src/control/domain/domain_vm.hpp"
#include "src/control/domain/xml.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

namespace vmcbridge::control {
namespace {

Result<Domain, ConfigFaults> read_domain(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::string text(xml_max + 1, '\0');  // one more than there may be tells that there is too much
    if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.eof() && !file)
        return ConfigFaults{{path, 0, {}, {}, std::string{"can't be read: "} + std::strerror(errno)}};
    text.resize(static_cast<std::size_t>(file.gcount()));
    return parse_domain(text, path);
}

class Adding {
public:
    explicit Adding(ConfigFile& config) : config_{config} {}

    void add(const std::string& path) {
        const auto domain = read_domain(path);
        if (!domain) return append(findings_.faults, domain.error());
        auto made = to_vm(*domain);
        append(findings_.faults, made.faults);
        append(findings_.notes, made.notes);
        if (made.vm.name.empty()) return;
        if (!is_new(made.vm.name, *domain)) return;
        auto& vm = config_.config.vms.try_emplace(made.vm.name, config_.every_vm).first->second;
        vm.name = made.vm.name;
        set_uuid(vm, made.vm.uuid, *domain);
        if (!vm.display) vm.display = std::move(made.vm.display);
        set_guest(vm, made, *domain);
        std::ranges::move(made.vm.ports, std::back_inserter(vm.ports));
        if (!vm.guest && !vm.display) config_.config.vms.erase(made.vm.name);  // a fault says so
    }

    Findings finish() && { return std::move(findings_); }

private:
    bool is_new(const std::string& name, const Domain& domain) {
        const auto [first, is_new] = places_.emplace(name, place(domain, domain.line));
        if (!is_new) fault(domain, "<name>", "the domain at " + first->second + " is named \"" + name + "\" too");
        return is_new;
    }

    void set_uuid(VmConfig& vm, const std::string& uuid, const Domain& domain) {
        if (vm.uuid.empty()) vm.uuid = uuid;
        if (uuid.empty() || vm.uuid == uuid) return;
        conflict(vm, "uuid",
                 "\"" + vm.uuid + "\", but " + place(domain, domain.line) + " says \"" + uuid +
                     "\"; leave the key out, or take the XML of the right machine");
    }

    void set_guest(VmConfig& vm, DomainVm& made, const Domain& domain) {
        if (vm.guest) {
            const auto& stands = *vm.guest;
            const auto& said = made.vm.guest;
            if (said && (said->kind != stands.kind || said->address != stands.address))
                conflict(vm, "guest",
                         "\"" + stands.text + "\", but " + made.vm.guest_facts.source + " says \"" + said->text +
                             "\"; leave one of them out");
            else if (said && vm.guest->password_file.empty())
                vm.guest->password = said->password;
            vm.guest_facts = std::move(made.vm.guest_facts);
            return;
        }
        vm.guest = std::move(made.vm.guest);
        vm.guest_facts = std::move(made.vm.guest_facts);
        if (made.agent_problem) findings_.faults.push_back(*std::move(made.agent_problem));
        if (made.has_agent || !made.faults.empty()) return;
        auto& where = vm.display ? findings_.notes : findings_.faults;
        where.push_back({domain.file,
                         domain.line,
                         {},
                         "<domain>",
                         "no virtio channel is named " + std::string{agent_port} +
                             ", so there is no clipboard, no files and no resizing" +
                             (vm.display ? "" : ", nor is there a picture") +
                             "; add <channel type='unix'><target type='virtio' name='" + std::string{agent_port} +
                             "'/></channel>"});
    }

    /// With what the file or the command line says of the same machine.
    void conflict(const VmConfig& vm, const std::string& key, std::string text) {
        findings_.faults.push_back(fault_at(config_, "vm " + vm.name, key, std::move(text)));
    }
    void fault(const Domain& domain, std::string element, std::string text) {
        findings_.faults.push_back({domain.file, domain.line, {}, std::move(element), std::move(text)});
    }
    static void append(ConfigFaults& to, const ConfigFaults& from) { to.insert(to.end(), from.begin(), from.end()); }

    ConfigFile& config_;
    Findings findings_;
    std::map<std::string, std::string> places_;
};

}  // namespace

Findings add_domains(const std::vector<std::string>& paths, ConfigFile& config) {
    Adding adding{config};
    for (const auto& path : paths) adding.add(path);
    return std::move(adding).finish();
}

}  // namespace vmcbridge::control
