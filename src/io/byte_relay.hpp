#pragma once

#include "src/io/buffer_pool.hpp"
#include "src/io/session.hpp"
#include "src/io/signal.hpp"
#include "src/io/stream.hpp"
#include "src/io/websocket/readers.hpp"

#include <array>
#include <optional>

namespace vmcbridge::io {

/// A client of bytes: those inside its binary messages <-> something that has bytes, unread. Whoever derives says what
/// that is.
///
/// Neither side is read while the other takes nothing. No buffer is held while nothing moves.
class ByteRelay : public Session {
public:
    ByteRelay(net::io_context& context, Stream stream, Arrival arrival);

    Task<> run() override;
    void tick(Clock::time_point now) override;
    void stop(browser::CloseCode code, std::string reason) override;

protected:
    // ---- The far side
    /// false: there is none now, and end() was called.
    [[nodiscard]] virtual Task<bool> connect() = 0;
    /// After connect() gave true, and the last.
    virtual void disconnect(std::string_view reason) = 0;
    /// Of what it says when it has ended: nothing comes any more.
    [[nodiscard]] virtual IoResult try_read(MutableBytes out) = 0;
    [[nodiscard]] virtual IoResult try_write(Bytes bytes) = 0;
    /// false: it was closed here.
    [[nodiscard]] virtual Task<bool> readable() = 0;
    [[nodiscard]] virtual Task<bool> writable() = 0;
    /// In a client's words: "the display".
    [[nodiscard]] virtual std::string_view far_side() const noexcept = 0;

    /// What to say in the close frame; the first one counts.
    void end(browser::CloseCode code, std::string reason) { end(static_cast<std::uint16_t>(code), std::move(reason)); }
    /// A text message, which goes between two of bytes. A client that takes none is closed.
    void tell(std::string_view text);
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

private:
    [[nodiscard]] Task<> to_far_side();
    [[nodiscard]] Task<bool> forward(MutableBytes bytes);
    [[nodiscard]] Task<> from_far_side();
    [[nodiscard]] Task<bool> to_client(Bytes rest);
    [[nodiscard]] Task<> until_stopped();
    [[nodiscard]] Task<> farewell();
    void discard(MutableBytes bytes);
    void handle(const websocket::Control& control);
    void add_control(websocket::Opcode opcode, Bytes payload);
    void flush_control();
    void end(std::uint16_t code, std::string reason);

    std::string peer_;
    Stream client_;

    websocket::PayloadReader reader_;
    std::array<std::byte, websocket::client_header + websocket::control_payload> kept_{};  // start of a frame
    std::size_t kept_size_ = 0;
    std::string early_;

    std::string control_;   // whole frames that go between two messages
    bool writing_ = false;  // a message is on its way to the client
    bool peer_closed_ = false;
    bool deaf_ = false;  // what the peer sends can't be understood any more
    std::optional<std::uint16_t> closing_;
    std::string reason_;
    Signal stopped_;
    bool stalled_ = false;  // the far side takes nothing: the client is not read, so its silence says nothing
    Clock::time_point heard_;
};

}  // namespace vmcbridge::io
