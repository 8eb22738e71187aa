// The answers are those of qemu-ga 7.2, cut.
#include "proto/qga/info.hpp"

#include "proto/limits.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmcbridge::qga {
namespace {

using boost::json::parse;
using boost::json::value;
using testing::IsEmpty;
using testing::SizeIs;

void decode(std::string_view command, const value& answer, GuestInfo& info) {
    const auto part = std::ranges::find(parts(), command, [](const Part& each) { return each.command.name; });
    ASSERT_NE(part, parts().end()) << command;
    part->decode(answer, info);
}

std::vector<std::string_view> supported(std::string_view answer) {
    GuestInfo info;
    std::vector<std::string_view> names;
    const auto found = decode_support(parse(answer), info);
    EXPECT_TRUE(found);
    if (found)
        for (const auto* part : *found) names.push_back(part->command.name);
    return names;
}

TEST(QgaInfo, AsksForWhatTheAgentHasAndLetsUse) {
    GuestInfo info;
    const auto answer = parse(R"({"version": "7.2.22", "supported_commands": [
        {"enabled": true, "name": "guest-get-users", "success-response": true},
        {"enabled": false, "name": "guest-get-osinfo", "success-response": true},
        {"enabled": true, "name": "guest-get-host-name", "success-response": true},
        {"enabled": true, "name": "guest-exec", "success-response": true}]})");
    const auto found = decode_support(answer, info);
    ASSERT_TRUE(found);
    EXPECT_EQ(info.version, "7.2.22");
    ASSERT_THAT(*found, SizeIs(2));
    EXPECT_EQ((*found)[0]->command.name, "guest-get-host-name");
    EXPECT_EQ((*found)[1]->command.name, "guest-get-users");
}

TEST(QgaInfo, WhatIsNoCommandIsNotAsked) {
    EXPECT_THAT(supported(R"({"supported_commands": []})"), IsEmpty());
    EXPECT_THAT(supported(R"({"supported_commands": [1, {}, {"name": "guest-get-users"},
        {"name": "guest-get-users", "enabled": "true"}, {"name": 1, "enabled": true}]})"),
                IsEmpty());
    GuestInfo info;
    for (const auto* answer : {"1", "[]", "{}", R"({"supported_commands": 1})"})
        EXPECT_FALSE(decode_support(parse(answer), info)) << answer;
}

TEST(QgaInfo, TakesTheHostNameAndTheSystem) {
    GuestInfo info;
    decode("guest-get-host-name", parse(R"({"host-name": "web1"})"), info);
    decode("guest-get-osinfo",
           parse(R"json({"name": "Debian GNU/Linux", "kernel-release": "6.1.0-18-amd64", "version": "12 (bookworm)",
               "pretty-name": "Debian GNU/Linux 12 (bookworm)", "version-id": "12", "kernel-version": "#1 SMP",
               "machine": "x86_64", "id": "debian"
})json"),
           info);
    EXPECT_EQ(info.hostname, "web1");
    ASSERT_TRUE(info.system);
    EXPECT_EQ(info.system->id, "debian");
    EXPECT_EQ(info.system->name, "Debian GNU/Linux");
    EXPECT_EQ(info.system->version, "12 (bookworm)");
    EXPECT_EQ(info.system->kernel, "6.1.0-18-amd64");
    EXPECT_EQ(info.system->machine, "x86_64");
}

TEST(QgaInfo, TakesEachAddressWithItsInterface) {
    GuestInfo info;
    decode(
        "guest-network-get-interfaces",
        parse(R"([{"name": "lo", "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "127.0.0.1", "prefix": 8}]},
               {"name": "eth1", "hardware-address": "52:54:00:00:00:02"},
               {"name": "eth0", "hardware-address": "52:54:00:00:00:01", "statistics": {"tx-packets": 1},
                "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "192.0.2.2", "prefix": 24},
                                 {"ip-address-type": "ipv6", "ip-address": "fd00::2", "prefix": 64}]}])"),
        info);
    ASSERT_TRUE(info.addresses);
    ASSERT_THAT(*info.addresses, SizeIs(3));
    EXPECT_EQ((*info.addresses)[0].mac, "");
    const auto& last = info.addresses->back();
    EXPECT_EQ(last.interface, "eth0");
    EXPECT_EQ(last.mac, "52:54:00:00:00:01");
    EXPECT_EQ(last.address, "fd00::2");
    EXPECT_EQ(last.prefix, 64U);
}

TEST(QgaInfo, TakesUsersAndFileSystems) {
    GuestInfo info;
    decode("guest-get-users", parse(R"([{"login-time": 1700000000.75, "user": "root"}, {"user": "x"}])"), info);
    decode("guest-get-fsinfo",
           parse(R"([{"name": "vda1", "total-bytes": 102745280512, "mountpoint": "/", "disk": [{"bus-type": "virtio"}],
               "used-bytes": 21934874624, "type": "ext4"}, {"name": "sr0", "mountpoint": "D:\\", "type": "CDFS"}])"),
           info);
    ASSERT_TRUE(info.users);
    ASSERT_THAT(*info.users, SizeIs(2));
    EXPECT_EQ(info.users->front().name, "root");
    EXPECT_EQ(info.users->front().since, 1700000000);
    ASSERT_TRUE(info.file_systems);
    ASSERT_THAT(*info.file_systems, SizeIs(2));
    EXPECT_EQ(info.file_systems->front().mountpoint, "/");
    EXPECT_EQ(info.file_systems->front().type, "ext4");
    EXPECT_EQ(info.file_systems->front().total, 102745280512U);
    EXPECT_EQ(info.file_systems->front().used, 21934874624U);
    EXPECT_EQ(info.file_systems->back().total, std::nullopt);
}

TEST(QgaInfo, APartThatIsSomethingElseIsLeftOut) {
    GuestInfo info;
    for (const auto& part : parts())
        for (const auto* answer : {"null", "1", "\"text\"", "true"}) part.decode(parse(answer), info);
    decode("guest-get-host-name", parse(R"({"host-name": 1})"), info);
    decode("guest-get-users", parse("{}"), info);
    EXPECT_FALSE(info.hostname || info.system || info.addresses || info.users || info.file_systems);
}

TEST(QgaInfo, NumbersThatNobodyCanHoldAreLeftOut) {
    GuestInfo info;
    decode("guest-get-users", parse(R"([{"user": "a", "login-time": 1e300}, {"user": "b", "login-time": -1}])"), info);
    decode(
        "guest-get-fsinfo",
        parse(R"([{"total-bytes": 18446744073709551615, "used-bytes": -1}, {"total-bytes": "1", "used-bytes": 1.5}])"),
        info);
    EXPECT_EQ(info.users->front().since, 0);
    EXPECT_EQ(info.users->back().since, -1);
    EXPECT_EQ(info.file_systems->front().total, std::nullopt);
    EXPECT_EQ(info.file_systems->front().used, std::nullopt);
    EXPECT_EQ(info.file_systems->back().total, std::nullopt);
    EXPECT_EQ(info.file_systems->back().used, 1U);
}

TEST(QgaInfo, ListsAndTextsAreCut) {
    GuestInfo info;
    boost::json::array users(limits::qga_entries + 5,
                             boost::json::object{{"user", std::string(limits::qga_text + 5, 'x')}});
    users.insert(users.begin(), 1);
    decode("guest-get-users", users, info);
    ASSERT_THAT(*info.users, SizeIs(limits::qga_entries));
    EXPECT_THAT(info.users->front().name, SizeIs(limits::qga_text));
}

}  // namespace
}  // namespace vmcbridge::qga
