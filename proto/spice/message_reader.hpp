#pragma once

#include "proto/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

/// Messages of a channel, after the link.
///
/// Mini header:  type u16 | size u32
/// Full header:  serial u64 | type u16 | size u32 | sub list u32      (where one of both ends lacks MINI_HEADER)
/// Source: spice/protocol.h, SpiceMiniDataHeader, SpiceDataHeader.
namespace vmcbridge::spice {

enum class HeaderKind : std::uint8_t { mini, full };
[[nodiscard]] constexpr std::size_t size_of(HeaderKind kind) noexcept { return kind == HeaderKind::mini ? 6 : 18; }

/// Number of a message; 1 to 100 mean the same on all channels. Open: a peer may send any.
using MessageType = std::uint16_t;

/// A message that came. `body` views the input or the reader: it dies with the next call.
struct Message {
    MessageType type = 0;
    Bytes body;
};

/// Cuts a channel's byte stream into messages, whatever the reads were cut into. A size meets its limit in the header.
class MessageReader {
public:
    /// The largest body that is taken for a type; nullopt: this type must not come.
    using Limit = std::optional<std::size_t> (*)(MessageType type);

    MessageReader(HeaderKind kind, Limit limit) noexcept : kind_{kind}, limit_{limit} {}

    /// Takes from `input`, which shrinks, until there is a message. nullopt: the input is used up.
    /// Errors: bad_value (the type must not come), too_large. There is no going on after an error.
    [[nodiscard]] Result<std::optional<Message>> next(Bytes& input);

private:
    [[nodiscard]] Result<bool> take_header(Bytes& input);

    HeaderKind kind_;
    Limit limit_;
    std::array<std::byte, size_of(HeaderKind::full)> header_{};
    std::size_t have_ = 0;  ///< header bytes so far
    bool in_body_ = false;
    MessageType type_ = 0;
    std::size_t size_ = 0;
    std::vector<std::byte> held_;  ///< of a body that spans reads; at most size_ bytes
};

/// Writes headers; counts the serial of full ones.
class HeaderWriter {
public:
    explicit HeaderWriter(HeaderKind kind) noexcept : kind_{kind} {}
    [[nodiscard]] std::size_t size() const noexcept { return size_of(kind_); }
    /// REQUIRES: room for size() bytes at `to`.
    void write(std::byte* to, MessageType type, std::uint32_t body_size) noexcept;

private:
    HeaderKind kind_;
    std::uint64_t serial_ = 0;
};

}  // namespace vmcbridge::spice
