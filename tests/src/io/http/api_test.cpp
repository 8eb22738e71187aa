#include "src/io/http/api.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace vmcbridge::io::http {
namespace {

using boost::json::parse;

VmView view_of_domain() {
    VmView view;
    view.name = "a";
    view.guest = "unix:/a";
    view.guest_facts = {.source = "a.xml:3", .address = VirtioAddress{.controller = 1, .bus = 2, .port = 3}};
    return view;
}

TEST(ApiJson, SaysWhereTheGuestOfADomainComesFrom) {
    const auto machine = parse(to_json(view_of_domain()));
    EXPECT_EQ(machine.at("guest"), parse(R"({"address": "unix:/a", "connected": false, "problem": null, "server": null,
        "source": "a.xml:3",
        "device": {"type": "virtio-serial", "controller": 1, "bus": 2, "port": 3}})"));
}

TEST(ApiJson, HasNullWhereNoDomainSaysIt) {
    VmView view;
    view.guest = "unix:/a";
    EXPECT_EQ(parse(to_json(view)).at("guest"), parse(R"({"address": "unix:/a", "connected": false, "problem": null,
        "server": null, "source": null, "device": null})"));
}

TEST(ApiJson, TellsAServerWithoutAnAgentFromOneThatCannotBeReached) {
    VmView view;
    view.guest = "spice:h:1";
    view.is_server_linked = true;
    auto guest = parse(to_json(view)).at("guest");
    EXPECT_EQ(guest.at("server"), parse(R"({"linked": true})"));
    EXPECT_TRUE(guest.at("problem").is_null());
    view.is_server_linked = false;
    view.guest_problem = "why";
    guest = parse(to_json(view)).at("guest");
    EXPECT_EQ(guest.at("server"), parse(R"({"linked": false})"));
    EXPECT_EQ(guest.at("problem"), "why");
}

TEST(ApiJson, ListsPortsWithAddressOrReason) {
    auto view = view_of_domain();
    Guest channel;
    channel.text = "unix:/b";
    Port agent{.name = "org.qemu.guest_agent.0",
               .channel = channel,
               .problem = {},
               .needs_leave = true,
               .facts = {.source = "a.xml:4", .address = VirtioAddress{.port = 2}, .is_open_in_guest = true}};
    Port serial{.name = "serial0", .channel = {}, .problem = "why", .facts = {.source = "a.xml:9", .address = {}}};
    view.ports.push_back({.port = agent, .is_permitted = true, .is_connected = true, .clients = 3});
    view.ports.push_back({.port = serial});
    EXPECT_EQ(parse(to_json(view)).at("ports"), parse(R"([
        {"name": "org.qemu.guest_agent.0", "address": "unix:/b", "problem": null, "needsLeave": true,
         "permitted": true, "connected": true, "clients": 3,
         "source": "a.xml:4", "device": {"type": "virtio-serial", "controller": 0, "bus": 0, "port": 2},
         "openInGuest": true},
        {"name": "serial0", "address": null, "problem": "why", "needsLeave": false,
         "permitted": false, "connected": false, "clients": 0,
         "source": "a.xml:9", "device": null, "openInGuest": null}])"));
}

}  // namespace
}  // namespace vmcbridge::io::http
