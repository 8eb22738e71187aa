#include "src/io/door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmcbridge::io {
namespace {

using policy::Permission;

DoorRules loopback_rules() {
    return {.auth = AuthMode::none,
            .listen = {{.host = "127.0.0.1", .port = 8006, .path = {}}},
            .allowed_origins = {"https://console.example.org"}};
}

DoorRules everywhere_rules() {
    return {.auth = AuthMode::none, .listen = {{.host = "0.0.0.0", .port = 80, .path = {}}}, .allowed_origins = {}};
}

struct Case {
    std::string what;
    std::vector<std::string_view> hosts;
    std::vector<std::string_view> origins;
    bool let_in;
    DoorRules rules = loopback_rules();
};

class Door : public testing::TestWithParam<Case> {};

TEST_P(Door, JudgesHostAndOrigin) {
    const auto& each = GetParam();
    const auto admission = admit(each.rules, {.hosts = each.hosts, .origins = each.origins});
    EXPECT_EQ(admission.has_value(), each.let_in) << each.what;
    if (admission) {
        EXPECT_EQ(admission->browser, !each.origins.empty());
        EXPECT_FALSE(admission->permissions.has(Permission::admin));
        EXPECT_TRUE(admission->permissions.has(Permission::clipboard_to_guest));
    } else {
        EXPECT_EQ(admission.error().status, 403U);
        EXPECT_EQ(admission.error().code, browser::Code::bad_origin);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Door,
    testing::Values(
        Case{"a program on this machine", {"127.0.0.1:8006"}, {}, true}, Case{"by name", {"localhost:8006"}, {}, true},
        Case{"by name, in capitals", {"LOCALHOST:8006"}, {}, true},
        Case{"through a forwarded port", {"localhost:9999"}, {}, true}, Case{"without a port", {"localhost"}, {}, true},
        Case{"in IPv6", {"[::1]:8006"}, {}, true}, Case{"another loopback address", {"127.8.9.1"}, {}, true},
        Case{"the host of an allowed origin, through a proxy", {"console.example.org"}, {}, true},
        Case{"a name that somebody let resolve to us", {"rebound.example.org:8006"}, {}, false},
        Case{"a name that begins like ours", {"localhost.example.org"}, {}, false},
        Case{"a number that begins like ours", {"127.0.0.1.example.org"}, {}, false},
        Case{"a number that is not ours", {"192.0.2.1:8006"}, {}, false},
        Case{"any number where we listen everywhere", {"192.0.2.1"}, {}, true, everywhere_rules()},
        Case{"a name where we listen everywhere", {"rebound.example.org"}, {}, false, everywhere_rules()},
        Case{"no Host", {}, {}, false}, Case{"two Hosts", {"localhost", "localhost"}, {}, false},
        Case{"an empty Host", {""}, {}, false}, Case{"a port that is none", {"localhost:80x"}, {}, false},
        Case{"a bracket left open", {"[::1"}, {}, false}, Case{"user information", {"x@localhost"}, {}, false},
        Case{"our own page", {"127.0.0.1:8006"}, {"http://127.0.0.1:8006"}, true},
        Case{"our own page behind TLS", {"localhost:8006"}, {"https://localhost:8006"}, true},
        Case{"our own page on the usual port", {"localhost"}, {"http://localhost"}, true},
        Case{"the usual port, written out", {"localhost:443"}, {"https://localhost"}, true},
        Case{"an allowed page", {"127.0.0.1:8006"}, {"https://console.example.org"}, true},
        Case{"an allowed page over the wrong scheme", {"127.0.0.1:8006"}, {"http://console.example.org"}, false},
        Case{"another port of this machine", {"127.0.0.1:8006"}, {"http://127.0.0.1:9000"}, false},
        Case{"another name of this machine", {"127.0.0.1:8006"}, {"http://localhost:8006"}, false},
        Case{"a foreign page", {"127.0.0.1:8006"}, {"https://evil.example.org"}, false},
        Case{"null", {"127.0.0.1:8006"}, {"null"}, false}, Case{"an empty Origin", {"127.0.0.1:8006"}, {""}, false},
        Case{"a file", {"127.0.0.1:8006"}, {"file://"}, false},
        Case{"two Origins", {"localhost:8006"}, {"http://localhost:8006", "http://localhost:8006"}, false},
        Case{"a page whose name ends like an allowed one",
             {"127.0.0.1:8006"},
             {"https://console.example.org.evil.example"},
             false}));

TEST(Door, BehindOurOwnTlsAPlainPageIsForeign) {
    const auto is_let_in = [](std::string_view host, std::string_view origin) {
        return admit(loopback_rules(), {.tls = true, .hosts = {host}, .origins = {origin}}).has_value();
    };
    EXPECT_TRUE(is_let_in("localhost:8006", "https://localhost:8006"));
    EXPECT_TRUE(is_let_in("localhost", "https://localhost"));
    EXPECT_TRUE(is_let_in("localhost:443", "https://localhost"));
    EXPECT_TRUE(is_let_in("localhost:8006", "https://console.example.org"));
    EXPECT_FALSE(is_let_in("localhost:8006", "http://localhost:8006"));
    EXPECT_FALSE(is_let_in("localhost", "http://localhost"));
    EXPECT_FALSE(is_let_in("localhost:443", "http://localhost:443"));
    EXPECT_TRUE(admit(loopback_rules(), {.tls = true, .hosts = {"localhost:8006"}}).has_value());
}

TEST(Door, AdminSocketGivesEverythingToProgramsAndNothingToPages) {
    const auto program = admit(loopback_rules(), {.admin = true, .hosts = {"anything"}});
    ASSERT_TRUE(program.has_value());
    EXPECT_TRUE(program->permissions.has(Permission::admin));
    EXPECT_FALSE(admit(loopback_rules(), {.admin = true, .hosts = {"localhost"}, .origins = {"http://localhost"}}));
}

TEST(Door, TokenModeLetsNobodyInUntilTokensCanBeChecked) {
    auto rules = loopback_rules();
    rules.auth = AuthMode::token;
    const auto refused = admit(rules, {.hosts = {"localhost"}, .authorization = "Bearer x"});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().status, 401U);
    EXPECT_EQ(refused.error().code, browser::Code::bad_token);
    EXPECT_TRUE(admit(rules, {.admin = true}).has_value());
}

TEST(Door, AllowedPageOfAnotherOriginIsNamedForItsAnswer) {
    const auto admission =
        admit(loopback_rules(), {.hosts = {"localhost:8006"}, .origins = {"https://console.example.org"}});
    ASSERT_TRUE(admission.has_value());
    EXPECT_EQ(admission->cross_origin, "https://console.example.org");
}

TEST(PresentedToken, HeaderThenSubprotocolThenQuery) {
    RequestFacts facts{.subprotocols = {"vmcbridge.v1", "bearer.second"}, .query = "a=b&token=third"};
    facts.authorization = "bearer first";
    EXPECT_EQ(presented_token(facts), "first");
    facts.authorization = "Basic Zmlyc3Q=";
    EXPECT_EQ(presented_token(facts), "second");
    facts.subprotocols = {"vmcbridge.v1"};
    EXPECT_EQ(presented_token(facts), "third");
    facts.query = "tokens=x&xtoken=y&token";
    EXPECT_EQ(presented_token(facts), "");
}

}  // namespace
}  // namespace vmcbridge::io
