// The server with its machines, over real sockets.
#include "src/io/server.hpp"

#include "tests/src/io/support/certificates.hpp"
#include "tests/src/io/support/rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <thread>

namespace vmcbridge::io {
namespace {

using test::close_text;
using test::read_answer;
using test::Rig;
using test::SocketClient;
using test::Wire;
using testing::HasSubstr;

void rlimit_for_many() {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

class ServerTest : public testing::Test {
protected:
    static ServerConfig admin_on(const std::string& path) {
        ServerConfig config;
        config.admin = Address{.host = {}, .port = 0, .path = path};
        return config;
    }
    SocketClient agent(std::string_view vm, std::string_view more = {}) const {
        return {rig_.http(), "/vms/" + std::string{vm} + "/agent", "vmcbridge.v1", more};
    }

    test::Folder folder_;
    Rig rig_{{{"one", {}}, {"two", {}}, {"three", {}}}, admin_on(folder_ / "admin.sock")};
};

TEST_F(ServerTest, HealthAndReadiness) {
    EXPECT_EQ(rig_.get("/healthz").status(), 200U);
    EXPECT_EQ(rig_.get("/readyz").status(), 200U);
}

TEST_F(ServerTest, MachinesOfEveryContextAreListed) {
    const auto list = rig_.get("/api/v1/vms");
    for (const auto* name : {R"("name":"one")", R"("name":"two")", R"("name":"three")"}) {
        EXPECT_THAT(list.body, HasSubstr(name));
    }
    EXPECT_EQ(rig_.get("/api/v1/vms/two").status(), 200U);
    EXPECT_THAT(rig_.get("/api/v1/vms/nobody").body, HasSubstr("unknown-vm"));
    EXPECT_EQ(rig_.get("/api/v1/vms", "PUT").status(), 405U);
    EXPECT_EQ(rig_.get("/api/v1/vms", "HEAD").status(), 200U);
}

TEST_F(ServerTest, RequestsOnOneConnectionAreAnsweredInOrderAlsoWhenTheyComeAtOnce) {
    auto wire = rig_.http();
    std::string all;
    for (const auto* path : {"/healthz", "/nothing", "/readyz", "/api/v1/vms/one"}) {
        all += "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    wire.write(all);
    EXPECT_EQ(read_answer(wire).body, "ok\n");
    EXPECT_EQ(read_answer(wire).status(), 404U);
    EXPECT_EQ(read_answer(wire).body, "ready\n");
    EXPECT_THAT(read_answer(wire).body, HasSubstr(R"("name":"one")"));
}

TEST_F(ServerTest, MalformedRequestIsAnsweredAndTheConnectionEnds) {
    for (const auto& bad : {std::string{"rubbish\r\n\r\n"}, "GET / HTTP/1.1\r\n" + std::string(100'000, 'x')}) {
        auto wire = rig_.http();
        wire.write(bad);
        wire.finish_writing();
        const auto answer = wire.read_all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 4")) << answer;
        EXPECT_THAT(answer, HasSubstr("Connection: close"));
    }
}

TEST_F(ServerTest, EveryAnswerIsProtected) {
    for (const auto* path : {"/healthz", "/nothing", "/api/v1/vms"}) {
        const auto answer = rig_.get(path);
        for (const auto* field : {"Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff",
                                  "Referrer-Policy: no-referrer", "Cross-Origin-Opener-Policy: same-origin"}) {
            EXPECT_THAT(answer.head, HasSubstr(field)) << path;
        }
    }
}

TEST_F(ServerTest, AThousandHalfOpenConnectionsDoNotKeepALegalClientOut) {
    rlimit_for_many();
    std::vector<Wire> half_open;
    for (int each = 0; each < 1000; ++each) {
        half_open.push_back(rig_.http());
        half_open.back().write("GET / HT");
    }
    const auto begun = Clock::now();
    EXPECT_EQ(rig_.get("/healthz").status(), 200U);
    EXPECT_LT(Clock::now() - begun, std::chrono::seconds{1});
}

TEST_F(ServerTest, AgentIsWelcomedOnItsMachinesContext) {
    for (const auto* vm : {"one", "two", "three"}) {
        auto client = agent(vm);
        EXPECT_THAT(client.head, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        EXPECT_THAT(client.head, HasSubstr("Sec-WebSocket-Protocol: vmcbridge.v1\r\n"));
        const auto [opcode, welcome] = client.next();
        EXPECT_EQ(opcode, websocket::text);
        EXPECT_THAT(welcome, HasSubstr(R"("type":"welcome")"));
        EXPECT_THAT(welcome, HasSubstr("\"vm\":\"" + std::string{vm} + '"'));
    }
}

TEST_F(ServerTest, FramesThatCameWithTheHandshakeAreNotLost) {
    auto wire = rig_.http();
    wire.write(
        "GET /vms/two/agent HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        websocket::client_frame(websocket::fin | websocket::text, R"({"type":"ping","id":77})"));
    std::string all;
    while (all.find(R"("id":77)") == std::string::npos) {
        const auto piece = wire.read_some();
        ASSERT_FALSE(piece.empty());
        all += piece;
    }
    EXPECT_THAT(all, HasSubstr("pong"));
}

TEST_F(ServerTest, PingOfTheProtocolIsAnsweredWithItsPayload) {
    auto client = agent("one");
    client.send(websocket::fin | websocket::ping, "are you there?");
    for (;;) {
        const auto [opcode, payload] = client.next();
        ASSERT_NE(opcode, 0U);
        if (opcode != websocket::pong) continue;
        EXPECT_EQ(payload, "are you there?");
        break;
    }
}

TEST_F(ServerTest, FaultyFramesAreClosedWithTheirCode) {
    const std::vector<std::pair<std::string, std::string>> table{
        {websocket::client_frame(websocket::fin | websocket::continued, "x"), "1002 frame out of order"},
        {websocket::client_frame(websocket::fin | websocket::text, "\xff"), "1007 text is not UTF-8"},
        {websocket::client_frame(websocket::fin | websocket::binary, std::string(262'149, 'x')),
         "1009 message too large"},
        {"\x82\x01x", "1002 frame without mask"},
        {websocket::client_frame(websocket::fin | websocket::close, "\x03\xe8"), "1000 "},
    };
    for (const auto& [frame, reason] : table) {
        auto client = agent("one");
        client.wire().write(frame);
        std::pair<unsigned, std::string> next;
        do next = client.next();
        while (next.first != websocket::close && next.first != 0);
        EXPECT_EQ(close_text(next.second), reason);
        client.send(websocket::fin | websocket::close, "\x03\xe8");
        EXPECT_EQ(client.next().first, 0U);
    }
}

TEST_F(ServerTest, TheDoorRefusesProgramsByStatusAndBrowsersByCloseCode) {
    EXPECT_TRUE(agent("nobody").head.starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(agent("one", "Origin: https://evil.example\r\n").head.starts_with("HTTP/1.1 403"));
    auto browser = agent("nobody", "Origin: http://localhost\r\n");
    ASSERT_TRUE(browser.is_open());
    EXPECT_EQ(close_text(browser.next().second), "1008 unknown-vm");
    SocketClient elsewhere{rig_.http(), "/vms/one/nothing", ""};
    EXPECT_TRUE(elsewhere.head.starts_with("HTTP/1.1 404"));
    SocketClient wrong{rig_.http(), "/vms/one/agent", "other.v1"};
    EXPECT_TRUE(wrong.head.starts_with("HTTP/1.1 400"));
    SocketClient with_token{rig_.http(), "/vms/one/agent", "bearer.abc, vmcbridge.v1"};
    EXPECT_THAT(with_token.head, HasSubstr("Sec-WebSocket-Protocol: vmcbridge.v1\r\n"));
    EXPECT_EQ(rig_.get("/vms/one/agent").status(), 426U);
}

TEST_F(ServerTest, AdminSocketServesTheSame) {
    struct stat status{};
    ASSERT_EQ(::stat((folder_ / "admin.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
    auto wire = Wire::local(folder_ / "admin.sock");
    wire.write("GET /api/v1/vms/one HTTP/1.1\r\nHost: whatever\r\n\r\n");
    EXPECT_EQ(read_answer(wire).status(), 200U);
    SocketClient client{Wire::local(folder_ / "admin.sock"), "/vms/one/agent", "vmcbridge.v1"};
    EXPECT_TRUE(client.is_open());
}

TEST_F(ServerTest, DetachedMachineTellsItsClientsAndIsGone) {
    auto goes = agent("one");
    auto stays = agent("two");
    VmConfig two;
    two.name = "two";
    rig_.registry.apply({{"two", two}});
    std::pair<unsigned, std::string> next;
    do next = goes.next();
    while (next.first == websocket::text);
    EXPECT_EQ(close_text(next.second), "4001 detached");
    EXPECT_EQ(rig_.get("/api/v1/vms/one").status(), 404U);
    stays.send(websocket::fin | websocket::text, R"({"type":"ping","id":5})");
    do next = stays.next();
    while (next.second.find("pong") == std::string::npos && next.first != 0);
    EXPECT_THAT(next.second, HasSubstr("pong"));
}

TEST_F(ServerTest, StopTellsClientsAndRemovesSockets) {
    auto client = agent("one");
    auto idle = rig_.http();
    std::thread reader{[&] {
        std::pair<unsigned, std::string> next;
        do next = client.next();
        while (next.first == websocket::text);
        EXPECT_EQ(close_text(next.second), "1001 stopping");
        client.send(websocket::fin | websocket::close, "\x03\xe9");
        EXPECT_EQ(client.next().first, 0U);
        EXPECT_EQ(idle.read_all(), "");
    }};
    EXPECT_TRUE(rig_.stop());
    reader.join();
    EXPECT_FALSE(std::filesystem::exists(folder_ / "admin.sock"));
}

TEST(Server, WithACertificateTcpSpeaksTlsOnlyAndSaysSo) {
    const test::Certificates certificates;
    const test::Folder folder;
    ServerConfig config;
    config.tls = certificates.files();
    config.admin = Address{.host = {}, .port = 0, .path = folder / "admin.sock"};
    Rig rig{{}, config};
    const auto answer = rig.get("/healthz");
    EXPECT_EQ(answer.status(), 400U);
    EXPECT_THAT(answer.head, HasSubstr("application/problem+json"));
    EXPECT_THAT(answer.body, HasSubstr("https://"));
    auto local = Wire::local(folder / "admin.sock");
    local.write("GET /healthz HTTP/1.1\r\nHost: whatever\r\n\r\n");
    EXPECT_EQ(read_answer(local).status(), 200U) << "unix sockets stay plain";
}

TEST(Server, WithoutAGoodCertificateNothingStartsAndNothingChanges) {
    const test::Certificates certificates;
    Config config;
    config.server.listen = {{.host = "127.0.0.1", .port = 0, .path = {}}};
    config.server.tls = certificates.files();
    DataPlane plane{1};
    VmRegistry registry{plane};
    Server server{plane, registry, config};
    ASSERT_TRUE(server.start().has_value());
    EXPECT_TRUE(server.update(config).has_value());
    test::Identity::make({{"CN", "other"}}).write_key(config.server.tls.key);
    const auto updated = server.update(config);
    ASSERT_FALSE(updated.has_value());
    EXPECT_THAT(updated.error(), HasSubstr(config.server.tls.key));
    const auto started = Server{plane, registry, config}.start();
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error(), updated.error());
}

TEST(Server, NamesAnAddressThatIsTaken) {
    Rig rig{{}};
    DataPlane plane{1};
    VmRegistry registry{plane};
    Config config;
    config.server.listen = {{.host = "127.0.0.1", .port = rig.port, .path = {}}};
    Server second{plane, registry, config};
    const auto started = second.start();
    ASSERT_FALSE(started.has_value());
    EXPECT_THAT(started.error(), HasSubstr("127.0.0.1:" + std::to_string(rig.port)));
    EXPECT_THAT(started.error(), HasSubstr("in use"));
}

}  // namespace
}  // namespace vmcbridge::io
