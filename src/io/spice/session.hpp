#pragma once

#include "proto/spice/message_bounds.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/io/hub_port.hpp"
#include "src/io/session.hpp"
#include "src/io/spice/wire.hpp"
#include "src/io/task_group.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::io::spice {

/// A client on SPICE's main channel, after its link: bytes <-> the VM's hub.
///
/// An idle one holds no buffer and one coroutine, which waits for bytes. What the hub has for it is written at once
/// from wake(); only where the socket takes no more, a second coroutine waits until it does.
class MainSession final : public Session, public ClientPort, public std::enable_shared_from_this<MainSession> {
public:
    /// `port` and `tasks` outlive it.
    MainSession(std::string vm, HubPort& port, TaskGroup& tasks, Wire wire, Arrival arrival,
                const bridge::SpiceLink& link, std::shared_ptr<const KnownSession> known);
    ~MainSession() override;

    Task<> run() override;
    void tick(Clock::time_point now) override;
    void stop(browser::CloseCode code, std::string reason) override;
    void wake() override;
    void close(browser::CloseCode code, std::string reason) override;

private:
    void join();
    [[nodiscard]] Task<> read();

    void flush();
    [[nodiscard]] bool push();
    [[nodiscard]] bool refill();
    [[nodiscard]] Bytes next_piece() const;
    void put_result(::vmcbridge::spice::LinkError result);
    [[nodiscard]] Task<> write_rest();

    void begin_close(browser::CloseCode code, std::string_view reason);
    [[nodiscard]] Task<> cut_later();
    void cut();
    void leave(std::string_view why);

    std::string vm_;
    HubPort& port_;
    TaskGroup& tasks_;
    Wire wire_;
    bridge::ClientProfile profile_;
    bridge::SpiceLink link_;
    std::shared_ptr<const KnownSession> known_;  // further channels of this session are let in
    std::string peer_;
    std::string early_;
    std::optional<ClientId> client_;  // nullopt: not in the hub (any more)
    std::string_view end_ = "lost";   // how its connection ended
    Signal readable_;
    bool paused_ = false;  // the hub takes nothing from this client now
    Clock::time_point heard_;

    std::vector<std::byte> words_;  // ours: the link's result, and at the end the last ones
    Buffer buffer_;
    Bytes rest_;  // of buffer_, on its way out
    ::vmcbridge::spice::MessageBounds bounds_;
    bool writing_ = false;  // write_rest() waits for room
    Clock::time_point moved_;
    bool linked_ = false;  // the peer was told that it is in
    bool closing_ = false;
    bool shut_ = false;
    std::optional<Timer> cut_timer_;
};

}  // namespace vmcbridge::io::spice
