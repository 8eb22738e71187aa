#pragma once

#include "proto/limits.hpp"
#include "proto/result.hpp"
#include "proto/spice/link.hpp"
#include "proto/spice/message_reader.hpp"

#include <spice/enums.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

/// What is said on the main channel, as values. Layouts: the comments; the files main_channel_*.cpp read and write.
/// Source: spice/enums.h, SPICE_MSG_MAIN_*, SPICE_MSGC_MAIN_*. Views die with the decoded bytes.
namespace vmcbridge::spice {

/// Largest payload of one AGENT_DATA, both ways. Fixed by SPICE.
inline constexpr std::size_t agent_data_size = limits::chunk_to_guest;

enum class MouseMode : std::uint16_t { server = SPICE_MOUSE_MODE_SERVER, client = SPICE_MOUSE_MODE_CLIENT };

// ---- Server to client ---------------------------------------------------------------------------------------------

/// The first message.   session u32 | displays hint u32 | mouse modes u32 | mouse mode u32 | agent u32 |
///                      agent tokens u32 | multimedia time u32 | RAM hint u32
struct Init {
    std::uint32_t session = 0;  ///< the connection id of the channels that this client opens besides; never 0
    std::uint32_t display_channels_hint = 0;
    std::uint32_t mouse_modes = SPICE_MOUSE_MODE_SERVER;  ///< a set of the bits
    std::uint32_t mouse_mode = SPICE_MOUSE_MODE_SERVER;
    bool agent_connected = false;
    std::uint32_t agent_tokens = 0;      ///< AGENT_DATA that the client may send
    std::uint32_t multi_media_time = 0;  ///< milliseconds
    std::uint32_t ram_hint = 0;
};
/// count u32 | count x (type u8 | id u8): what the client may open besides.
struct ChannelsList {
    std::vector<ChannelId> channels{};
};
/// supported u16 | current u16
struct MouseModes {
    std::uint16_t supported = SPICE_MOUSE_MODE_SERVER;
    std::uint16_t current = SPICE_MOUSE_MODE_SERVER;
    friend bool operator==(const MouseModes&, const MouseModes&) = default;
};
/// time u32, milliseconds: the clock by which sound and streams are played.
struct MultiMediaTime {
    std::uint32_t time = 0;
};
/// length u32 | text, NUL
struct Name {
    std::string_view text;
};
/// 16 bytes, in the order in which they are written down.
struct Uuid {
    std::array<std::byte, 16> bytes{};
};
/// id u32 | timestamp u64 | padding
struct Ping {
    std::uint32_t id = 0;
    std::uint64_t timestamp = 0;  ///< comes back as it went
};
/// timestamp u64 | severity u32 | visibility u32 | what u32 | length u32 | text, NUL (which is not counted)
struct Notify {
    std::uint64_t timestamp = 0;  ///< nanoseconds, as servers have it
    std::uint32_t severity = SPICE_NOTIFY_SEVERITY_WARN;
    std::uint32_t visibility = SPICE_NOTIFY_VISIBILITY_HIGH;
    std::string_view text;  ///< for a person
};
/// timestamp u64 | reason u32 (a LinkError)
struct Disconnecting {
    std::uint64_t timestamp = 0;
    std::uint32_t reason = SPICE_LINK_ERR_OK;
};
/// Nothing. For clients without AGENT_CONNECTED_TOKENS.
struct AgentConnected {};
/// tokens u32: what the client may send from now on, whatever it had.
struct AgentConnectedTokens {
    std::uint32_t tokens = 0;
};
/// error u32
struct AgentDisconnected {
    std::uint32_t error = SPICE_LINK_ERR_OK;
};
/// tokens u32: as many more AGENT_DATA may come. Both ways, under different numbers.
struct AgentToken {
    std::uint32_t tokens = 0;
};

/// Appends a whole message, header included.
void encode(const Init& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const ChannelsList& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const MouseModes& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const MultiMediaTime& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Name& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Uuid& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Ping& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Notify& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Disconnecting& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentConnected& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentConnectedTokens& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentDisconnected& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentToken& message, HeaderWriter& header, std::vector<std::byte>& out);
/// AGENT_DATA has no value: its payload is written where it goes, behind a header of this type.
inline constexpr MessageType server_agent_data = SPICE_MSG_MAIN_AGENT_DATA;

// ---- Client to server ---------------------------------------------------------------------------------------------

/// id u32 | timestamp u64: those of the PING.
struct Pong {
    std::uint32_t id = 0;
    std::uint64_t timestamp = 0;
    friend bool operator==(Pong, Pong) = default;
};
/// timestamp u64 | reason u32. The client closes.
struct ClientDisconnecting {
    std::uint32_t reason = 0;
    friend bool operator==(ClientDisconnecting, ClientDisconnecting) = default;
};
/// Nothing. The client wants CHANNELS_LIST.
struct AttachChannels {
    friend bool operator==(AttachChannels, AttachChannels) = default;
};
/// mode u16
struct MouseModeRequest {
    std::uint16_t mode = 0;
    friend bool operator==(MouseModeRequest, MouseModeRequest) = default;
};
/// tokens u32. The client speaks to the agent from now on, and takes so many AGENT_DATA.
struct AgentStart {
    std::uint32_t tokens = 0;
    friend bool operator==(AgentStart, AgentStart) = default;
};
/// At most agent_data_size bytes of the agent's messages.
struct AgentData {
    Bytes bytes;
    friend bool operator==(const AgentData& a, const AgentData& b) noexcept {
        return std::ranges::equal(a.bytes, b.bytes);
    }
};
/// tokens u32
struct ClientAgentToken {
    std::uint32_t tokens = 0;
    friend bool operator==(ClientAgentToken, ClientAgentToken) = default;
};
/// Legal, and of no consequence here: acknowledgements, the cache's size, quality.
struct Idle {
    MessageType type = 0;
    friend bool operator==(Idle, Idle) = default;
};
/// Part of a migration that nobody began.
struct Migration {
    MessageType type = 0;
    friend bool operator==(Migration, Migration) = default;
};
using ClientMessage = std::variant<Pong, ClientDisconnecting, AttachChannels, MouseModeRequest, AgentStart, AgentData,
                                   ClientAgentToken, Idle, Migration>;

/// For MessageReader: what a client may say, and how much of it. Nothing that we don't know may come.
[[nodiscard]] std::optional<std::size_t> client_message_limit(MessageType type);
/// "agent-data", for logs; "unknown" for other numbers.
[[nodiscard]] std::string_view client_message_name(MessageType type) noexcept;
/// Errors: truncated, trailing_bytes, bad_value (a type that client_message_limit() does not know).
[[nodiscard]] Result<ClientMessage> decode_client(const Message& message);

// ---- The other side: the bridge as a client -----------------------------------------------------------------------

/// A host to which the machine has moved: connect there.
///
/// port u16 | TLS port u16 | host size u32 | host offset u32 | subject size u32 | subject offset u32 | texts; offsets
/// count from the start of the body.
struct SwitchHost {
    std::uint16_t port = 0;
    std::uint16_t tls_port = 0;
    std::string_view host;     ///< without its NUL
    std::string_view subject;  ///< of the certificate there; empty: as before
};
/// Everything that the bridge has no use for.
struct ServerOther {
    MessageType type = 0;
};
struct SetAck {
    std::uint32_t generation = 0;
    std::uint32_t window = 0;
};
using ServerMessage =
    std::variant<Init, ChannelsList, MouseModes, MultiMediaTime, Name, Uuid, Ping, SetAck, AgentConnected, AgentConnectedTokens,
                 AgentDisconnected, AgentData, AgentToken, SwitchHost, Disconnecting, ServerOther>;

/// For MessageReader: how much of a message is taken. Any type may come.
[[nodiscard]] std::optional<std::size_t> server_message_limit(MessageType type);
/// Errors: truncated, bad_value (texts outside the message, more channels than it holds).
[[nodiscard]] Result<ServerMessage> decode_server(const Message& message);

/// Appends a whole message, header included.
void encode(const Pong& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AttachChannels& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const MouseModeRequest& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentStart& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const AgentData& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const ClientAgentToken& message, HeaderWriter& header, std::vector<std::byte>& out);
/// SET_ACK's answer: its generation.
struct AckSync {
    std::uint32_t generation = 0;
};
struct Ack {};
void encode(const AckSync& message, HeaderWriter& header, std::vector<std::byte>& out);
void encode(const Ack& message, HeaderWriter& header, std::vector<std::byte>& out);

}  // namespace vmcbridge::spice
