#pragma once

#include "src/bridge/qga_link.hpp"
#include "src/io/guest_commands.hpp"
#include "src/io/port_link.hpp"

#include <memory>
#include <string>

namespace vmcbridge::io {

/// The port of a QEMU guest agent, opened for as long as it is configured: drives the QgaLink. Lives on the machine's
/// context.
class QgaPort final : public PortLink, public GuestCommands {
public:
    /// REQUIRES: port.channel. A guest that connects to us finds the socket there when this returns.
    QgaPort(net::io_context& context, std::string vm, Port port);

    /// Ends run(), and what is asked now with agent_gone.
    void stop() { stop_link(); }

    [[nodiscard]] Task<qga::Answer> ask(qga::Command command, Clock::time_point deadline) override;
    [[nodiscard]] bool is_connected() const noexcept override { return link_.is_connected(); }

private:
    void began() override;
    Task<> read_port(Stream& stream) override;
    Task<> write_port(Stream& stream) override;
    void ended() override;

    bridge::QgaLink link_;
    Signal work_;     // for write_port(): something waits for the port
    Timer answered_;  // for ask(): cancelled when the link may have an answer, or another deadline
};

}  // namespace vmcbridge::io
