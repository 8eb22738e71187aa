// The bridge as a client, and servers that say what they should not.
#include "src/io/spice/client_link.hpp"

#include "proto/sasl_limits.hpp"
#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/address.hpp"
#include "src/io/spice/ticket_key.hpp"
#include "tests/src/io/spice/channel_end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace vmcbridge::io::spice {
namespace {

using namespace test;
namespace proto = ::vmcbridge::spice;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view password = "wonderland";

std::string u32(std::size_t number) {
    std::vector<std::byte> out;
    Writer{out}.u32(static_cast<std::uint32_t>(number));
    return std::string{as_text(out)};
}
/// A server's list, or a client's choice.
std::string sized(std::string_view text) { return u32(text.size()) + std::string{text}; }
/// A server's answer in the conversation.
std::string answer(std::string_view data, bool complete) {
    return u32(data.size() + 1) + std::string{data} + '\0' + (complete ? '\1' : '\0');
}
const std::string silence = u32(0) + '\0';

constexpr auto sasl_only = {SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, SPICE_COMMON_CAP_AUTH_SASL};
constexpr auto tickets_only = {SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, SPICE_COMMON_CAP_AUTH_SPICE};

/// How a server is, and how the bridge is told to meet it.
struct Case {
    std::string says;  ///< all that it says behind its answer to the link, whatever it hears
    bool hangs_up = false;
    bool local = true;  ///< a unix socket: nobody reads along
    std::string user = "alice";
    std::initializer_list<decltype(SPICE_COMMON_CAP_AUTH_SASL)> offers = sasl_only;
    bool has_password = true;
    bool has_key = false;  ///< for tickets
    milliseconds patience = test::patience;
};

class ClientLinkTest : public testing::Test {
protected:
    Task<> link(const Guest& guest, milliseconds time) {
        auto linked = co_await link_as_client(loop_.context, guest, Clock::now() + time);
        outcome_ = linked ? "linked" : linked.error();
    }

    /// What became of it: "linked", or the sentence.
    std::string meet(const Case& server) {
        outcome_.reset();
        heard_.clear();
        const auto address = server.local ? Address{.host = {}, .port = 0, .path = folder_ / "server.sock"}
                                          : Address{.host = "127.0.0.1", .port = 0, .path = {}};
        auto listener = Listener::open(address);
        EXPECT_TRUE(listener) << listener.error();
        std::ofstream{folder_ / "password"} << password << '\n';
        const Guest guest{.kind = server.local ? Guest::Kind::spice_unix : Guest::Kind::spice,
                          .address = listener->address(),
                          .text = "guest",
                          .user = server.user,
                          .password_file = server.has_password ? folder_ / "password" : std::string{}};
        loop_.tasks.spawn("link", link(guest, server.patience));
        std::optional<Peer> peer;
        EXPECT_TRUE(loop_.until([&] {
            if (auto fd = listener->try_accept()) peer.emplace(std::move(*fd));
            return peer.has_value();
        }));
        std::array<std::byte, proto::public_key_size> key{};
        const auto ticket_key = server.has_key ? TicketKey::make() : std::nullopt;
        if (ticket_key) std::ranges::copy(ticket_key->public_key(), key.begin());
        std::uint32_t common = 0;
        for (const unsigned bit : server.offers) common |= 1U << bit;
        const auto reply = proto::encode_link_reply(
            {.error = proto::LinkError::ok, .public_key = key, .capabilities = {.common = common, .channel = 0}});
        peer->write(std::string{as_text(reply)} + server.says);
        if (server.hangs_up) ::shutdown(peer->native(), SHUT_WR);
        EXPECT_TRUE(loop_.until([&] {
            heard_ += peer->read_now();
            return outcome_.has_value();
        }));
        heard_ += peer->read_now();
        return outcome_.value_or("");
    }

    Loop loop_;
    Folder folder_;
    std::optional<std::string> outcome_;
    std::string heard_;  ///< by the server
};

const auto plain = sized("PLAIN");
const std::string welcome = u32(0) + u32(0);

TEST_F(ClientLinkTest, SendsTheMechanismAndThePasswordWhereNobodyReadsAlong) {
    EXPECT_EQ(meet({.says = plain + silence.substr(0, 4) + '\1' + welcome}), "linked");
    const auto first = std::string{"\0alice\0", 7} + std::string{password};
    EXPECT_THAT(heard_, EndsWith(u32(SPICE_COMMON_CAP_AUTH_SASL) + plain + u32(first.size() + 1) + first + '\0'));
}

TEST_F(ClientLinkTest, ShowsThePasswordToNobodyWhoReadsAlong) {
    for (const auto* list : {"PLAIN", "LOGIN,PLAIN", "PLAIN,ANONYMOUS,EXTERNAL"}) {
        const auto why = meet({.says = sized(list) + answer("", true) + welcome, .local = false});
        EXPECT_THAT(why, HasSubstr("no SASL mechanism")) << list;
        EXPECT_THAT(why, HasSubstr("spice+tls:"));
        EXPECT_THAT(heard_, EndsWith(u32(SPICE_COMMON_CAP_AUTH_SASL))) << "nothing after the choice of SASL";
        EXPECT_THAT(heard_, Not(HasSubstr(password)));
    }
    EXPECT_THAT(meet({.says = sized("PLAIN,SCRAM-SHA-256"), .hangs_up = true, .local = false}), HasSubstr("refuses"));
    EXPECT_THAT(heard_, HasSubstr("SCRAM-SHA-256"));
    EXPECT_THAT(heard_, Not(HasSubstr(password)));
}

TEST_F(ClientLinkTest, TakesTheNextMechanismWhereTheStrongestCannotBeUsed) {
    EXPECT_THAT(meet({.says = sized("GSSAPI,SCRAM-SHA-256,NONE"), .hangs_up = true}), HasSubstr("refuses"));
    EXPECT_THAT(heard_, HasSubstr(sized("SCRAM-SHA-256")));
}

TEST_F(ClientLinkTest, SaysWhatIsMissing) {
    EXPECT_THAT(meet({.says = {}, .user = {}}), HasSubstr("?user=NAME"));
    EXPECT_THAT(meet({.says = {}, .offers = tickets_only}), HasSubstr("has no SASL"));
    EXPECT_THAT(heard_, Not(HasSubstr("alice")));
    EXPECT_THAT(meet({.says = {}, .user = {}, .offers = {SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION}}),
                HasSubstr("no way to log in"));
    for (const auto* list : {"", ",", "ANONYMOUS", "EXTERNAL", "\x01\xff", "PLAIN-AND-MUCH-MORE-OF-IT"})
        EXPECT_THAT(meet({.says = sized(list)}), HasSubstr("no SASL mechanism")) << list;
}

TEST_F(ClientLinkTest, TellsAPasswordThatLacksFromOneThatIsWrong) {
    Case server{.says = u32(SPICE_LINK_ERR_PERMISSION_DENIED), .user = {}, .offers = tickets_only, .has_key = true};
    EXPECT_EQ(meet(server), "the server refuses the password");
    server.has_password = false;
    EXPECT_THAT(meet(server), HasSubstr("wants a password"));
    EXPECT_THAT(meet(server), HasSubstr("?password-file=PATH"));
}

TEST_F(ClientLinkTest, HearsANoInAnyForm) {
    const auto rejection = u32(1) + u32(7) + std::string{"not so", 7};
    EXPECT_THAT(meet({.says = plain + rejection}), HasSubstr("refuses the user or the password"));
    EXPECT_THAT(meet({.says = plain + answer("", true) + rejection}), HasSubstr("refuses the user or the password"));
    EXPECT_THAT(meet({.says = plain, .hangs_up = true}), HasSubstr("refuses the user or the password"));
    EXPECT_THAT(meet({.says = plain + answer("", true) + u32(0) + u32(SPICE_LINK_ERR_PERMISSION_DENIED)}),
                HasSubstr("refuses the password"));
}

TEST_F(ClientLinkTest, TellsServersThatGoOrFallSilentFromThoseThatRefuse) {
    EXPECT_THAT(meet({.says = {}, .hangs_up = true}), HasSubstr("does not say which"));
    EXPECT_THAT(meet({.says = sized("PLAIN").substr(0, 6), .hangs_up = true}), HasSubstr("does not say which"));
    EXPECT_THAT(meet({.says = plain, .patience = 150ms}), HasSubstr("falls silent"));
}

TEST_F(ClientLinkTest, TakesNoLengthThatNobodyNeeds) {
    for (const std::size_t size : {sasl_limits::mechanism_list + 1, std::size_t{0x7fffffff}, std::size_t{0xffffffff}})
        EXPECT_THAT(meet({.says = u32(size) + std::string(512, 'A')}),
                    HasSubstr("list of SASL mechanisms is too long"));
    for (const std::size_t size : {sasl_limits::message + 1, std::size_t{0x7fffffff}, std::size_t{0xffffffff}})
        EXPECT_THAT(meet({.says = plain + u32(size) + std::string(512, 'A')}), HasSubstr("too long"));
    EXPECT_THAT(meet({.says = plain + u32(6) + "no end" + '\1'}), HasSubstr("has no end"));
}

TEST_F(ClientLinkTest, DoesNotTalkForEver) {
    std::string says = plain;
    for (int each = 0; each < 100; ++each) says += silence;
    EXPECT_THAT(meet({.says = says}), HasSubstr("on and on"));
    EXPECT_THAT(meet({.says = plain + answer("more", false) + answer("more", false)}), HasSubstr("after the end"));
}

const auto scram = sized("SCRAM-SHA-256");

TEST_F(ClientLinkTest, BelievesNoServerThatDoesNotProveItself) {
    for (const auto& said : {silence.substr(0, 4) + '\1', answer("", true), answer("v=AAAA", true)})
        EXPECT_THAT(meet({.says = scram + said + welcome}), Not(EndsWith("linked"))) << said;
}

TEST_F(ClientLinkTest, TakesNoJunkForAMechanismsMessage) {
    for (const auto* junk : {"", "i=1", "r=,s=,i=4096", "r=x,s=QUJDRA==,i=4096", "\xff\xfe", "m=x,r=x"})
        EXPECT_THAT(meet({.says = scram + answer(junk, false)}), HasSubstr("SCRAM-SHA-256 with the server fails"));
}

}  // namespace
}  // namespace vmcbridge::io::spice
