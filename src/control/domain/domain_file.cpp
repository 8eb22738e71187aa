#include "src/control/domain/domain_file.hpp"

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
        if (!domain) return append({domain.error(), {}});
        auto made = to_vm(*domain);
        if (made.name_problem) made.faults.insert(made.faults.begin(), *std::move(made.name_problem));
        if (made.vm.name.empty()) return append({std::move(made.faults), std::move(made.notes)});
        const auto name = made.vm.name;
        if (!is_new(name, *domain)) return;
        auto& vm = config_.config.vms.try_emplace(name, config_.every_vm).first->second;
        append(merge_domain(*domain, std::move(made), vm, config_));
        if (!vm.guest && !vm.display) config_.config.vms.erase(name);  // a fault says so
    }

    Findings finish() && { return std::move(findings_); }

private:
    bool is_new(const std::string& name, const Domain& domain) {
        const auto [first, is_new] = places_.emplace(name, place(domain, domain.line));
        if (!is_new) fault(domain, "<name>", "the domain at " + first->second + " is named \"" + name + "\" too");
        return is_new;
    }

    void fault(const Domain& domain, std::string element, std::string text) {
        findings_.faults.push_back({domain.file, domain.line, {}, std::move(element), std::move(text)});
    }
    void append(Findings more) {
        std::ranges::move(more.faults, std::back_inserter(findings_.faults));
        std::ranges::move(more.notes, std::back_inserter(findings_.notes));
    }

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
