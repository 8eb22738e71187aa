#pragma once

#include "proto/result.hpp"

#include <spice/enums.h>
#include <spice/protocol.h>

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

/// How a connection of SPICE begins: the client names the channel that it wants, the server answers with a key, the
/// client proves who it is. Every channel is a connection of its own. Source: spice/protocol.h, SpiceLink*.
namespace vmcbridge::spice {

/// Kind of a channel. Open: a peer may name any number.
enum class ChannelType : std::uint8_t {
    main = SPICE_CHANNEL_MAIN,
    display = SPICE_CHANNEL_DISPLAY,
    inputs = SPICE_CHANNEL_INPUTS,
    cursor = SPICE_CHANNEL_CURSOR,
    playback = SPICE_CHANNEL_PLAYBACK,
    record = SPICE_CHANNEL_RECORD,
    tunnel = SPICE_CHANNEL_TUNNEL,
    smartcard = SPICE_CHANNEL_SMARTCARD,
    usbredir = SPICE_CHANNEL_USBREDIR,
    port = SPICE_CHANNEL_PORT,
    webdav = SPICE_CHANNEL_WEBDAV,
};

/// "display", for logs and the configuration; "unknown" for other numbers.
[[nodiscard]] std::string_view name(ChannelType type) noexcept;

/// One channel of a session: there may be several of a kind.
struct ChannelId {
    ChannelType type = ChannelType::main;
    std::uint8_t id = 0;
    friend constexpr auto operator<=>(ChannelId, ChannelId) noexcept = default;
};

/// What a link may end with. Source: spice/error_codes of enums.h, SPICE_LINK_ERR_*.
enum class LinkError : std::uint32_t {
    ok = SPICE_LINK_ERR_OK,
    error = SPICE_LINK_ERR_ERROR,
    invalid_magic = SPICE_LINK_ERR_INVALID_MAGIC,
    invalid_data = SPICE_LINK_ERR_INVALID_DATA,
    version_mismatch = SPICE_LINK_ERR_VERSION_MISMATCH,
    need_secured = SPICE_LINK_ERR_NEED_SECURED,
    need_unsecured = SPICE_LINK_ERR_NEED_UNSECURED,
    permission_denied = SPICE_LINK_ERR_PERMISSION_DENIED,
    bad_connection_id = SPICE_LINK_ERR_BAD_CONNECTION_ID,
    channel_not_available = SPICE_LINK_ERR_CHANNEL_NOT_AVAILABLE,
};
/// "version-mismatch", for logs; "unknown" for other numbers.
[[nodiscard]] std::string_view name(LinkError error) noexcept;

/// How a client proves who it is. The numbers are those of the capability bits that offer them.
enum class AuthMechanism : std::uint32_t {
    ticket = SPICE_COMMON_CAP_AUTH_SPICE,
    sasl = SPICE_COMMON_CAP_AUTH_SASL,
};

/// The first word of each group of capabilities; no peer uses a second one. Bits: SPICE_COMMON_CAP_*,
/// SPICE_MAIN_CAP_*.
struct Capabilities {
    std::uint32_t common = 0;
    std::uint32_t channel = 0;

    [[nodiscard]] constexpr bool has_common(unsigned bit) const noexcept { return (common >> bit & 1U) != 0; }
    [[nodiscard]] constexpr bool has_channel(unsigned bit) const noexcept { return (channel >> bit & 1U) != 0; }
    friend constexpr bool operator==(Capabilities, Capabilities) noexcept = default;
};
[[nodiscard]] constexpr std::uint32_t capability_word(std::initializer_list<unsigned> bits) noexcept {
    std::uint32_t word = 0;
    for (const auto bit : bits) word |= 1U << bit;
    return word;
}

/// The client's first words.
///
/// Link:  "REDQ" | major u32 = 2 | minor u32 | size u32 |
///        connection u32 | type u8 | id u8 | common words u32 | channel words u32 | offset u32 | words u32 ...
///        `size` counts from `connection` on, and so does `offset`.
struct LinkRequest {
    std::uint32_t connection = 0;  ///< 0: a new session; else the session that the channel belongs to
    ChannelType type = ChannelType::main;
    std::uint8_t id = 0;
    Capabilities capabilities;
    friend bool operator==(const LinkRequest&, const LinkRequest&) = default;
};

/// Takes a link from `input`, which shrinks; nullopt: it takes more bytes, and nothing was taken.
/// Errors, each as soon as it can be told: invalid_magic, version_mismatch, invalid_data (a size outside 18..4096, more
/// than 1024 words in a group, words outside the message).
[[nodiscard]] Result<std::optional<LinkRequest>, LinkError> take_link_request(Bytes& input);

/// DER of the ticket key, SubjectPublicKeyInfo of RSA with 1024 bits. Fixed by SPICE.
inline constexpr std::size_t public_key_size = SPICE_TICKET_PUBKEY_BYTES;
/// A ticket, encrypted with that key. Fixed by SPICE.
inline constexpr std::size_t ticket_size = 128;
/// The longest password, without its NUL. Fixed by SPICE.
inline constexpr std::size_t password_size = SPICE_MAX_PASSWORD_LENGTH;

/// The server's answer.
///
/// Link:  "REDQ" | major u32 | minor u32 | size u32 |
///        error u32 | key 162 bytes | common words u32 | channel words u32 | offset u32 = 178 | words u32 ...
struct LinkReply {
    LinkError error = LinkError::ok;
    Bytes public_key{};  ///< public_key_size bytes; empty where there is an error
    Capabilities capabilities;
};
/// One word a group; none where there is an error: PureSpice takes 200 bytes at most.
[[nodiscard]] std::vector<std::byte> encode_link_reply(const LinkReply& reply);

// ---- The other side: the bridge as a client

[[nodiscard]] std::vector<std::byte> encode_link_request(const LinkRequest& request);

/// The server's answer, as its client reads it.
struct LinkAnswer {
    LinkError error = LinkError::ok;
    std::array<std::byte, public_key_size> public_key{};
    Capabilities capabilities;
};
/// As take_link_request(). Errors: invalid_magic, version_mismatch, invalid_data.
[[nodiscard]] Result<std::optional<LinkAnswer>, LinkError> take_link_reply(Bytes& input);

}  // namespace vmcbridge::spice
