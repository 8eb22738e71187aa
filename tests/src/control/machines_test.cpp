#include "src/control/machines.hpp"

#include "src/control/address.hpp"
#include "src/control/domain/domain_xml.hpp"

#include <gmock/gmock.h>

namespace vmcbridge::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Names = std::vector<std::string>;

Guest guest(const std::string& text) { return *parse_guest(text); }

/// A running domain with its agent on this socket.
Domain domain(const std::string& name, const std::string& socket, const std::string& rules = {}) {
    return *parse_domain("<domain id='1'><name>" + name +
                             "</name><metadata><v:policy xmlns:v='https://vmcbridge.org/xmlns/domain/1.0' " + rules +
                             "/></metadata><devices><channel type='unix'><source mode='bind' path='" + socket +
                             "'/><target type='virtio' name='com.redhat.spice.0'/></channel></devices></domain>",
                         "x.xml");
}

class MachinesTest : public testing::Test {
protected:
    void configure(const std::string& text) {
        auto file = parse_config(text, "x.conf");
        ASSERT_TRUE(file) << to_text(file.error().at(0));
        machines_.configure(*std::move(file));
    }
    /// The names of all machines each time that they were handed over since the last call, when a burst is over.
    std::vector<Names> steps() {
        const auto before = steps_.size();
        while (steps_.size() == before) g_main_context_iteration(nullptr, TRUE);
        return std::exchange(steps_, {});
    }

    Machines::All all_;
    std::vector<Names> steps_;
    Machines machines_{[this](const Machines::All& all) {
        all_ = all;
        auto& step = steps_.emplace_back();
        for (const auto& [name, vm] : all) step.push_back(name);
    }};
};

TEST_F(MachinesTest, ThoseOfTheConfigurationAreThereAtOnceAndOthersWaitForTheirSource) {
    configure("[discover]\nglob = /run/*\n[vm a]\nguest = unix:/a\n[vm b]\nresize = off\n");
    EXPECT_THAT(std::exchange(steps_, {}), ElementsAre(Names{"a"}));
    machines_.found("s", "b", guest("unix:/b"));
    EXPECT_THAT(steps(), ElementsAre(Names{"a", "b"}));
    EXPECT_EQ(all_.at("b").policy.resize, policy::ResizeRule::off);
    machines_.lost("s", "b");
    EXPECT_THAT(steps(), ElementsAre(Names{"a"}));
}

TEST_F(MachinesTest, ABurstIsHandedOverOnce) {
    for (int each = 0; each < 100; ++each)
        machines_.found("s", "m" + std::to_string(each), guest("unix:/" + std::to_string(each)));
    EXPECT_THAT(steps(), ElementsAre(SizeIs(100)));
}

TEST_F(MachinesTest, OneThatIsLostAndFoundAtOnceIsAnotherOne) {
    machines_.found("s", "a", guest("unix:/a"));
    machines_.found("s", "b", guest("unix:/b"));
    EXPECT_THAT(steps(), ElementsAre(Names{"a", "b"}));
    machines_.lost("s", "a");
    machines_.found("s", "a", guest("unix:/a"));
    EXPECT_THAT(steps(), ElementsAre(Names{"b"}, Names{"a", "b"}));
    machines_.found("s", "a", guest("unix:/a"));
    EXPECT_THAT(steps(), ElementsAre(Names{"a", "b"})) << "known anew, it is the same";
}

TEST_F(MachinesTest, OfTwoSourcesTheFirstOneCountsUntilItLosesTheMachine) {
    machines_.found("s", "a", guest("unix:/first"));
    machines_.found("t", "a", guest("unix:/second"));
    steps();
    EXPECT_EQ(all_.at("a").guest->text, "unix:/first");
    machines_.lost("s", "a");
    steps();
    EXPECT_EQ(all_.at("a").guest->text, "unix:/second");
    machines_.lost("t", "a");
    EXPECT_THAT(steps(), ElementsAre(IsEmpty()));
}

TEST_F(MachinesTest, TwoMachinesDoNotShareAHostEnd) {
    configure("[vm a]\nguest = unix:/x\n");
    machines_.found("s", "b", guest("unix:/x"));
    steps();
    EXPECT_FALSE(all_.contains("b"));
    configure("");
    EXPECT_TRUE(all_.contains("b")) << "its holder has gone";
    machines_.found("s", "c", guest("unix:/x"));
    steps();
    EXPECT_FALSE(all_.contains("c"));
    machines_.lost("s", "b");
    steps();
    EXPECT_TRUE(all_.contains("c")) << "likewise";
}

TEST_F(MachinesTest, ADomainAddsToWhatTheConfigurationSaysAndNarrowsItAlone) {
    configure("[libvirt]\nuri = test:///default\n[vm a]\nresize = off\ndisplay = vnc:h:1\n");
    machines_.found("s", "a", domain("a", "/a", "inputs='off' resize='any'"));
    steps();
    const auto& vm = all_.at("a");
    EXPECT_EQ(vm.guest->text, "unix:/a");
    EXPECT_EQ(vm.display->text, "vnc:h:1");
    EXPECT_EQ(vm.policy.inputs, policy::InputsRule::off);
    EXPECT_EQ(vm.policy.resize, policy::ResizeRule::off);
}

TEST_F(MachinesTest, WhatCantBeTakenOverLeavesWhatTheConfigurationHas) {
    configure("[libvirt]\nuri = test:///default\n[vm a]\nguest = unix:/own\n");
    machines_.found("s", "a", domain("a", "/other"));
    machines_.found("s", "b", domain("b", "/b", "resize='nonsense'"));
    EXPECT_THAT(steps(), testing::Contains(Names{"a"}));
    EXPECT_EQ(all_.at("a").guest->text, "unix:/own");
    machines_.lost("s", "a");
    steps();
    EXPECT_TRUE(all_.contains("a"));
}

TEST_F(MachinesTest, ADomainOfAnotherNameIsTheMachineThatNamesIt) {
    configure("[libvirt]\nuri = test:///default\n[vm a]\nguest = libvirt:odd name\nresize = off\n");
    EXPECT_THAT(std::exchange(steps_, {}), ElementsAre(Names{}));
    machines_.found("s", "odd name", domain("odd name", "/a"));
    EXPECT_THAT(steps(), ElementsAre(Names{"a"}));
    EXPECT_EQ(all_.at("a").name, "a");
    EXPECT_EQ(all_.at("a").policy.resize, policy::ResizeRule::off);
    machines_.lost("s", "odd name");
    EXPECT_THAT(steps(), ElementsAre(Names{}));
}

TEST_F(MachinesTest, TheMachineOfADomainIsNeitherADomainOfItsNameNorASocket) {
    configure("[libvirt]\nuri = test:///default\n[discover]\nglob = /run/*\n[vm a]\nguest = libvirt:b\n");
    EXPECT_THAT(std::exchange(steps_, {}), ElementsAre(Names{}));
    machines_.found("s", "a", domain("a", "/a"));
    machines_.found("sockets", "b", guest("unix:/b"));
    EXPECT_THAT(steps(), ElementsAre(Names{}));
}

TEST_F(MachinesTest, AnotherConfigurationKeepsWhatTheSourcesHave) {
    machines_.found("s", "a", guest("unix:/a"));
    steps();
    configure("[policy]\nresize = any\n");
    EXPECT_THAT(steps_, ElementsAre(Names{"a"}));
    EXPECT_EQ(all_.at("a").policy.resize, policy::ResizeRule::any);
}

}  // namespace
}  // namespace vmcbridge::control
