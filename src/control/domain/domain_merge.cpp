#include "src/control/domain/domain_merge.hpp"

#include "src/control/domain/domain_port.hpp"
#include "src/control/domain/domain_rules.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::control {
namespace {

/// Whoever may open them.
bool is_same_end(const Guest& left, const Guest& right) {
    return left.kind == right.kind && left.address.host == right.address.host &&
           left.address.port == right.address.port && left.address.path == right.address.path;
}

class Merging {
public:
    Merging(const Domain& domain, VmConfig& vm, const ConfigFile& origin) : domain_{domain}, vm_{vm}, origin_{origin} {}

    Findings merge(DomainVm made) && {
        findings_ = {std::move(made.faults), std::move(made.notes)};
        if (vm_.domain.empty()) {
            vm_.name = made.vm.name;
            if (made.name_problem) findings_.faults.push_back(*std::move(made.name_problem));
        }
        set_uuid(made.vm.uuid);
        if (!vm_.display) vm_.display = std::move(made.vm.display);
        set_guest(made);
        for (auto& port : made.vm.ports) add_port(std::move(port));
        narrow(domain_, vm_.policy, findings_);
        return std::move(findings_);
    }

private:
    void set_uuid(const std::string& uuid) {
        if (vm_.uuid.empty()) vm_.uuid = uuid;
        if (uuid.empty() || vm_.uuid == uuid) return;
        conflict("uuid", "\"" + vm_.uuid + "\", but " + place(domain_, domain_.line) + " says \"" + uuid +
                             "\"; leave the key out, or take the XML of the right machine");
    }

    /// What the file or the command line says of a port's host end stands; the XML must not say another.
    void add_port(Port port) {
        const auto stands = std::ranges::find(vm_.ports, port.name, &Port::name);
        if (stands == vm_.ports.end()) return vm_.ports.push_back(std::move(port));
        const auto& said = port.channel;
        if (said && !is_same_end(*said, *stands->channel))
            conflict("port." + port.name, "\"" + stands->channel->text + "\", but " + port.facts.source + " says \"" +
                                              said->text + "\"; leave one of them out");
        else if (said)
            stands->channel->address.opener = said->address.opener;
        stands->facts = std::move(port.facts);
    }

    void set_guest(DomainVm& made) {
        if (vm_.guest) {
            auto& stands = *vm_.guest;
            const auto& said = made.vm.guest;
            if (said && !is_same_end(*said, stands))
                conflict("guest", "\"" + stands.text + "\", but " + made.vm.guest_facts.source + " says \"" +
                                      said->text + "\"; leave one of them out");
            else if (said) {
                stands.address.opener = said->address.opener;
                if (stands.password_file.empty()) stands.password = said->password;
            }
            vm_.guest_facts = std::move(made.vm.guest_facts);
            return;
        }
        vm_.guest = std::move(made.vm.guest);
        vm_.guest_facts = std::move(made.vm.guest_facts);
        const bool is_sound = findings_.faults.empty();
        if (made.agent_problem) findings_.faults.push_back(*std::move(made.agent_problem));
        if (made.has_agent || !is_sound) return;
        auto& where = vm_.display ? findings_.notes : findings_.faults;
        where.push_back({domain_.file,
                         domain_.line,
                         {},
                         "<domain>",
                         "no virtio channel is named " + std::string{agent_port} +
                             ", so there is no clipboard, no files and no resizing" +
                             (vm_.display ? "" : ", nor is there a picture") +
                             "; add <channel type='unix'><target type='virtio' name='" + std::string{agent_port} +
                             "'/></channel>"});
    }

    /// With what the file or the command line says of the same machine.
    void conflict(const std::string& key, std::string text) {
        findings_.faults.push_back(fault_at(origin_, "vm " + vm_.name, key, std::move(text)));
    }

    const Domain& domain_;
    VmConfig& vm_;
    const ConfigFile& origin_;
    Findings findings_;
};

}  // namespace

Findings merge_domain(const Domain& domain, DomainVm made, VmConfig& vm, const ConfigFile& origin) {
    return Merging{domain, vm, origin}.merge(std::move(made));
}

}  // namespace vmcbridge::control
