#include "src/control/domain/domain_rules.hpp"

#include "src/control/keys.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace vmcbridge::control {
namespace {

ConfigFault about(const Domain& domain, const DomainRule& rule, std::string text) {
    return {domain.file, rule.line, {}, "<policy> " + rule.key, std::move(text)};
}

std::string unknown() {
    std::string names;
    for (const auto& key : keys())
        if (key.group == "policy") names += (names.empty() ? "" : ", ") + std::string{key.name};
    return "no key of [policy]; there are " + names;
}

}  // namespace

void narrow(const Domain& domain, policy::Policy& policy, Findings& findings) {
    const auto outer = policy;
    ServerConfig server;
    SourcesConfig sources;
    // In the order of the table: a general key before the ones that narrow it.
    for (const auto& key : keys()) {
        const auto rule = std::ranges::find(domain.rules, key.name, &DomainRule::key);
        if (key.group != "policy" || rule == domain.rules.end()) continue;
        VmConfig vm;
        vm.policy = policy;
        if (const auto problem = key.apply({server, vm, sources}, rule->value))
            findings.faults.push_back(about(domain, *rule, problem->text));
        else if (is_within(vm.policy, outer))
            policy = vm.policy;
        else
            findings.notes.push_back(about(domain, *rule,
                                           "left out: \"" + rule->value +
                                               "\" would let more pass than the configuration does; a domain can "
                                               "narrow its rules alone"));
    }
    for (const auto& rule : domain.rules)
        if (std::ranges::none_of(keys(), [&](const Key& key) { return key.group == "policy" && key.name == rule.key; }))
            findings.faults.push_back(about(domain, rule, unknown()));
}

}  // namespace vmcbridge::control
