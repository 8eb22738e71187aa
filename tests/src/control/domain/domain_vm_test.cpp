// Every sample of tests/vectors/domains becomes what stands below it: attached, or a named error with its line.

#include "src/control/domain/domain_vm.hpp"

#include "src/control/domain/domain_port.hpp"
#include "tests/support/domain_samples.hpp"

#include <gmock/gmock.h>

#include <set>

namespace vmcbridge::control {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* folder = VMCBRIDGE_VECTORS "/domains";

std::string in_text(const std::optional<VirtioAddress>& address) {
    if (!address) return "";
    return " at " + std::to_string(address->controller) + "/" + std::to_string(address->bus) + "/" +
           std::to_string(address->port);
}

std::string in_text(const Port& port) {
    return "port " + port.name + " = " + (port.channel ? port.channel->text : "none") + in_text(port.facts.address) +
           (port.needs_leave ? " needs leave" : "");
}

void add_findings(std::vector<std::string>& lines, const std::string& what, const ConfigFaults& findings) {
    for (const auto& each : findings)
        lines.push_back(what + " " + std::to_string(each.line) + ": " + each.key + ": " + each.text);
}

/// What a sample becomes, in the words of the samples.
std::vector<std::string> outcome_of(const std::string& xml) {
    std::vector<std::string> lines;
    const auto domain = parse_domain(xml, "x.xml");
    if (!domain) return add_findings(lines, "error", domain.error()), lines;
    const auto made = to_vm(*domain);
    if (made.name_problem) add_findings(lines, "error", {*made.name_problem});
    add_findings(lines, "error", made.faults);
    if (made.agent_problem) add_findings(lines, "error", {*made.agent_problem});
    if (made.name_problem || !made.faults.empty()) return lines;
    if (!made.vm.uuid.empty()) lines.push_back("uuid = " + made.vm.uuid);
    if (made.vm.guest) lines.push_back("guest = " + made.vm.guest->text + in_text(made.vm.guest_facts.address));
    if (made.vm.guest && !made.vm.guest->password.empty()) lines.push_back("password = " + made.vm.guest->password);
    if (made.vm.display) lines.push_back("display = " + made.vm.display->text);
    for (const auto& port : made.vm.ports) lines.push_back(in_text(port));
    if (!made.has_agent) lines.push_back("no agent");
    add_findings(lines, "note", made.notes);
    return lines;
}

/// Of an error or a note the line and a part of its text are given.
bool agrees(const std::string& outcome, const std::string& expected) {
    if (!expected.starts_with("error ") && !expected.starts_with("note ")) return outcome == expected;
    const auto colon = expected.find(": ");
    return outcome.starts_with(expected.substr(0, colon + 2)) &&
           outcome.find(expected.substr(colon + 2)) != std::string::npos;
}

TEST(DomainSamples, BecomeWhatStandsBelowThem) {
    const auto samples = read_domain_samples(folder);
    EXPECT_GE(samples.size(), 100U);
    for (const auto& sample : samples) {
        const auto outcome = outcome_of(sample.xml);
        EXPECT_TRUE(std::ranges::equal(outcome, sample.expected, agrees))
            << sample.place << ": " << sample.title << "\n  became\n    " << testing::PrintToString(outcome);
    }
}

TEST(DomainSamples, AreAttachedOrNamedErrors) {
    std::set<std::string> titles;
    for (const auto& sample : read_domain_samples(folder)) {
        const auto is_verdict = [](const std::string& line) {
            return line.starts_with("guest = ") || line.starts_with("display = ") || line.starts_with("error ") ||
                   line == "no agent";
        };
        EXPECT_TRUE(std::ranges::any_of(sample.expected, is_verdict)) << sample.place;
        EXPECT_TRUE(titles.insert(sample.title).second) << sample.place << " has the title of another one";
    }
}

TEST(DomainSamples, ShowNoPassword) {
    for (const auto& sample : read_domain_samples(folder)) {
        for (const auto& line : outcome_of(sample.xml))
            EXPECT_THAT(line, AnyOf(StartsWith("password = "), Not(HasSubstr("s3cret")))) << sample.place;
    }
}

TEST(DomainVm, SaysWhereEachPortComesFrom) {
    const auto domain = parse_domain(
        "<domain><name>a</name>\n<devices><channel type='unix'><source mode='bind' path='/a'/>"
        "<target type='virtio' name='com.redhat.spice.0'/></channel>\n"
        "<serial type='unix'><source mode='bind' path='/b'/></serial></devices></domain>",
        "dir/x.xml");
    ASSERT_TRUE(domain);
    const auto vm = to_vm(*domain).vm;
    EXPECT_EQ(vm.guest_facts.source, "dir/x.xml:2");
    ASSERT_EQ(vm.ports.size(), 1U);
    EXPECT_EQ(vm.ports[0].facts.source, "dir/x.xml:3");
}

TEST(DomainVm, ListsAPortThatNobodyCanAttachToWithTheReason) {
    const auto domain = parse_domain("<domain><name>a</name><devices><serial type='null'/></devices></domain>", "x");
    ASSERT_TRUE(domain);
    const auto vm = to_vm(*domain).vm;
    ASSERT_EQ(vm.ports.size(), 1U);
    EXPECT_FALSE(vm.ports[0].channel);
    EXPECT_THAT(vm.ports[0].problem, HasSubstr("goes nowhere"));
}

}  // namespace
}  // namespace vmcbridge::control
