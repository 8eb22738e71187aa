#pragma once

#include "proto/limits.hpp"
#include "src/bridge/qga_link.hpp"
#include "src/bridge/rate.hpp"
#include "src/config.hpp"
#include "src/io/guest_commands.hpp"
#include "src/io/guest_transport.hpp"
#include "src/io/signal.hpp"

#include <memory>
#include <string>

namespace vmcbridge::io {

/// The port of a QEMU guest agent, opened for as long as it is configured: drives the QgaLink. Lives on the machine's
/// context.
class QgaPort final : public GuestCommands {
public:
    /// REQUIRES: port.channel. A guest that connects to us finds the socket there when this returns.
    QgaPort(net::io_context& context, std::string vm, Port port);

    /// Opens the port again and again until stop().
    [[nodiscard]] Task<> run(std::shared_ptr<QgaPort> self);
    /// What is configured now. REQUIRES: port.channel.
    void update(const Port& port);
    /// Ends run(), and what is asked now with agent_gone.
    void stop();

    [[nodiscard]] Task<qga::Answer> ask(qga::Command command, Clock::time_point deadline) override;
    [[nodiscard]] bool is_connected() const noexcept override { return link_.is_connected(); }

private:
    [[nodiscard]] std::unique_ptr<GuestTransport> make_transport();
    [[nodiscard]] bool take_note();
    [[nodiscard]] Task<> serve(Stream stream);
    [[nodiscard]] Task<> read_port(Stream& stream);
    [[nodiscard]] Task<> write_port(Stream& stream);

    net::io_context& context_;
    std::string vm_;
    Port port_;
    bridge::QgaLink link_;
    std::unique_ptr<GuestTransport> transport_;
    std::string reason_;  // why the connection ended
    bridge::Rate notes_{limits::agent_notes, std::chrono::minutes{1}};
    bool stopping_ = false;
    bool channel_changed_ = false;
    Signal changed_;  // for run(): another channel is configured, or the end has come
    Signal work_;     // for write_port(): something waits for the port
    Timer answered_;  // for ask(): cancelled when the link may have an answer, or another deadline
};

}  // namespace vmcbridge::io
