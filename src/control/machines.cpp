#include "src/control/machines.hpp"

#include "proto/match.hpp"
#include "src/control/domain/domain_vm.hpp"
#include "src/log.hpp"

#include <algorithm>

// configuration ─┐
// libvirt ───────┼─ found(), lost() -> put(): one machine anew -> publish(): all of them, once for a burst
// sockets ───────┘

namespace vmcbridge::control {
namespace {

/// So long changes are gathered: taking over all machines costs as much for one change as for a hundred.
constexpr std::chrono::milliseconds burst{5};

bool is_machine(const VmConfig& vm) { return vm.guest || vm.display; }

}  // namespace

void Machines::configure(ConfigFile file) {
    file_ = std::move(file);
    file_.config.spice_passwords.clear();  // whoever needs them has their hashes
    all_.clear();
    refused_.clear();
    domains_.clear();
    for (const auto& [name, vm] : file_.config.vms) {
        if (is_machine(vm)) all_.emplace(name, vm);
        if (!vm.domain.empty()) domains_.emplace(vm.domain, name);
    }
    for (const auto& [name, claims] : found_) put(name);
    publish();
}

void Machines::found(const std::string& source, const std::string& name, Found what) {
    auto& claims = found_[name];
    const auto known = std::ranges::find(claims, source, &Claims::value_type::first);
    if (known != claims.end()) {
        known->second = std::move(what);
    } else {
        if (!claims.empty())
            log::warning("machine-named-twice", {{"vm", name}, {"source", source}, {"first", claims.front().first}});
        claims.emplace_back(source, std::move(what));
    }
    if (claims.front().first != source) return;
    put(name);
    publish_soon();
}

void Machines::lost(const std::string& source, const std::string& name) {
    const auto claims = found_.find(name);
    if (claims == found_.end()) return;
    const bool counted = claims->second.front().first == source;
    std::erase_if(claims->second, [&](const auto& each) { return each.first == source; });
    if (claims->second.empty()) found_.erase(claims);
    if (!counted) return;
    if (const auto machine = machine_of(name); machine && !is_own(*machine)) gone_.insert(*machine);
    put(name);
    for (const auto& waiting : std::set{refused_}) put(waiting);
    publish_soon();
}

std::optional<std::string> Machines::machine_of(const std::string& found) const {
    if (const auto domain = domains_.find(found); domain != domains_.end()) return domain->second;
    const auto said = file_.config.vms.find(found);
    if (said != file_.config.vms.end() && !said->second.domain.empty()) return std::nullopt;
    return found;
}

void Machines::put(const std::string& found) {
    const auto name = machine_of(found);
    if (!name)
        return log::warning("machine-refused",
                            {{"vm", found}, {"reason", "by the configuration another domain has its name"}});
    all_.erase(*name);
    refused_.erase(found);
    const auto said = file_.config.vms.find(*name);
    auto vm = said != file_.config.vms.end() ? said->second : file_.every_vm;
    vm.name = *name;
    const auto claims = found_.find(found);
    if (claims != found_.end() && take(found, claims->second, vm))
        all_.emplace(*name, std::move(vm));
    else if (is_own(*name))
        all_.emplace(*name, said->second);
}

bool Machines::take(const std::string& found, const Claims& claims, VmConfig& vm) {
    const auto& [source, what] = claims.front();
    const auto name = vm.name;  // merged() may set it
    const auto findings = merged(what, vm);
    for (const auto& note : findings.notes)
        log::info("machine-note", {{"vm", name}, {"source", source}, {"note", to_text(note)}});
    for (const auto& fault : findings.faults)
        log::warning("machine-refused", {{"vm", name}, {"source", source}, {"reason", to_text(fault)}});
    if (!findings.faults.empty() || !is_machine(vm)) return false;
    const auto* holder = holder_of(vm);
    if (holder == nullptr) return true;
    refused_.insert(found);
    log::warning("machine-refused",
                 {{"vm", name}, {"source", source}, {"reason", vm.guest->text + " is the guest of " + holder->name}});
    return false;
}

Findings Machines::merged(const Found& found, VmConfig& vm) const {
    const match each{[&](Domain domain) {
                         domain.is_opened_by_libvirt = !vm.domain.empty();
                         return merge_domain(domain, to_vm(domain), vm, file_);
                     },
                     [&](const Guest& guest) {
                         Findings findings;
                         if (!vm.domain.empty())
                             findings.faults.push_back(fault_at(
                                 file_, "vm " + vm.name, "guest",
                                 "\"libvirt:" + vm.domain + "\", but what was found is a " + "socket, " + guest.text));
                         if (vm.guest && vm.guest->address != guest.address)
                             findings.faults.push_back(fault_at(file_, "vm " + vm.name, "guest",
                                                                "\"" + vm.guest->text + "\", but a socket of this " +
                                                                    "machine's name was found, " + guest.text));
                         if (!vm.guest) vm.guest = guest;
                         return findings;
                     }};
    return std::visit(each, found);
}

/// Two machines can't have one host end.
const VmConfig* Machines::holder_of(const VmConfig& vm) const {
    if (!vm.guest) return nullptr;
    const auto holds = [&](const auto& each) { return each.second.guest && each.second.guest->text == vm.guest->text; };
    const auto holder = std::ranges::find_if(all_, holds);
    return holder == all_.end() ? nullptr : &holder->second;
}

bool Machines::is_own(const std::string& name) const {
    const auto said = file_.config.vms.find(name);
    return said != file_.config.vms.end() && is_machine(said->second);
}

void Machines::publish_soon() {
    if (std::exchange(is_due_, true)) return;
    timer_.start(burst, [this] { publish(); });
}

void Machines::publish() {
    timer_.stop();
    is_due_ = false;
    const bool returned = std::ranges::any_of(gone_, [&](const auto& name) { return all_.contains(name); });
    if (returned) {
        auto rest = all_;
        for (const auto& name : gone_) rest.erase(name);
        apply_(rest);
    }
    gone_.clear();
    apply_(all_);
}

}  // namespace vmcbridge::control
