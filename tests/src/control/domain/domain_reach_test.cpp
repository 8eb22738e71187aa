#include "src/control/domain/domain_reach.hpp"

#include "src/control/domain/domain_vm.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace vmcbridge::control {
namespace {

using testing::HasSubstr;

class FakeOpener final : public Opener {
public:
    void open(Done /*done*/) override {}
};

class FakeHolder final : public AgentHolder {
public:
    void ask(std::string /*command*/, std::chrono::seconds /*patience*/, Done /*done*/) override {}
    void ask_power(std::string /*what*/, Done /*done*/) override {}
};

/// Remembers what it was asked for.
class FakeDomainOpener final : public DomainOpener {
public:
    std::shared_ptr<Opener> channel(const std::string& name) override { return at("channel " + name); }
    std::shared_ptr<Opener> console(const std::string& alias) override { return at("console " + alias); }
    std::shared_ptr<Opener> graphics(unsigned index) override { return at("graphics " + std::to_string(index)); }
    std::shared_ptr<AgentHolder> guest_agent() override { return holder; }

    std::shared_ptr<Opener> at(const std::string& what) {
        auto& opener = openers[what];
        if (!opener) opener = std::make_shared<FakeOpener>();
        return opener;
    }
    std::map<std::string, std::shared_ptr<Opener>> openers;
    std::shared_ptr<AgentHolder> holder = std::make_shared<FakeHolder>();
};

constexpr const char* agent =
    "<channel type='unix'><source mode='bind' path='/run/a.sock'/><target type='virtio' name='com.redhat.spice.0'/>"
    "<alias name='channel0'/></channel>";

class DomainReachTest : public testing::Test {
protected:
    DomainVm made(const std::string& devices, std::optional<std::string> remote_host = {}) {
        auto domain =
            *parse_domain("<domain id='1'><name>web</name><devices>" + devices + "</devices></domain>", "x.xml");
        domain.opener = opener_;
        domain.remote_host = std::move(remote_host);
        domain.is_opened_by_libvirt = is_opened_by_libvirt_;
        return to_vm(domain);
    }
    std::string display_problem(const std::string& address) {
        const auto vm = made(std::string{agent} + "<graphics type='vnc' port='5900'><listen type='address' address='" +
                                 address + "'/></graphics>",
                             "far.example");
        return vm.vm.display ? "shown at " + vm.vm.display->text : vm.notes.at(0).text;
    }

    std::shared_ptr<FakeDomainOpener> opener_ = std::make_shared<FakeDomainOpener>();
    bool is_opened_by_libvirt_ = false;
};

TEST_F(DomainReachTest, OnThisHostASocketIsOpenedDirectlyAndByLibvirtWhereItMayNotBe) {
    const auto vm = made(agent).vm;
    EXPECT_EQ(vm.guest->address.path, "/run/a.sock");
    EXPECT_EQ(vm.guest->address.opener, opener_->openers.at("channel com.redhat.spice.0"));
}

TEST_F(DomainReachTest, OnAnotherHostAndWhereItIsWantedLibvirtAloneOpensIt) {
    const auto far = made(agent, "far.example").vm;
    is_opened_by_libvirt_ = true;
    for (const auto& vm : {far, made(agent).vm}) {
        EXPECT_FALSE(vm.guest->address.is_set());
        EXPECT_EQ(vm.guest->address.opener, opener_->openers.at("channel com.redhat.spice.0"));
        EXPECT_EQ(vm.guest->text, "libvirt:web/com.redhat.spice.0");
    }
}

TEST_F(DomainReachTest, ATerminalOfASerialPortIsOpenedOnAnotherHostAndThatOfAChannelIsNot) {
    const auto vm = made(std::string{agent} +
                             "<serial type='pty'><source path='/dev/pts/1'/><alias name='serial0'/></serial>"
                             "<channel type='pty'><source path='/dev/pts/2'/>"
                             "<target type='virtio' name='t'/><alias name='channel1'/></channel>",
                         "far.example");
    const auto port = [&](const std::string& name) { return *std::ranges::find(vm.vm.ports, name, &Port::name); };
    EXPECT_EQ(port("serial0").channel->address.opener, opener_->openers.at("console serial0"));
    EXPECT_FALSE(port("t").channel);
    EXPECT_THAT(port("t").problem, HasSubstr("on another host"));
}

TEST_F(DomainReachTest, AnotherHostsGraphicsAreAtAnAddressOfItsOwn) {
    EXPECT_EQ(display_problem("0.0.0.0"), "shown at vnc:far.example:5900");
    EXPECT_EQ(display_problem("192.0.2.7"), "shown at vnc:192.0.2.7:5900");
    EXPECT_EQ(display_problem("2001:db8::7"), "shown at vnc:[2001:db8::7]:5900");
}

TEST_F(DomainReachTest, AnotherHostsGraphicsCantBeThisHostInAnySpelling) {
    for (const auto* address : {"127.0.0.1", "127.9.9.9", "127.1", "2130706433", "0", "::1", "::ffff:127.0.0.1",
                                "localhost", "ip6-localhost", "localhost.localdomain", "inner.example"})
        EXPECT_THAT(display_problem(address), HasSubstr("can be reached there alone")) << address;
}

TEST_F(DomainReachTest, GraphicsThatListenNowhereAreOpenedByLibvirt) {
    const auto vm = made(std::string{agent} + "<graphics type='vnc'><listen type='none'/></graphics>").vm;
    EXPECT_EQ(vm.display->address.opener, opener_->openers.at("graphics 0"));
    EXPECT_EQ(vm.display->text, "libvirt:web/graphics0");
}

TEST_F(DomainReachTest, ANameThatIsAnotherChannelsAliasOpensNeither) {
    const auto* const guest_agent =
        "<channel type='unix'><source mode='bind' path='/run/g.sock'/>"
        "<target type='virtio' name='org.qemu.guest_agent.0'/><alias name='channel1'/></channel>";
    const auto* const masked =
        "<channel type='unix'><source mode='bind' path='/run/m.sock'/><target type='virtio' name='channel1'/>"
        "<alias name='channel2'/></channel>";
    const auto vm = made(std::string{agent} + guest_agent + masked, "far.example").vm;
    const auto port = *std::ranges::find(vm.ports, "channel1", &Port::name);
    EXPECT_FALSE(port.channel);
    EXPECT_FALSE(opener_->openers.contains("channel channel1"));
}

TEST_F(DomainReachTest, TheGuestAgentsPortIsLibvirtsAndNoRawPort) {
    const auto vm = made(std::string{agent} +
                         "<channel type='unix'><source mode='bind' path='/run/g.sock'/>"
                         "<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>")
                        .vm;
    const auto& port = vm.ports.at(0);
    EXPECT_EQ(port.agent_holder, opener_->holder);
    EXPECT_FALSE(port.channel);
    EXPECT_EQ(port.facts.is_open_in_guest, true);
}

}  // namespace
}  // namespace vmcbridge::control
