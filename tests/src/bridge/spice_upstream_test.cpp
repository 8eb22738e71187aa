// The bridge as the client of a SPICE server: what the server may say, and what becomes of the agent's bytes.
#include "src/bridge/spice_upstream.hpp"

#include "proto/wire.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using support::ByteVector;
using support::copy_of;
using support::from_hex;
using support::to_hex;

constexpr auto init_with_agent =
    "67 00 20 00 00 00 44 33 22 11 00 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00 0a 00 00 00 00 00 00 00 00 00 00 00";
constexpr auto init_without =
    "67 00 20 00 00 00 44 33 22 11 00 00 00 00 01 00 00 00 01 00 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00 00";
constexpr auto agent_start_and_attach = "6a 00 04 00 00 00 40 00 00 00 68 00 00 00 00 00";

class Upstream : public testing::Test {
protected:
    std::optional<std::string> server(std::string_view hex) { return up.handle_server(from_hex(hex)); }
    std::string to_server() {
        ByteVector out(1 << 20);
        out.resize(up.poll_server(out));
        return to_hex(out);
    }
    std::string to_port() {
        ByteVector out(1 << 20);
        out.resize(up.poll_port(out));
        return to_hex(out);
    }
    SpiceUpstream up{spice::HeaderKind::mini};
};

TEST_F(Upstream, AgentThatIsThereIsStartedWithAFiniteGrant) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    EXPECT_EQ(up.agent(), 1U);
    EXPECT_EQ(to_server(), agent_start_and_attach);
}

TEST_F(Upstream, AgentComesGoesAndComesAsAnotherOne) {
    EXPECT_EQ(server(init_without), std::nullopt);
    EXPECT_EQ(up.agent(), 0U);
    EXPECT_EQ(server("73 00 04 00 00 00 0a 00 00 00"), std::nullopt);
    EXPECT_EQ(up.agent(), 1U);
    EXPECT_EQ(server("6c 00 04 00 00 00 00 00 00 00"), std::nullopt);
    EXPECT_EQ(up.agent(), 0U);
    EXPECT_EQ(server("6b 00 00 00 00 00"), std::nullopt);
    EXPECT_EQ(up.agent(), 2U);
}

TEST_F(Upstream, WhatTheAgentSaysIsAChunkOfTheClientsPort) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    EXPECT_EQ(server("6d 00 03 00 00 00 61 62 63"), std::nullopt);
    EXPECT_EQ(to_port(), "01 00 00 00 03 00 00 00 61 62 63");
}

TEST_F(Upstream, WhatTheHubWritesIsAgentDataAsFarAsTokensGo) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    static_cast<void>(to_server());
    const auto chunks = from_hex("01 00 00 00 01 00 00 00 61 02 00 00 00 01 00 00 00 62");
    for (const auto& byte : chunks) EXPECT_EQ(up.handle_port(Bytes{&byte, 1}), std::nullopt);
    EXPECT_EQ(to_server(), "6b 00 01 00 00 00 61 6b 00 01 00 00 00 62") << "of either port";
    for (auto i = 0; i < 8; ++i) EXPECT_EQ(up.handle_port(from_hex("01 00 00 00 01 00 00 00 63")), std::nullopt);
    static_cast<void>(to_server());
    EXPECT_EQ(up.handle_port(from_hex("01 00 00 00 01 00 00 00 64")), std::nullopt);
    EXPECT_EQ(to_server(), "") << "ten tokens are used up";
    EXPECT_EQ(server("6e 00 04 00 00 00 05 00 00 00"), std::nullopt);
    EXPECT_EQ(to_server(), "6b 00 01 00 00 00 64");
}

TEST_F(Upstream, HubIsNotReadWhileTheServerHasNoTokens) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    const auto chunk = from_hex("01 00 00 00 00 08 00 00 61*2048");
    auto chunks = 0;
    for (; chunks < 100 && up.port_is_readable(); ++chunks) EXPECT_EQ(up.handle_port(chunk), std::nullopt);
    EXPECT_FALSE(up.port_is_readable());
    EXPECT_EQ(chunks, 11) << "ten have gone, one waits";
    EXPECT_EQ(server("6e 00 04 00 00 00 05 00 00 00"), std::nullopt);
    EXPECT_TRUE(up.port_is_readable());
}

TEST_F(Upstream, ServerIsNotReadWhileTheHubTakesNothingAndGetsTokensAsItDoes) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    static_cast<void>(to_server());
    while (up.server_is_readable()) EXPECT_EQ(server("6d 00 00 08 00 00 61*2048"), std::nullopt);
    EXPECT_EQ(to_server(), "") << "no tokens before the hub took any";
    static_cast<void>(to_port());
    EXPECT_NE(to_server().find("6c 00 04 00 00 00"), std::string::npos);
    EXPECT_TRUE(up.server_is_readable());
}

TEST_F(Upstream, ServerThatAsksAndDoesNotTakeTheAnswersIsNotRead) {
    EXPECT_EQ(server(init_without), std::nullopt);
    auto asked = 0;
    for (; asked < 20000 && up.server_is_readable(); ++asked)
        EXPECT_EQ(server("04 00 0c 00 00 00 07 00 00 00 15 cd 5b 07 00 00 00 00"), std::nullopt);
    EXPECT_LT(asked, 10000);
    static_cast<void>(to_server());
    EXPECT_TRUE(up.server_is_readable());
}

TEST_F(Upstream, HubIsNotReadWhileTheServerTakesNothingWhateverItGrants) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    EXPECT_EQ(server("6e 00 04 00 00 00 ff ff ff ff"), std::nullopt);
    const auto chunk = from_hex("01 00 00 00 00 08 00 00 61*2048");
    auto chunks = 0;
    for (; chunks < 1000 && up.port_is_readable(); ++chunks) EXPECT_EQ(up.handle_port(chunk), std::nullopt);
    EXPECT_LT(chunks, 100);
    static_cast<void>(to_server());
    EXPECT_TRUE(up.port_is_readable());
}

TEST_F(Upstream, OfModesThatAreWantedTheLastIsAskedFor) {
    EXPECT_EQ(server(init_without), std::nullopt);
    static_cast<void>(to_server());
    for (auto i = 0; i < 1000; ++i) up.want_mouse_mode(1);
    up.want_mouse_mode(2);
    EXPECT_EQ(to_server(), "69 00 02 00 00 00 02 00");
    EXPECT_FALSE(up.has_server_output());
}

TEST_F(Upstream, ListOfMoreChannelsThanAMachineHasIsNone) {
    EXPECT_EQ(server(init_without), std::nullopt);
    EXPECT_EQ(server("68 00 04 02 00 00 00 01 00 00 02*512"), std::nullopt);
    const auto fault = server("68 00 06 02 00 00 01 01 00 00 02*514");
    ASSERT_TRUE(fault);
    EXPECT_NE(fault->find("too many channels"), std::string::npos);
}

TEST_F(Upstream, PingsOfAnySizeAreAnsweredAndAcknowledgementsCounted) {
    EXPECT_EQ(server(init_without), std::nullopt);
    static_cast<void>(to_server());
    EXPECT_EQ(server("04 00 0c e8 03 00 07 00 00 00 15 cd 5b 07 00 00 00 00 00*256000"), std::nullopt);
    EXPECT_EQ(to_server(), "03 00 0c 00 00 00 07 00 00 00 15 cd 5b 07 00 00 00 00");
    EXPECT_EQ(server("03 00 08 00 00 00 01 00 00 00 02 00 00 00"), std::nullopt);
    EXPECT_EQ(to_server(), "01 00 04 00 00 00 01 00 00 00");
    EXPECT_EQ(server("6a 00 04 00 00 00 00 00 00 00 6a 00 04 00 00 00 00 00 00 00"), std::nullopt);
    EXPECT_EQ(to_server(), "02 00 00 00 00 00");
}

TEST_F(Upstream, SessionIsToldOnceItHasItsChannelsAndWithEachChange) {
    EXPECT_EQ(server("67 00 20 00 00 00 44 33 22 11 02 00 00 00 03 00 00 00 01 00 00 00 00 00 00 00 0a 00 00 00"
                     " e8 03 00 00 00 00 10 00"),
              std::nullopt);
    EXPECT_EQ(server("71 00 06 00 00 00 02 00 00 00 76 00"
                     " 72 00 10 00 00 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"),
              std::nullopt);
    EXPECT_FALSE(up.take_session());
    EXPECT_EQ(server("68 00 08 00 00 00 02 00 00 00 02 00 03 00"), std::nullopt);
    UpstreamSession expected{.id = 0x11223344,
                             .display_channels_hint = 2,
                             .mouse_modes = 3,
                             .mouse_mode = 1,
                             .multi_media_time = 1000,
                             .ram_hint = 1048576,
                             .channels = {{spice::ChannelType::display, 0}, {spice::ChannelType::inputs, 0}},
                             .name = "v",
                             .uuid = {}};
    expected.uuid.emplace();
    for (std::size_t i = 0; i < 16; ++i) expected.uuid->at(i) = static_cast<std::byte>(i);
    EXPECT_EQ(up.take_session(), expected);
    EXPECT_FALSE(up.take_session());
    EXPECT_EQ(server("69 00 04 00 00 00 03 00 02 00 6a 00 04 00 00 00 d0 07 00 00"), std::nullopt);
    expected.mouse_mode = 2;
    expected.multi_media_time = 2000;
    EXPECT_EQ(up.take_session(), expected);
}

TEST_F(Upstream, AsksForAMouseMode) {
    up.want_mouse_mode(2);
    EXPECT_EQ(to_server(), "") << "not before it has begun";
    EXPECT_EQ(server(init_without), std::nullopt);
    static_cast<void>(to_server());
    up.want_mouse_mode(2);
    EXPECT_EQ(to_server(), "69 00 02 00 00 00 02 00");
}

TEST_F(Upstream, FollowsTheMachineToAnotherHost) {
    EXPECT_EQ(server(init_without), std::nullopt);
    const auto fault = server(
        "6f 00 1c 00 00 00 0c 17 0d 17 04 00 00 00 14 00 00 00 04 00 00 00 18 00 00 00"
        " 61 62 63 00 43 3d 44 00");
    ASSERT_TRUE(fault);
    ASSERT_TRUE(up.moved());
    EXPECT_EQ(up.moved()->host, "abc");
    EXPECT_EQ(up.moved()->port, 5900);
    EXPECT_EQ(up.moved()->tls_port, 5901);
    EXPECT_EQ(up.moved()->subject, "C=D");
}

TEST_F(Upstream, ServersThatLieAreNamed) {
    const std::pair<const char*, const char*> cases[] = {
        {"6c 00 04 00 00 00 00 00 00 00", "does not begin with INIT"},
        {"67 00 04 00 00 00 01 00 00 00", "truncated"},
        {"6d 00 ff ff ff ff", "too large"},
        {"04 00 ff ff ff ff", "too large"},
        {"ff ff ff ff ff ff", "too large"},
    };
    for (const auto& [hex, why] : cases) {
        SpiceUpstream fresh{spice::HeaderKind::mini};
        const auto fault = fresh.handle_server(from_hex(hex));
        ASSERT_TRUE(fault) << hex;
        EXPECT_NE(fault->find(why), std::string::npos) << *fault;
    }
    for (const auto* hex :
         {"6d 00 01 08 00 00", "6f 00 14 00 00 00 0c 17 0d 17 ff ff ff ff 14 00 00 00 00 00 00 00 00 00 00 00",
          "73 00 03 00 00 00 01 00 00", "68 00 06 00 00 00 02 00 00 00 02 00", "68 00 04 00 00 00 ff ff ff ff",
          "71 00 06 00 00 00 ff 00 00 00 76 00", "72 00 01 00 00 00 00", "69 00 02 00 00 00 03 00", init_without}) {
        SpiceUpstream fresh{spice::HeaderKind::mini};
        EXPECT_EQ(fresh.handle_server(from_hex(init_without)), std::nullopt);
        EXPECT_TRUE(fresh.handle_server(from_hex(hex))) << hex;
    }
}

TEST_F(Upstream, AnyCutMeansTheSame) {
    const auto bytes = from_hex(std::string{init_with_agent} + " 6d 00 03 00 00 00 61 62 63 6d 00 01 00 00 00 64");
    for (const auto& byte : bytes) EXPECT_EQ(up.handle_server(Bytes{&byte, 1}), std::nullopt);
    EXPECT_EQ(to_port(), "01 00 00 00 03 00 00 00 61 62 63 01 00 00 00 01 00 00 00 64");
}

TEST_F(Upstream, HalfAChunkOfAFormerAgentIsForgotten) {
    EXPECT_EQ(server(init_with_agent), std::nullopt);
    EXPECT_EQ(up.handle_port(from_hex("01 00 00 00 03 00 00 00 61")), std::nullopt);
    EXPECT_EQ(server("6c 00 04 00 00 00 00 00 00 00 73 00 04 00 00 00 0a 00 00 00"), std::nullopt);
    static_cast<void>(to_server());
    EXPECT_EQ(up.handle_port(from_hex("01 00 00 00 01 00 00 00 62")), std::nullopt);
    EXPECT_EQ(to_server(), "6b 00 01 00 00 00 62");
}

}  // namespace
}  // namespace vmcbridge::bridge
