#pragma once

#include "src/config.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/io/session.hpp"
#include "src/io/signal.hpp"
#include "src/io/stream.hpp"
#include "src/io/websocket/readers.hpp"

#include <array>
#include <optional>

namespace vmcbridge::io {

/// A client that wants the picture: the bytes inside its binary messages <-> the VM's VNC server, unread.
///
/// Backpressure is that of the sockets: neither side is read while the other takes nothing. No buffer is held while
/// nothing moves.
class DisplayRelay final : public Session {
public:
    /// `display`: nullopt, the VM has none.
    DisplayRelay(net::io_context& context, std::string vm, std::optional<Display> display, Stream stream,
                 Arrival arrival);

    Task<> run() override;
    void tick(Clock::time_point now) override;
    void stop(browser::CloseCode code, std::string reason) override;

private:
    [[nodiscard]] Task<bool> connect();
    [[nodiscard]] Task<> to_display();
    [[nodiscard]] Task<bool> forward(MutableBytes bytes);
    [[nodiscard]] Task<> from_display();
    [[nodiscard]] Task<bool> to_client(Bytes rest);
    [[nodiscard]] Task<> until_stopped();
    [[nodiscard]] Task<> farewell();
    void discard(MutableBytes bytes);
    void handle(const websocket::Control& control);
    void add_control(websocket::Opcode opcode, Bytes payload);
    void flush_control();
    void end(std::uint16_t code, std::string reason);

    net::io_context& context_;
    std::string vm_;
    std::optional<Display> target_;
    std::string peer_;
    Stream client_;
    std::optional<Stream> display_;

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
    bool stalled_ = false;  // the display takes nothing: the client is not read, so its silence says nothing
    Clock::time_point heard_;
};

}  // namespace vmcbridge::io
