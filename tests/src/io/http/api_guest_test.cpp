#include "src/io/http/api_guest.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io::http {
namespace {

using boost::json::parse;
using browser::Code;

TEST(GuestPart, IsTheAgentOrOneOfItsActions) {
    ASSERT_TRUE(parse_guest_part("guest"));
    EXPECT_EQ(parse_guest_part("guest")->power, std::nullopt);
    ASSERT_TRUE(parse_guest_part("guest/reboot"));
    EXPECT_EQ(parse_guest_part("guest/reboot")->power, qga::Power::reboot);
    for (const auto* other : {"", "guest/", "guest/halt", "guests", "guest/shutdown/", "Guest"})
        EXPECT_FALSE(parse_guest_part(other)) << other;
}

TEST(GuestResponse, HasWhatIsKnown) {
    auto info = std::make_shared<qga::GuestInfo>();
    info->version = "7.2.0";
    info->hostname = "web1";
    info->system = qga::System{.id = "debian", .name = "Debian", .version = "12", .kernel = "6.1", .machine = "x86_64"};
    info->addresses.emplace().push_back({.interface = "eth0", .mac = "52:54", .address = "192.0.2.1", .prefix = 24});
    info->addresses->push_back({.interface = "lo", .mac = {}, .address = "::1", .prefix = 128});
    info->users.emplace().push_back({.name = "root", .since = 1700000000});
    info->file_systems.emplace().push_back({.mountpoint = "/", .type = "ext4", .total = 10, .used = std::nullopt});
    const auto response = to_response({}, GuestAnswered{.info = info, .may_power = true});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(parse(response.body), parse(R"({"version": "7.2.0", "hostname": "web1",
        "os": {"id": "debian", "name": "Debian", "version": "12", "kernel": "6.1", "machine": "x86_64"},
        "addresses": [{"interface": "eth0", "mac": "52:54", "address": "192.0.2.1", "prefix": 24},
                      {"interface": "lo", "mac": null, "address": "::1", "prefix": 128}],
        "users": [{"name": "root", "since": 1700000000}],
        "filesystems": [{"mountpoint": "/", "type": "ext4", "total": 10, "used": null}],
        "power": true})"));
}

TEST(GuestResponse, LeavesOutWhatIsNot) {
    const auto response =
        to_response({}, GuestAnswered{.info = std::make_shared<qga::GuestInfo>(), .may_power = false});
    EXPECT_EQ(parse(response.body), parse(R"({"version": "", "power": false})"));
}

TEST(GuestResponse, OfPowerSaysWhatWasAsked) {
    const auto response =
        to_response({.power = qga::Power::suspend}, GuestAnswered{.info = nullptr, .may_power = true});
    EXPECT_EQ(response.status, 202U);
    EXPECT_EQ(parse(response.body), parse(R"({"asked": "suspend"})"));
}

TEST(GuestResponse, NamesWhatFailed) {
    const std::vector<std::pair<Code, unsigned>> statuses{
        {Code::disabled, 403U},   {Code::guest_error, 502U}, {Code::timeout, 504U},  {Code::no_agent, 503U},
        {Code::agent_gone, 503U}, {Code::busy, 503U},        {Code::stopping, 503U}, {Code::cancelled, 503U}};
    for (const auto& [code, status] : statuses) {
        const auto response = to_response({}, qga::Failure{.code = code, .detail = "why"});
        EXPECT_EQ(response.status, status);
        const auto body = parse(response.body);
        EXPECT_EQ(body.at("code").as_string(), browser::name(code));
        EXPECT_EQ(body.at("detail"), "why");
        EXPECT_FALSE(body.as_object().contains("class"));
    }
    const auto refused = parse(
        to_response({}, qga::Failure{.code = Code::guest_error, .detail = "why", .error = {"CommandNotFound", "no"}})
            .body);
    EXPECT_EQ(refused.at("class"), "CommandNotFound");
    EXPECT_EQ(refused.at("text"), "no");
}

}  // namespace
}  // namespace vmcbridge::io::http
