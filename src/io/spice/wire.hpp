#pragma once

#include "src/io/stream.hpp"
#include "src/io/websocket/readers.hpp"

#include <array>
#include <optional>
#include <string>

namespace vmcbridge::io::spice {

/// A connection that carries one channel: the bytes themselves, or in binary messages of a WebSocket, whose bounds mean
/// nothing. Reads and writes as a Stream does. Lives on one context.
class Wire {
public:
    explicit Wire(Stream stream) noexcept : stream_{std::move(stream)} {}
    /// From here on it is a WebSocket; `early` came behind its handshake.
    void speak_websocket(std::string early) {
        frames_.emplace();
        kept_ = std::move(early);
        is_new_ = !kept_.empty();
    }

    /// REQUIRES: room in `out` for the start of a frame and a byte more; all of it is used as a scratch.
    [[nodiscard]] IoResult try_read(MutableBytes out);
    /// May write less than all; the next call begins where this one ended.
    [[nodiscard]] IoResult try_write(Bytes bytes);
    /// Writes what control frames are due, as far as the socket takes them now.
    void flush_control();
    /// true as well where bytes are here already.
    [[nodiscard]] Task<bool> readable();
    [[nodiscard]] Task<bool> readable(Clock::time_point deadline);
    [[nodiscard]] Task<bool> writable() { return stream_.writable(); }
    /// false: the peer is gone, or it took too long.
    [[nodiscard]] Task<bool> write_all(Bytes bytes, Clock::time_point deadline);

    /// The last words: of a WebSocket its close frame. Nothing is written after it.
    void shutdown() noexcept;
    void close() noexcept { stream_.close(); }
    [[nodiscard]] Stream& stream() noexcept { return stream_; }
    /// Through TLS, and not in a WebSocket's messages.
    [[nodiscard]] bool is_secure() const noexcept { return stream_.is_secure() && !frames_; }
    [[nodiscard]] bool is_open() const noexcept { return stream_.is_open(); }
    /// Why it ended, where that was nonsense.
    [[nodiscard]] std::optional<websocket::FrameFault> fault() const noexcept { return fault_; }

    /// The connection without a context, to be opened on another one. REQUIRES: nothing is half written; nobody waits.
    struct Parts {
        decltype(std::declval<Stream&>().release()) socket;
        std::optional<websocket::PayloadReader> frames{};
        std::string kept{};
    };
    [[nodiscard]] Parts release() noexcept;
    [[nodiscard]] static Result<Wire, error_code> open(net::io_context& context, Parts parts);

private:
    [[nodiscard]] IoResult unwrap(MutableBytes out, IoResult result);
    void handle(const websocket::Control& control);
    void end(std::uint16_t code);

    Stream stream_;
    std::optional<websocket::PayloadReader> frames_;  ///< it is a WebSocket
    std::string kept_;                                ///< the start of a frame, or what came with the handshake
    bool is_new_ = false;                             ///< nobody has looked at all of kept_ yet
    std::string due_;                                 ///< control frames, then the header of the frame under way
    std::size_t frame_left_ = 0;                      ///< payload of it that is still to be written
    std::optional<websocket::FrameFault> fault_;
    bool ended_ = false;  ///< the peer's close frame has come, or nonsense
};

}  // namespace vmcbridge::io::spice
