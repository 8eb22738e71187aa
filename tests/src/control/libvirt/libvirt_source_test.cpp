// With libvirt's test driver, whose domains live in this process.

#include "src/control/libvirt/libvirt_source.hpp"

#include <gmock/gmock.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <functional>

namespace vmcbridge::control {
namespace {

using testing::ElementsAre;

struct CloseConnection {
    void operator()(virConnect* connection) const { virConnectClose(connection); }
};

class LibvirtSourceTest : public testing::Test {
protected:
    LibvirtSourceTest() {
        LibvirtLink::use_main_loop();
        admin_.reset(virConnectOpen("test:///default"));
    }

    void create(const std::string& name) {
        const auto xml = "<domain type='test'><name>" + name +
                         "</name><memory>1024</memory><os><type>hvm</type></os><devices><channel type='unix'>"
                         "<source mode='bind' path='/run/" +
                         name + "'/><target type='virtio' name='com.redhat.spice.0'/></channel></devices></domain>";
        auto* domain = virDomainCreateXML(admin_.get(), xml.c_str(), 0);
        ASSERT_NE(domain, nullptr) << virGetLastErrorMessage();
        virDomainFree(domain);
    }
    void destroy(const std::string& name) {
        auto* domain = virDomainLookupByName(admin_.get(), name.c_str());
        ASSERT_NE(domain, nullptr);
        virDomainDestroy(domain);
        virDomainFree(domain);
    }
    /// Runs the main loop until then; the test's own time limit ends what never comes.
    static void until(const std::function<bool()>& done) {
        while (!done()) g_main_context_iteration(nullptr, TRUE);
    }
    [[nodiscard]] bool has(const std::string& name) const { return all_.contains(name); }

    std::unique_ptr<virConnect, CloseConnection> admin_;
    Machines::All all_;
    Machines machines_{[this](const Machines::All& all) { all_ = all; }};
};

TEST_F(LibvirtSourceTest, DomainsAreMachinesWhileTheyRun) {
    create("early");
    LibvirtSource source{"test:///default", machines_};
    until([&] { return has("early"); });
    EXPECT_EQ(all_.at("early").guest->text, "unix:/run/early");
    EXPECT_FALSE(has("test")) << "the driver's own, which has no agent";
    create("late");
    until([&] { return has("late"); });
    destroy("early");
    until([&] { return !has("early"); });
    destroy("late");
    until([&] { return all_.empty(); });
}

TEST_F(LibvirtSourceTest, AFilterMayChange) {
    create("web1");
    create("web2");
    LibvirtSource source{"test:///default", machines_};
    source.configure({.include = {"web*"}, .exclude = {"*2"}});
    until([&] { return has("web1") && !has("web2"); });
    source.configure({.include = {"*2"}, .exclude = {}});
    until([&] { return !has("web1") && has("web2"); });
    destroy("web1");
    destroy("web2");
    until([&] { return all_.empty(); });
}

TEST_F(LibvirtSourceTest, TakesItsMachinesAlong) {
    create("web1");
    auto source = std::make_unique<LibvirtSource>("test:///default", machines_);
    until([&] { return has("web1"); });
    source.reset();
    until([&] { return all_.empty(); });
    destroy("web1");
}

TEST(DomainFilter, ExcludesBeforeItIncludes) {
    const DomainFilter filter{.include = {"web*", "db?"}, .exclude = {"web-old*"}};
    EXPECT_TRUE(filter.takes("web1"));
    EXPECT_TRUE(filter.takes("db1"));
    EXPECT_FALSE(filter.takes("db12"));
    EXPECT_FALSE(filter.takes("web-old1"));
    EXPECT_TRUE(DomainFilter{}.takes("anything"));
}

}  // namespace
}  // namespace vmcbridge::control
