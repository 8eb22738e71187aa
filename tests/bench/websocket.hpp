#pragma once

#include "tests/bench/pattern.hpp"

#include <string_view>

namespace vmcbridge::bench {

enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Appends one masked client frame whose payload is `prefix` then `payload`.
void append_frame(std::vector<std::byte>& wire, Opcode opcode, Bytes prefix, Bytes payload);

/// A pattern as masked binary frames of `unit` pattern bytes each, every frame beginning with `prefix`. Masking is done
/// here, once, so that it costs the generator nothing while it measures.
[[nodiscard]] Ring framed_ring(const Pattern& pattern, std::size_t unit, Bytes prefix = {});

/// The client's end of a WebSocket connection over somebody else's descriptor.
class WebSocket {
public:
    /// Part of a frame's payload, as it came. Views the read buffer until the next call.
    struct Slice {
        Opcode opcode;
        bool begins;  // first of its frame
        bool ends;    // last of its frame
        Bytes bytes;
    };

    /// Upgrades. Errors: Failure with the server's status line.
    WebSocket(int fd, std::uint16_t port, std::string_view path, std::string_view subprotocol);

    /// Waits for the next slice; pings are answered, a close frame is a Failure.
    [[nodiscard]] Slice next();

    /// A slice or part of one can be had without waiting.
    [[nodiscard]] bool is_ready() const;

    void send_text(std::string_view text);

private:
    [[nodiscard]] Bytes buffered() const noexcept;
    [[nodiscard]] bool parse_header();
    void fill();
    [[nodiscard]] Slice take_slice();

    int fd_;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    Opcode opcode_ = Opcode::binary;
    std::uint64_t left_ = 0;
    bool in_frame_ = false;
    bool fresh_ = false;
};

}  // namespace vmcbridge::bench
