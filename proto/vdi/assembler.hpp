#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "proto/result.hpp"

#include <array>
#include <optional>
#include <variant>
#include <vector>

namespace vmcbridge::vdi {

/// A message that came whole. `body` views the input or the assembler: it dies with the next call.
struct WholeMessage {
    AgentType type;
    Bytes body;
};
/// A bulk message begins: its prefix (agent::bulk_prefix) is here, `size` bytes follow as slices (0: none, it is over).
struct BulkBegin {
    AgentType type;
    Bytes prefix;
    std::size_t size;
};
/// The next bytes of the bulk message under way. `left` is 0 with the last one.
struct BulkSlice {
    Bytes bytes;
    std::size_t left;
};
/// A message of an unknown type went by.
struct SkippedMessage {
    AgentType type;
    std::size_t size;
};
using PortEvent = std::variant<WholeMessage, BulkBegin, BulkSlice, SkippedMessage>;

/// Puts the messages of ONE chunk port together from slices of its chunks.
///
/// A message may span chunks, a chunk may hold several messages, a header may be split. A body that lies in one slice
/// is viewed, not copied. A CLIPBOARD or FILE_XFER_DATA too short for its prefix comes as WholeMessage (and fails to
/// decode).
class Assembler {
public:
    /// Takes from `slice`, which shrinks, until there is an event. nullopt: the slice is used up.
    /// Errors: bad_protocol, too_large (by the codec table; unknown types by limits::unknown_body). There is no going
    /// on after an error: reset() with a new connection.
    [[nodiscard]] Result<std::optional<PortEvent>> next(Bytes& slice, agent::Dialect dialect);
    void reset() noexcept { *this = Assembler{}; }

    /// A message has begun and is not over.
    [[nodiscard]] bool is_amid_message() const noexcept { return state_ != State::header || have_ != 0; }

private:
    enum class State : std::uint8_t { header, body, prefix, bulk, skip };

    /// Collects the message header and decides what becomes of the body. false: the slice is used up.
    [[nodiscard]] Result<bool> take_header(Bytes& slice, agent::Dialect dialect);
    /// The next `want_` bytes in one piece: viewed if they lie in `slice`, else collected. nullopt: more must come.
    [[nodiscard]] std::optional<Bytes> take_whole(Bytes& slice);
    [[nodiscard]] std::optional<PortEvent> take_body(Bytes& slice);
    [[nodiscard]] std::optional<PortEvent> take_prefix(Bytes& slice);
    [[nodiscard]] std::optional<PortEvent> take_bulk(Bytes& slice);
    [[nodiscard]] std::optional<PortEvent> take_skipped(Bytes& slice);

    State state_ = State::header;
    std::array<std::byte, limits::agent_header> header_{};
    std::size_t have_ = 0;  ///< header bytes so far
    AgentType type_{};
    std::size_t size_ = 0;         ///< of the whole body
    std::size_t want_ = 0;         ///< bytes to have in one piece: the body, or the prefix of a bulk message
    std::size_t left_ = 0;         ///< bytes of a bulk or skipped body still to come
    std::vector<std::byte> held_;  ///< what came so far of a piece that spans slices; at most want_ bytes
};

}  // namespace vmcbridge::vdi
