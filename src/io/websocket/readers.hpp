#pragma once

#include "src/io/websocket/frame.hpp"

#include <array>
#include <optional>
#include <vector>

/// Two ways to read a client's frames: as whole messages, and as bytes whose message bounds don't matter. Pure.
namespace vmcbridge::io::websocket {

/// A control frame. `payload` views the bytes that it was read from.
struct Control {
    Opcode opcode = Opcode::ping;
    Bytes payload;
};

/// Follows which frames may come when: pieces of a message in order, control frames between them.
class FrameOrder {
public:
    /// The kind of the message that this data frame belongs to. REQUIRES: no control frame.
    [[nodiscard]] Result<Opcode, FrameFault> follow(const FrameHeader& header) noexcept;
    [[nodiscard]] bool is_inside() const noexcept { return message_ != Opcode::continuation; }

private:
    Opcode message_ = Opcode::continuation;  // text or binary while a message is in pieces
};

/// A message or control frame. `payload` dies at the next call, and with the bytes that it was read from.
struct Message {
    Opcode opcode = Opcode::text;
    Bytes payload;
};

/// Whole messages. One that lies in one frame is not copied; pieces are put together, within the limits.
class MessageReader {
public:
    struct Limits {
        std::size_t text;
        std::size_t binary;
        std::size_t contiguous;  ///< a frame up to this size is waited for; a larger one is copied as it comes
    };
    explicit MessageReader(Limits limits) noexcept : limits_{limits} {}

    /// What comes first in `bytes`, which shrink by what was taken; nullopt: it takes more bytes. Unmasks in place.
    [[nodiscard]] Result<std::optional<Message>, FrameFault> next(MutableBytes& bytes);

private:
    [[nodiscard]] Result<std::optional<Message>, FrameFault> begin(const FrameHeader& header, MutableBytes& bytes);
    void collect(MutableBytes& bytes);
    [[nodiscard]] Result<std::optional<Message>, FrameFault> finish(Opcode opcode, Bytes payload);

    Limits limits_;
    FrameOrder order_;
    Opcode opcode_ = Opcode::text;  // of the message under way
    std::vector<std::byte> parts_;  // of the message under way, when it does not lie in one piece
    std::uint64_t left_ = 0;        // of a large frame that is being copied
    bool last_ = false;             // that frame ends its message
    Mask mask_{};
    bool done_ = false;  // parts_ were given away
};

/// The bytes inside binary messages, for a relay.
class PayloadReader {
public:
    struct Step {
        std::size_t payload = 0;         ///< bytes written to `out`
        std::optional<Control> control;  ///< came after them; look at it, then call again
    };

    /// Moves payload from `in`, which shrinks, to `out`; `out` may begin where `in` begins. What stays in `in` is the
    /// start of a frame: at most client_header + control_payload bytes. REQUIRES: out holds in.size() bytes.
    [[nodiscard]] Result<Step, FrameFault> next(MutableBytes& in, std::byte* out);

private:
    FrameOrder order_;
    std::uint64_t left_ = 0;
    Mask mask_{};
};

}  // namespace vmcbridge::io::websocket
