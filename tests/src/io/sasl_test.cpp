// With the library's own client at the other end, and accounts made by saslpasswd2.
#include "src/io/sasl.hpp"

#include "src/io/sasl_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sasl/sasl.h>
#include <sys/wait.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace vmcbridge::io {
namespace {

using browser::Code;
using testing::HasSubstr;
using testing::Not;

constexpr auto host = "vm.test";

/// The library's folder of configuration, with an account: alice, whose password is "wonderland". One for all tests of
/// the program, since the library reads it once.
class Accounts {
public:
    static const Accounts& get() {
        static const Accounts accounts;
        return accounts;
    }
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;
    ~Accounts() { std::filesystem::remove_all(folder_); }
    bool made = false;

private:
    Accounts() {
        std::string name = testing::TempDir() + "sasl-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        std::ofstream{folder_ + "/krb5.keytab"} << "\x05\x02";
        std::ofstream{folder_ + "/vmcbridge.conf"}
            << "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: " << folder_ << "/sasldb2\n"
            << "keytab: " << folder_ << "/krb5.keytab\n";
        ::setenv("SASL_CONF_PATH", folder_.c_str(), 1);
        const auto command =
            "PATH=$PATH:/usr/sbin saslpasswd2 -p -c -f '" + folder_ + "/sasldb2' -u " + host + " alice";
        auto* program = ::popen(command.c_str(), "w");
        std::fputs("wonderland", program);
        made = WEXITSTATUS(::pclose(program)) == 0;
    }
    std::string folder_;
};

/// libsasl2's client.
class Client {
public:
    Client(std::string user, std::string password) : user_{std::move(user)} {
        EXPECT_EQ(sasl::begin_client(), SASL_OK);
        secret_.reset(static_cast<sasl_secret_t*>(std::calloc(1, sizeof(sasl_secret_t) + password.size())));
        secret_->len = password.size();
        std::memcpy(&secret_->data[0], password.data(), password.size());
        callbacks_ = {sasl_callback_t{SASL_CB_USER, std::bit_cast<Any>(&give_user), this},
                      sasl_callback_t{SASL_CB_AUTHNAME, std::bit_cast<Any>(&give_user), this},
                      sasl_callback_t{SASL_CB_PASS, std::bit_cast<Any>(&give_password), this},
                      sasl_callback_t{SASL_CB_LIST_END, nullptr, nullptr}};
        EXPECT_EQ(sasl_client_new("spice", host, nullptr, nullptr, callbacks_.data(), 0, &connection_), SASL_OK);
        sasl_security_properties_t properties{};
        properties.maxbufsize = 8192;
        EXPECT_EQ(sasl_setprop(connection_, SASL_SEC_PROPS, &properties), SASL_OK);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { sasl_dispose(&connection_); }

    std::optional<std::string> start(const char* mechanism) {
        const char* out = nullptr;
        unsigned size = 0;
        const char* chosen = nullptr;
        result = sasl_client_start(connection_, mechanism, nullptr, &out, &size, &chosen);
        return out == nullptr ? std::nullopt : std::optional{std::string{out, size}};
    }
    std::optional<std::string> step(const std::string& data) {
        const char* out = nullptr;
        unsigned size = 0;
        result = sasl_client_step(connection_, data.data(), static_cast<unsigned>(data.size()), nullptr, &out, &size);
        return out == nullptr ? std::nullopt : std::optional{std::string{out, size}};
    }
    int result = SASL_FAIL;

private:
    using Any = int (*)();
    static int give_user(void* self, int /*id*/, const char** out, unsigned* size) {
        const auto& user = static_cast<Client*>(self)->user_;
        *out = user.c_str();
        if (size != nullptr) *size = static_cast<unsigned>(user.size());
        return SASL_OK;
    }
    static int give_password(sasl_conn_t* /*connection*/, void* self, int /*id*/, sasl_secret_t** out) {
        *out = static_cast<Client*>(self)->secret_.get();
        return SASL_OK;
    }

    std::string user_;
    std::unique_ptr<sasl_secret_t, decltype(&std::free)> secret_{nullptr, &std::free};
    std::array<sasl_callback_t, 4> callbacks_{};
    sasl_conn_t* connection_ = nullptr;
};

std::optional<std::string_view> view(const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>{*text} : std::nullopt;
}

class SaslTest : public testing::Test {
protected:
    SaslTest() { EXPECT_TRUE(Accounts::get().made) << "saslpasswd2 (package sasl2-bin) made no account"; }

    static SaslServer server(bool confidential = true) {
        auto opened = SaslServer::open({.confidential = confidential, .host = host});
        EXPECT_TRUE(opened) << opened.error().reason;
        return std::move(*opened);
    }
    /// Both sides until one of them has enough: the server's last word.
    static Result<SaslStep, SaslFault> talk(SaslServer& server, Client& client, const char* mechanism) {
        auto said = client.start(mechanism);
        auto answer = server.start(mechanism, view(said));
        while (answer && !answer->complete) {
            said = client.step(answer->data.value_or(""));
            answer = server.step(view(said));
        }
        if (answer && answer->data) static_cast<void>(client.step(*answer->data));
        return answer;
    }
};

TEST_F(SaslTest, OffersWhatTheConnectionCanKeepSecret) {
    const auto open = server(false).mechanisms();
    const auto confidential = server(true).mechanisms();
    for (const auto& list : {open, confidential}) {
        EXPECT_LE(list.size(), sasl_limits::mechanism_list);
        EXPECT_THAT(list, HasSubstr("SCRAM-SHA-256"));
        EXPECT_THAT(list, Not(HasSubstr("ANONYMOUS")));
        EXPECT_THAT(list, Not(HasSubstr("EXTERNAL")));
    }
    EXPECT_THAT(',' + confidential + ',', HasSubstr(",PLAIN,"));
    EXPECT_THAT(',' + open + ',', Not(HasSubstr(",PLAIN,")));
    EXPECT_THAT(',' + open + ',', Not(HasSubstr(",LOGIN,")));
}

TEST_F(SaslTest, OffersKerberosWhereThereIsAKeytab) {
    const auto list = server().mechanisms();
    bool has_plugin = false;
    for (const auto** each = sasl_global_listmech(); *each != nullptr; ++each)
        has_plugin = has_plugin || std::string_view{*each} == "GSSAPI";
    if (!has_plugin) GTEST_SKIP() << "without libsasl2-modules-gssapi-mit";
    EXPECT_THAT(',' + list + ',', HasSubstr(",GSSAPI,"));
}

TEST_F(SaslTest, TheRightPasswordLetsInByName) {
    for (const auto* mechanism : {"PLAIN", "SCRAM-SHA-256", "DIGEST-MD5"}) {
        auto end = server();
        Client client{"alice", "wonderland"};
        EXPECT_EQ(end.user(), "");
        const auto answer = talk(end, client, mechanism);
        ASSERT_TRUE(answer) << mechanism << ": " << answer.error().reason;
        EXPECT_TRUE(answer->complete);
        EXPECT_EQ(end.user(), "alice") << mechanism;
        EXPECT_EQ(client.result, SASL_OK) << mechanism;
    }
}

TEST_F(SaslTest, AWrongPasswordOrUserIsRefusedInWordsWithoutThem) {
    for (const auto* mechanism : {"PLAIN", "SCRAM-SHA-256"}) {
        for (const auto* user : {"alice", "mallory"}) {
            auto end = server();
            Client client{user, "looking-glass"};
            const auto answer = talk(end, client, mechanism);
            ASSERT_FALSE(answer) << mechanism;
            EXPECT_EQ(answer.error().code, Code::bad_token);
            EXPECT_THAT(answer.error().reason, Not(HasSubstr("looking-glass")));
            EXPECT_THAT(answer.error().reason, Not(HasSubstr(user)));
            EXPECT_EQ(end.user(), "");
            EXPECT_EQ(end.step("again").error().code, Code::bad_frame) << "it is over";
        }
    }
}

TEST_F(SaslTest, AMechanismThatWasNotOfferedIsNone) {
    for (const std::string_view mechanism :
         {"", ",", "NOTHING", "ANONYMOUS", "EXTERNAL", "plain", "PLAIN,SCRAM-SHA-256", "PLAIN "}) {
        auto end = server();
        const auto answer = end.start(mechanism, std::nullopt);
        ASSERT_FALSE(answer) << mechanism;
        EXPECT_EQ(answer.error().code, Code::not_supported);
    }
    auto open = server(false);
    EXPECT_EQ(open.start("PLAIN", std::string_view{"\0alice\0wonderland", 17}).error().code, Code::not_supported);
    EXPECT_EQ(server().start(std::string(100'000, 'X'), std::nullopt).error().code, Code::not_supported);
}

TEST_F(SaslTest, NoDataIsAskedForAndEmptyDataIsWrong) {
    auto asked = server();
    const auto question = asked.start("PLAIN", std::nullopt);
    ASSERT_TRUE(question) << question.error().reason;
    EXPECT_FALSE(question->complete);
    const auto answer = asked.step(std::string_view{"\0alice\0wonderland", 17});
    ASSERT_TRUE(answer) << answer.error().reason;
    EXPECT_EQ(asked.user(), "alice");

    for (const auto* mechanism : {"PLAIN", "SCRAM-SHA-256"}) {
        auto empty = server();
        const auto refused = empty.start(mechanism, "");
        EXPECT_TRUE(!refused || !refused->complete) << mechanism;
        EXPECT_EQ(empty.user(), "");
    }
    EXPECT_FALSE(server().start("SCRAM-SHA-256", std::string_view{"\0\0\0", 3}));
    EXPECT_FALSE(server().start("PLAIN", "no separators"));
}

TEST_F(SaslTest, WhatIsTooLargeIsNotLookedAt) {
    const std::string large(sasl_limits::message + 1, 'x');
    EXPECT_EQ(server().start("PLAIN", large).error().code, Code::too_large);
    auto end = server();
    ASSERT_TRUE(end.start("PLAIN", std::nullopt));
    EXPECT_EQ(end.step(large).error().code, Code::too_large);
    EXPECT_EQ(server().start("PLAIN", std::string(sasl_limits::message, '\0')).error().code, Code::bad_token);
}

TEST_F(SaslTest, StepsComeInOrder) {
    auto end = server();
    EXPECT_EQ(end.step("early").error().code, Code::bad_frame);
    auto twice = server();
    ASSERT_TRUE(twice.start("PLAIN", std::nullopt));
    EXPECT_EQ(twice.start("PLAIN", std::nullopt).error().code, Code::bad_frame);
}

}  // namespace
}  // namespace vmcbridge::io
