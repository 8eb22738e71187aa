#pragma once

#include "proto/agent/message.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Agent messages by number: one row a type, everything that is known of it.
namespace vmcbridge::agent {

/// Who may send a message.
enum class Direction : std::uint8_t { to_guest, from_guest, both };

struct Codec {
    AgentType type;
    std::string_view name;  ///< kebab case; in logs, metrics, the API: spelled nowhere else
    std::size_t max_body;   ///< bytes after the header that are assembled; of a bulk message: its prefix
    bool bulk;              ///< the bytes after the prefix pass as slices and are never assembled
    Direction direction;
    Result<AgentMessage> (*decode)(Bytes body, Dialect dialect);
};

/// All 16 rows, sorted by type.
[[nodiscard]] std::span<const Codec> codecs() noexcept;
/// nullptr: a type that we don't know.
[[nodiscard]] const Codec* find_codec(AgentType type) noexcept;
/// "clipboard-grab"; "unknown" for a type that we don't know.
[[nodiscard]] std::string_view name(AgentType type) noexcept;

/// Decodes a whole body (of a bulk message: prefix and data). An unknown type is Unknown, never an error.
/// Errors: truncated, trailing_bytes, bad_value, too_large; the message is then ignored, the stream goes on.
[[nodiscard]] Result<AgentMessage> decode(AgentType type, Bytes body, Dialect dialect);

/// Bytes of a bulk message before its data: CLIPBOARD 4 or 8 (dialect), FILE_XFER_DATA 12; 0 for other types.
[[nodiscard]] std::size_t bulk_prefix(AgentType type, Dialect dialect) noexcept;

[[nodiscard]] AgentType type_of(const AgentMessage& message) noexcept;

/// Appends the body (header excluded) to `out`. Unknown has none.
void encode(const AgentMessage& message, Dialect dialect, std::vector<std::byte>& out);

}  // namespace vmcbridge::agent
