#pragma once

#include "proto/spice/message_bounds.hpp"
#include "src/bridge/spice_inputs.hpp"
#include "src/io/hub_port.hpp"
#include "src/io/session.hpp"
#include "src/io/signal.hpp"
#include "src/io/spice/client_link.hpp"
#include "src/io/spice/wire.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::io::spice {

/// A further channel of a viewer: its bytes <-> the same channel of the SPICE server behind the machine, unread but for
/// keys and clicks, which only pass where the hub lets them.
///
/// Backpressure is that of the sockets: neither side is read while the other takes nothing. No buffer is held while
/// nothing moves. The server knows one channel of each kind: one that follows another waits until that has gone there.
class ChannelRelay final : public Session {
public:
    /// `port` outlives it. `before`: the last one of the same channel, which ends now; may be null.
    ChannelRelay(net::io_context& context, std::string vm, HubPort& port, Arrival arrival,
                 std::shared_ptr<ChannelRelay> before);

    Task<> run() override;
    /// The main channel is asked for signs of life; this one goes with it.
    void tick(Clock::time_point) override {}
    void stop(browser::CloseCode code, std::string reason) override;

    [[nodiscard]] ClientId client() const noexcept { return client_; }

private:
    [[nodiscard]] Task<> serve();
    [[nodiscard]] Task<bool> link();
    [[nodiscard]] Task<bool> send_result(::vmcbridge::spice::LinkError result);
    [[nodiscard]] Task<> to_server();
    [[nodiscard]] Task<> to_client();
    [[nodiscard]] Task<bool> pass(Bytes bytes);
    [[nodiscard]] Task<bool> write_server(Bytes bytes);
    [[nodiscard]] Task<bool> write_client(Bytes bytes);
    [[nodiscard]] Task<> part();
    void end(std::string reason);

    net::io_context& context_;
    std::string vm_;
    HubPort& port_;
    ClientId client_;
    ::vmcbridge::spice::ChannelId channel_;
    Guest guest_;
    std::shared_ptr<const void> place_;      // until the link is done
    std::optional<Arrival::Channel> parts_;  // until run()
    std::string early_;                      // of the client
    std::shared_ptr<ChannelRelay> before_;

    std::optional<Wire> wire_;
    std::optional<Stream> server_;
    std::string server_early_;
    ::vmcbridge::spice::MessageBounds bounds_;  // of what goes to the client
    std::optional<bridge::SpiceInputs> inputs_;
    std::vector<std::byte> input_;  // of them, on its way to the server

    Signal stopped_;
    Signal gone_;  // the server has seen it go; one waiter
    std::string reason_;
    bool ended_ = false;
};

}  // namespace vmcbridge::io::spice
