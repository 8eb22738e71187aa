// The rules in a domain's metadata.

#include "src/control/domain/domain_rules.hpp"

#include "src/control/domain/domain_xml.hpp"

#include <gmock/gmock.h>

namespace vmcbridge::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Narrowed {
    policy::Policy policy;
    std::vector<std::string> faults;
    std::vector<std::string> notes;
};

std::vector<std::string> texts(const ConfigFaults& faults) {
    std::vector<std::string> out;
    for (const auto& fault : faults) out.push_back(to_text(fault));
    return out;
}

Narrowed narrowed(const std::string& metadata, policy::Policy policy = {}) {
    const auto domain =
        parse_domain("<domain id='1'><name>a</name>\n<metadata>" + metadata + "</metadata></domain>", "a.xml");
    if (!domain) return {policy, texts(domain.error()), {}};
    Findings findings;
    narrow(*domain, policy, findings);
    return {policy, texts(findings.faults), texts(findings.notes)};
}

std::string rules(const std::string& attributes) {
    return "<v:policy xmlns:v='https://vmcbridge.org/xmlns/domain/1.0' " + attributes + "/>";
}

TEST(DomainRules, NarrowWhatTheConfigurationAllows) {
    const auto [policy, faults, notes] =
        narrowed(rules("clipboard-from-guest='text' files-to-guest='off' clipboard-max='1MiB' resize='off'"));
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_THAT(notes, IsEmpty());
    EXPECT_EQ(policy.from_guest.formats, FormatList{ClipboardFormat::text});
    EXPECT_FALSE(policy.files_to_guest);
    EXPECT_EQ(policy.to_guest.max_bytes, policy::mebibyte);
    EXPECT_EQ(policy.resize, policy::ResizeRule::off);
}

TEST(DomainRules, WideningIsNamedAndLeftOutAndTheOthersHold) {
    const auto [policy, faults, notes] = narrowed(rules("resize='any' primary-selection='on' inputs='off'"));
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_THAT(notes, ElementsAre(AllOf(HasSubstr("a.xml:2: <policy> primary-selection: left out: \"on\""),
                                         HasSubstr("would let more pass")),
                                   HasSubstr("<policy> resize: left out: \"any\"")));
    EXPECT_EQ(policy.resize, policy::ResizeRule::lead);
    EXPECT_FALSE(policy.primary_selection);
    EXPECT_EQ(policy.inputs, policy::InputsRule::off);
}

TEST(DomainRules, TheGuestAgentMayBeAskedLessAndNotMore) {
    const auto narrower = narrowed(rules("guest-agent='info'"), {.guest_agent = policy::GuestAgentRule::power});
    EXPECT_THAT(narrower.notes, IsEmpty());
    EXPECT_EQ(narrower.policy.guest_agent, policy::GuestAgentRule::info);
    const auto wider = narrowed(rules("guest-agent='power'"), {.guest_agent = policy::GuestAgentRule::info});
    EXPECT_THAT(wider.notes, ElementsAre(HasSubstr("<policy> guest-agent: left out: \"power\"")));
    EXPECT_EQ(wider.policy.guest_agent, policy::GuestAgentRule::info);
}

TEST(DomainRules, ASpecialRuleIsHeldAgainstTheConfigurationNotAgainstTheGeneralOne) {
    const auto [policy, faults, notes] = narrowed(rules("clipboard-max='1MiB' clipboard-from-guest-max='2MiB'"));
    EXPECT_THAT(notes, IsEmpty());
    EXPECT_EQ(policy.to_guest.max_bytes, policy::mebibyte);
    EXPECT_EQ(policy.from_guest.max_bytes, 2 * policy::mebibyte);
}

TEST(DomainRules, WhatIsNoRuleIsAFault) {
    EXPECT_THAT(narrowed(rules("resize='on'")).faults, ElementsAre(HasSubstr("<policy> resize: \"on\" is none of")));
    EXPECT_THAT(narrowed(rules("guest='unix:/x'")).faults,
                ElementsAre(HasSubstr("<policy> guest: no key of [policy]; there are clipboard-to-guest, ")));
    EXPECT_THAT(narrowed(rules("threads='2' resume-grace='0'")).faults, testing::SizeIs(2));
    EXPECT_THAT(narrowed("<v:rules xmlns:v='https://vmcbridge.org/xmlns/domain/1.0'/>").faults,
                ElementsAre(HasSubstr("a.xml:2: <rules>: unknown")));
    EXPECT_THAT(narrowed(rules("resize='off'") + rules("inputs='off'")).faults, ElementsAre(HasSubstr("stands twice")));
}

TEST(DomainRules, OtherNamespacesAreSomebodyElses) {
    const auto [policy, faults, notes] =
        narrowed("<policy resize='off'/><o:policy xmlns:o='http://libosinfo.org/' resize='off'/>");
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_EQ(policy, policy::Policy{});
}

}  // namespace
}  // namespace vmcbridge::control
