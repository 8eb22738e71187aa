#include "src/io/http/api_tickets.hpp"

#include "tests/src/io/support/certificates.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io::http {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using policy::Permission;
using policy::PermissionSet;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ApiTicketsTest : public testing::Test {
protected:
    ApiTicketsTest() {
        Config config;
        config.server.spice_listen = {Address{.host = "127.0.0.1", .port = 5930, .path = {}}};
        config.vms["web1"].name = "web1";
        config.vms["own"].spice_listen = {Address{.host = {}, .port = 0, .path = "/run/x.sock"},
                                          Address{.host = "127.0.0.1", .port = 5931, .path = {}}};
        config.vms["local"].spice_listen = {Address{.host = {}, .port = 0, .path = "/run/y.sock"}};
        spice_.update(config, std::nullopt);
        spice_.set_machines(config.vms);
        config_ = config;
        admission_.permissions = PermissionSet::all_but_admin();
    }
    Response post(std::string body, std::string type = "application/json") {
        Request request{.method = "POST", .path = "/", .fields = {{"host", "vm.example.org:8006"}}};
        request.fields.emplace_back("content-type", std::move(type));
        request.body = std::move(body);
        return make_ticket(spice_, {.vm = vm_, .request = request, .admission = admission_, .now = now_});
    }
    Response console(std::string query = {}, std::string host = "[::1]:8006") {
        const Request request{
            .method = "GET", .path = "/", .query = std::move(query), .fields = {{"host", std::move(host)}}};
        return make_console_file(spice_, {.vm = vm_, .request = request, .admission = admission_, .now = now_});
    }
    /// The ticket of an answer, redeemed.
    Admitted redeemed(const Response& response) {
        EXPECT_EQ(response.status, 201U) << response.body;
        const auto ticket = json::parse(response.body).at("ticket").as_string();
        auto admitted = spice_.tickets->redeem({ticket.data(), ticket.size()}, now_);
        EXPECT_TRUE(admitted);
        return admitted ? *admitted : Admitted{};
    }

    Config config_;
    SpiceAccess spice_;
    Admission admission_;
    std::string vm_ = "web1";
    Clock::time_point now_ = Clock::time_point{} + 1h;
};

TEST_F(ApiTicketsTest, ATicketSaysWhereToGoWithIt) {
    const auto answer = post("", "");
    EXPECT_EQ(answer.status, 201U);
    EXPECT_EQ(answer.cache, "") << "no-store, unless something else is said";
    const auto body = json::parse(answer.body).as_object();
    EXPECT_EQ(body.at("seconds"), 60);
    EXPECT_EQ(body.at("host"), "vm.example.org");
    EXPECT_EQ(body.at("port"), 5930);
    EXPECT_TRUE(body.at("tlsPort").is_null());
    EXPECT_TRUE(body.at("expires").as_string().ends_with("Z"));
    const auto admitted = redeemed(answer);
    EXPECT_EQ(admitted.vm, "web1");
    EXPECT_EQ(admitted.permissions, PermissionSet::all_but_admin());
}

TEST_F(ApiTicketsTest, TheBodyChoosesLifetimeUserAndRights) {
    const auto admitted = redeemed(post(R"({"seconds":3600,"user":"bob","allow":["mouse","resize"]})"));
    EXPECT_EQ(admitted.user, "bob");
    EXPECT_EQ(admitted.permissions, (PermissionSet{Permission::mouse, Permission::resize, Permission::spice}));
    const auto answer = post(R"({"seconds":3600})", "Application/JSON; charset=utf-8");
    now_ += 3599s;
    redeemed(answer);
}

TEST_F(ApiTicketsTest, ATicketIsNeverWiderThanItsRequester) {
    admission_.permissions = {Permission::spice, Permission::mouse};
    EXPECT_EQ(redeemed(post(R"({"allow":["mouse","resize","admin"]})")).permissions,
              (PermissionSet{Permission::mouse, Permission::spice}));
    admission_.permissions = PermissionSet::all_but_admin();
    admission_.permissions.add(Permission::admin);
    EXPECT_EQ(redeemed(post(R"({"allow":["admin"]})")).permissions, PermissionSet{Permission::spice});
    EXPECT_EQ(redeemed(post("")).permissions, PermissionSet::all_but_admin());
}

TEST_F(ApiTicketsTest, WhoHasANameGivesNoTicketsUnderAnother) {
    admission_.user = "alice";
    EXPECT_EQ(redeemed(post("")).user, "alice");
    EXPECT_EQ(redeemed(post(R"({"user":"alice"})")).user, "alice");
    EXPECT_EQ(post(R"({"user":"bob"})").status, 403U);
    admission_.permissions.add(Permission::admin);
    EXPECT_EQ(redeemed(post(R"({"user":"bob"})")).user, "bob");
}

TEST_F(ApiTicketsTest, NamesTheMemberThatIsWrong) {
    for (const auto* seconds : {"0", "-1", "86401", "1.5", "\"60\"", "null", "18446744073709551615"}) {
        const auto answer = post("{\"seconds\":" + std::string{seconds} + "}");
        EXPECT_EQ(answer.status, 400U) << seconds;
        EXPECT_THAT(answer.body, HasSubstr("seconds: "));
    }
    const auto longest = R"({"user":")" + std::string(64, 'x') + R"("})";
    EXPECT_EQ(post(longest).status, 201U);
    for (const auto& user : {std::string{"1"}, '"' + std::string(65, 'x') + '"', std::string{R"("a\nb")"}})
        EXPECT_THAT(post("{\"user\":" + user + "}").body, HasSubstr("user: "));
    for (const auto* allow : {"1", "[1]", R"(["nothing"])", R"("mouse")"})
        EXPECT_THAT(post("{\"allow\":" + std::string{allow} + "}").body, HasSubstr("allow: "));
    for (const auto* body : {"{", "[]", "1", R"({"secs":1})", "\xff"}) EXPECT_EQ(post(body).status, 400U) << body;
    EXPECT_EQ(spice_.tickets->size(), 1U);
}

TEST_F(ApiTicketsTest, ABodyIsJsonAndSaysSo) {
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"})
        EXPECT_EQ(post("{}", type).status, 415U) << type;
}

TEST_F(ApiTicketsTest, WithoutAListenerThereIsNothingToEnter) {
    config_.server.spice_listen.clear();
    spice_.update(config_, std::nullopt);
    EXPECT_EQ(post("").status, 409U);
    EXPECT_THAT(post("").body, HasSubstr(R"("code":"disabled")"));
    EXPECT_EQ(console().status, 409U);
    vm_ = "own";
    EXPECT_EQ(post("").status, 201U);
}

TEST_F(ApiTicketsTest, TheListenersOfAMachineGoBeforeThoseOfAll) {
    vm_ = "own";
    EXPECT_EQ(json::parse(post("").body).at("port"), 5931);
    EXPECT_THAT(console().body, HasSubstr("\nport=5931\n"));
    vm_ = "local";
    EXPECT_TRUE(json::parse(post("").body).at("port").is_null());
    EXPECT_EQ(console().status, 409U);
}

TEST_F(ApiTicketsTest, AConsoleFileHoldsATicketOfItsOwn) {
    const auto answer = console();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.type, "application/x-virt-viewer");
    EXPECT_THAT(answer.fields,
                testing::Contains(testing::Pair("Content-Disposition", R"(attachment; filename="console-web1.vv")")));
    EXPECT_THAT(answer.body, HasSubstr("\nhost=::1\n"));
    const auto at = answer.body.find("password=") + 9;
    const auto password = answer.body.substr(at, answer.body.find('\n', at) - at);
    EXPECT_TRUE(spice_.tickets->redeem(password, now_, "web1"));
}

TEST_F(ApiTicketsTest, OrTheTicketThatItIsGiven) {
    EXPECT_THAT(console("a=b&ticket=a%5Cb%20").body, HasSubstr("\npassword=a\\\\b\\s\n"));
    EXPECT_EQ(spice_.tickets->size(), 0U);
    for (const auto& bad : {std::string(61, 'x'), std::string{"%00"}, std::string{"%0a"}, std::string{"%ff"}})
        EXPECT_EQ(console("ticket=" + bad).status, 400U) << bad;
}

TEST_F(ApiTicketsTest, TheConfiguredHostGoesBeforeTheOneOfTheRequest) {
    config_.server.spice_host = "spice.example.org";
    spice_.update(config_, std::nullopt);
    EXPECT_THAT(console().body, HasSubstr("\nhost=spice.example.org\n"));
    EXPECT_EQ(json::parse(post("").body).at("host"), "spice.example.org");
}

TEST_F(ApiTicketsTest, WithACertificateClientsAreSentToTls) {
    config_.server.tls = {.certificate = "c", .key = "k"};
    spice_.update(config_, ShownCertificate{});
    auto body = json::parse(post("").body).as_object();
    EXPECT_EQ(body.at("port"), 5930);
    EXPECT_EQ(body.at("tlsPort"), 5930);
    EXPECT_THAT(console().body, AllOf(HasSubstr("\ntls-port=5930\n"), Not(HasSubstr("\nport="))));
    EXPECT_THAT(console().body, Not(HasSubstr("\nca="))) << "clients know who vouches for it";
    config_.server.spice_tls = SpiceTls::required;
    spice_.update(config_, ShownCertificate{});
    body = json::parse(post("").body).as_object();
    EXPECT_TRUE(body.at("port").is_null());
    EXPECT_EQ(body.at("tlsPort"), 5930);
    vm_ = "own";
    EXPECT_EQ(json::parse(post("").body).at("tlsPort"), 5931);
    vm_ = "local";
    EXPECT_EQ(console().status, 409U) << "a unix socket is no port";
    vm_ = "web1";
    config_.server.spice_tls = SpiceTls::off;
    spice_.update(config_, ShownCertificate{});
    EXPECT_TRUE(json::parse(post("").body).at("tlsPort").is_null());
    EXPECT_THAT(console().body, AllOf(HasSubstr("\nport=5930\n"), Not(HasSubstr("\ntls-port="))));
}

TEST_F(ApiTicketsTest, TheSubjectIsGivenWhereTheCertificateIsForAnotherHost) {
    const auto identity = io::test::Identity::make({{"CN", "gate"}}, "DNS:vm.example.org");
    const auto bytes = identity.der();
    config_.server.tls = {.certificate = "c", .key = "k"};
    spice_.update(config_, ShownCertificate{.der = bytes, .subject = "CN=gate", .ca_pem = "a PEM"});
    EXPECT_THAT(console("", "vm.example.org").body, AllOf(HasSubstr("\nca=a PEM\n"), Not(HasSubstr("host-subject"))));
    EXPECT_THAT(console("", "other.example.org").body, HasSubstr("\nca=a PEM\nhost-subject=CN=gate\n"));
    spice_.update(config_, ShownCertificate{.der = bytes, .subject = "CN=gate", .ca_pem = ""});
    EXPECT_THAT(console("", "other.example.org").body, Not(HasSubstr("host-subject"))) << "anybody may be called gate";
}

TEST_F(ApiTicketsTest, AHostThatIsNoneIsNotHandedOn) { EXPECT_EQ(console("", "a b:x\n").status, 400U); }

TEST_F(ApiTicketsTest, AMachineThatGoesTakesItsTicketsAlong) {
    const auto body = json::parse(post("").body);
    config_.vms.erase("web1");
    config_.spice_passwords = {{"own", "fixed"}};
    spice_.update(config_, std::nullopt);
    spice_.set_machines(config_.vms);
    const auto& ticket = body.at("ticket").as_string();
    EXPECT_FALSE(spice_.tickets->redeem({ticket.data(), ticket.size()}, now_));
    EXPECT_TRUE(spice_.tickets->redeem("fixed", now_));
    spice_.set_machines({});
    EXPECT_TRUE(spice_.tickets->redeem("fixed", now_)) << "the configuration's own: the machine may come back";
}

TEST(FromElsewhere, IsWhatABrowserSaysOfARequestWithoutOrigin) {
    const auto asked = [](std::vector<std::pair<std::string, std::string>> fields) {
        return is_from_elsewhere({.method = "GET", .path = "/", .fields = std::move(fields)});
    };
    EXPECT_FALSE(asked({}));
    EXPECT_FALSE(asked({{"sec-fetch-site", "same-origin"}}));
    EXPECT_FALSE(asked({{"sec-fetch-site", "none"}}));
    EXPECT_TRUE(asked({{"sec-fetch-site", "cross-site"}}));
    EXPECT_TRUE(asked({{"sec-fetch-site", "same-site"}})) << "another port of this host, for one";
    EXPECT_FALSE(asked({{"origin", "https://allowed.example.org"}, {"sec-fetch-site", "cross-site"}}))
        << "the door has looked at it";
}

}  // namespace
}  // namespace vmcbridge::io::http
