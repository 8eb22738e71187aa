#include "proto/spice/main_channel.hpp"

#include "tests/proto/spice/vectors.hpp"
#include "tests/support/printing.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace vmcbridge::spice {
namespace {

using support::ByteVector;
using support::copy_of;
using support::from_hex;
using support::spice_vectors;
using support::SpiceVector;
using support::to_hex;

HeaderKind header_of(const SpiceVector& vector) { return vector.full_header ? HeaderKind::full : HeaderKind::mini; }

std::uint32_t word(const SpiceVector& vector, std::string_view key) {
    return static_cast<std::uint32_t>(vector.number(key));
}
std::uint16_t half(const SpiceVector& vector, std::string_view key) {
    return static_cast<std::uint16_t>(vector.number(key));
}

template <class Value>
ByteVector written(const Value& value) {
    HeaderWriter header{HeaderKind::mini};
    ByteVector out;
    encode(value, header, out);
    return out;
}

Uuid counted() {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes.at(i) = static_cast<std::byte>(i);
    return uuid;
}

// ---- What the server says

TEST(SpiceServerMessages, AreWrittenAsTheVectors) {
    const std::map<std::string, std::function<ByteVector(const SpiceVector&)>> writers{
        {"init",
         [](const auto& v) { return written(Init{.session = word(v, "session"), .agent_tokens = word(v, "tokens")}); }},
        {"channels-list", [](const auto&) { return written(ChannelsList{}); }},
        {"channels-list-of-two",
         [](const auto&) { return written(ChannelsList{{{ChannelType::display, 1}, {ChannelType::inputs, 0}}}); }},
        {"multi-media-time", [](const auto& v) { return written(MultiMediaTime{word(v, "time")}); }},
        {"mouse-mode",
         [](const auto& v) {
             return written(MouseModes{.supported = half(v, "supported"), .current = half(v, "current")});
         }},
        {"agent-connected", [](const auto&) { return written(AgentConnected{}); }},
        {"agent-connected-tokens", [](const auto& v) { return written(AgentConnectedTokens{word(v, "tokens")}); }},
        {"agent-disconnected", [](const auto&) { return written(AgentDisconnected{}); }},
        {"agent-token", [](const auto& v) { return written(AgentToken{word(v, "tokens")}); }},
        {"name", [](const auto& v) { return written(Name{v.string("text")}); }},
        {"uuid", [](const auto&) { return written(counted()); }},
        {"ping", [](const auto& v) { return written(Ping{word(v, "id"), v.number("timestamp")}); }},
        {"notify",
         [](const auto& v) {
             const auto text = v.string("text");
             return written(Notify{.timestamp = v.number("timestamp"), .text = text});
         }},
        {"disconnecting",
         [](const auto& v) { return written(Disconnecting{v.number("timestamp"), word(v, "reason")}); }},
    };
    const auto vectors = spice_vectors("server");
    EXPECT_EQ(vectors.size(), writers.size());
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.name);
        EXPECT_EQ(to_hex(writers.at(vector.name)(vector)), to_hex(vector.bytes));
    }
}

TEST(SpiceServerMessages, FullHeadersCountTheirMessages) {
    HeaderWriter header{HeaderKind::full};
    ByteVector out;
    encode(AgentConnected{}, header, out);
    encode(AgentToken{.tokens = 5}, header, out);
    EXPECT_EQ(to_hex(out),
              "01 00 00 00 00 00 00 00 6b 00 00 00 00 00 00 00 00 00 "
              "02 00 00 00 00 00 00 00 6e 00 04 00 00 00 00 00 00 00 05 00 00 00");
}

// ---- What clients say

std::string describe(const ClientMessage& message) {
    boost::json::object out;
    if (const auto* m = std::get_if<Pong>(&message)) out = {{"id", m->id}, {"timestamp", m->timestamp}};
    if (const auto* m = std::get_if<ClientDisconnecting>(&message)) out = {{"reason", m->reason}};
    if (const auto* m = std::get_if<MouseModeRequest>(&message)) out = {{"mode", m->mode}};
    if (const auto* m = std::get_if<AgentStart>(&message)) out = {{"tokens", m->tokens}};
    if (const auto* m = std::get_if<ClientAgentToken>(&message)) out = {{"tokens", m->tokens}};
    if (const auto* m = std::get_if<AgentData>(&message)) out = {{"data", to_hex(m->bytes)}};
    return boost::json::serialize(out);
}

TEST(SpiceClientMessages, AreReadWhateverTheyAreCutInto) {
    for (const auto& vector : spice_vectors("client")) {
        SCOPED_TRACE(vector.name);
        for (std::size_t cut = 1; cut <= vector.bytes.size(); ++cut) {
            MessageReader reader{header_of(vector), client_message_limit};
            std::optional<ClientMessage> got;
            std::string described;
            for (std::size_t at = 0; at < vector.bytes.size(); at += cut) {
                const auto piece = copy_of(Bytes{vector.bytes}.subspan(at, std::min(cut, vector.bytes.size() - at)));
                Bytes input{piece};
                const auto message = reader.next(input);
                ASSERT_TRUE(message) << to_text(message.error());
                EXPECT_TRUE(input.empty());
                if (!*message) continue;
                ASSERT_FALSE(got) << "one message only";
                EXPECT_EQ(client_message_name((*message)->type), vector.name);
                const auto decoded = decode_client(**message);
                ASSERT_TRUE(decoded) << to_text(decoded.error());
                got = *decoded;
                described = describe(*decoded);
            }
            ASSERT_TRUE(got) << cut;
            EXPECT_EQ(described, boost::json::serialize(vector.value));
        }
    }
}

TEST(SpiceClientMessages, BodyThatIsShorterIsRefused) {
    for (const auto& vector : spice_vectors("client")) {
        const auto header = size_of(header_of(vector));
        const auto type = load_le<std::uint16_t>(vector.bytes.data() + (vector.full_header ? 8 : 0));
        const bool takes_any = vector.name == "agent-data" || vector.name == "ack-sync";
        for (std::size_t size = 0; header + size < vector.bytes.size() && !takes_any; ++size) {
            const auto decoded = decode_client({.type = type, .body = Bytes{vector.bytes}.subspan(header, size)});
            ASSERT_FALSE(decoded) << vector.name << ' ' << size;
            EXPECT_EQ(decoded.error().fault, Fault::truncated);
        }
    }
}

TEST(SpiceClientMessages, SizeMeetsItsLimitInTheHeader) {
    for (const auto* hex : {"6b 00 01 08 00 00", "6b 00 ff ff ff ff", "6a 00 05 00 00 00", "68 00 01 00 00 00"}) {
        MessageReader reader{HeaderKind::mini, client_message_limit};
        const auto bytes = from_hex(hex);
        Bytes input{bytes};
        const auto message = reader.next(input);
        ASSERT_FALSE(message) << hex;
        EXPECT_EQ(message.error(), (ParseError{.fault = Fault::too_large, .field = "size", .offset = 2}));
    }
}

TEST(SpiceClientMessages, OfNumbersThatNobodyKnowsAreRefused) {
    for (std::uint32_t type = 0; type <= 0xffff; ++type) {
        const auto number = static_cast<MessageType>(type);
        const bool known = client_message_limit(number).has_value();
        EXPECT_EQ(known, (number >= 1 && number <= 6) || (number >= 101 && number <= 112)) << number;
        EXPECT_EQ(known, client_message_name(number) != "unknown");
        if (!known) {
            EXPECT_FALSE(decode_client({.type = number, .body = {}}));
        }
    }
}

TEST(SpiceClientMessages, OfMigrationAreToldApart) {
    for (const auto type : std::initializer_list<MessageType>{4, 5, 102, 103, 109, 110, 111}) {
        const auto message = decode_client({.type = type, .body = {}});
        ASSERT_TRUE(message);
        EXPECT_EQ(*message, (ClientMessage{Migration{.type = type}}));
    }
}

TEST(SpiceMessageReader, ViewsABodyThatLiesInOnePiece) {
    const auto bytes = from_hex("6b 00 03 00 00 00 61 62 63 68 00 00 00 00 00");
    MessageReader reader{HeaderKind::mini, client_message_limit};
    Bytes input{bytes};
    const auto message = *reader.next(input);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->body.data(), bytes.data() + 6);
    const auto second = *reader.next(input);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->type, SPICE_MSGC_MAIN_ATTACH_CHANNELS);
    EXPECT_FALSE(*reader.next(input));
}

}  // namespace
}  // namespace vmcbridge::spice
