#pragma once

#include "src/io/buffer_pool.hpp"
#include "src/io/hub_port.hpp"
#include "src/io/session.hpp"
#include "src/io/task_group.hpp"
#include "src/io/websocket/readers.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace vmcbridge::io {

/// A client that speaks vmcbridge.v1: WebSocket messages <-> the VM's hub.
///
/// An idle one holds no buffer and one coroutine, which waits for bytes. What the hub has for it is written at once
/// from wake(); only where the socket takes no more, a second coroutine waits until it does.
class AgentSession final : public Session, public ClientPort, public std::enable_shared_from_this<AgentSession> {
public:
    /// `port` and `tasks` outlive it.
    AgentSession(std::string vm, HubPort& port, TaskGroup& tasks, Stream stream, Arrival arrival);
    ~AgentSession() override;

    Task<> run() override;
    void tick(Clock::time_point now) override;
    void stop(browser::CloseCode code, std::string reason) override;
    void wake() override;
    void close(browser::CloseCode code, std::string reason) override;

private:
    /// One message on its way out.
    struct Piece {
        std::array<std::byte, websocket::server_header + 4> header{};  // and the stream's number
        std::size_t header_size = 0;
        bridge::SharedBytes body;
    };

    // In
    void join(bridge::ClientProfile profile);
    [[nodiscard]] Task<> read();
    [[nodiscard]] bool fill();
    [[nodiscard]] bool digest();
    void handle(const websocket::Message& message);
    void keep_rest();

    // Out
    void flush();
    [[nodiscard]] bool push();
    void gather();
    void written(std::size_t count);
    void add_control(websocket::Opcode opcode, Bytes payload);
    [[nodiscard]] Task<> write_rest();

    // The end
    void begin_close(std::uint16_t code, std::string reason);
    [[nodiscard]] Task<> cut_later();
    void cut();
    void leave(std::string_view why);
    void lose();
    void report_end(std::string_view why) const;

    std::string vm_;
    HubPort& port_;
    TaskGroup& tasks_;
    Stream stream_;
    bridge::ClientProfile profile_;
    std::string resume_;
    std::string peer_;
    std::optional<ClientId> client_;  // nullopt: not in the hub (any more)

    websocket::MessageReader reader_;
    std::vector<std::byte> kept_;  // the start of a message, while no buffer is borrowed
    Buffer buffer_;
    MutableBytes unread_;  // in buffer_
    Signal readable_;
    bool paused_ = false;      // the hub takes nothing from this client now
    bool peer_ended_ = false;  // nothing more comes
    Clock::time_point heard_;

    std::string control_;  // whole frames that go before the next message
    std::vector<Piece> batch_;
    std::size_t batch_written_ = 0;  // of its first piece
    bool writing_ = false;           // write_rest() waits for room
    Clock::time_point moved_;        // when it began to, or got some
    std::optional<std::uint16_t> closing_;
    std::string close_reason_;
    bool close_queued_ = false;
    std::optional<Timer> cut_timer_;
};

}  // namespace vmcbridge::io
