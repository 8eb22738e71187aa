#pragma once

#include "proto/limits.hpp"
#include "src/bridge/rate.hpp"
#include "src/config.hpp"
#include "src/io/guest_transport.hpp"
#include "src/io/signal.hpp"

#include <memory>
#include <string>

namespace vmcbridge::io {

/// The host end of a port besides the agent's, opened for as long as it is configured. Whoever derives says what
/// becomes of each connection. Lives on the machine's context.
class PortLink {
public:
    /// REQUIRES: port.channel. A guest that connects to us finds the socket there when this returns.
    PortLink(net::io_context& context, std::string vm, Port port);
    PortLink(const PortLink&) = delete;
    PortLink& operator=(const PortLink&) = delete;

    /// Opens the port again and again until it is stopped; `self` keeps this alive meanwhile.
    [[nodiscard]] Task<> run(std::shared_ptr<PortLink> self);
    /// What is configured now. REQUIRES: port.channel.
    void update(const Port& port);
    [[nodiscard]] const std::string& name() const noexcept { return port_.name; }

protected:
    virtual ~PortLink() = default;

    // ---- A connection: began() -> read_port() and write_port(), until one ends, or it is not wanted any more ->
    // ended()
    virtual void began() = 0;
    [[nodiscard]] virtual Task<> read_port(Stream& stream) = 0;
    [[nodiscard]] virtual Task<> write_port(Stream& stream) = 0;
    virtual void ended() = 0;

    /// Why the connection ends, for the log; the last one counts.
    void explain(std::string reason) { reason_ = std::move(reason); }
    /// The same, where `result` is an end; false: it is none.
    [[nodiscard]] bool is_end(const IoResult& result);
    /// Ends run().
    void stop_link();
    [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }
    [[nodiscard]] const std::string& vm() const noexcept { return vm_; }

private:
    [[nodiscard]] std::unique_ptr<GuestTransport> make_transport();
    [[nodiscard]] bool take_note();
    [[nodiscard]] Task<> serve(Stream stream);

    net::io_context& context_;
    std::string vm_;
    Port port_;
    std::unique_ptr<GuestTransport> transport_;
    std::string reason_;
    bridge::Rate notes_{limits::agent_notes, std::chrono::minutes{1}};
    bool stopping_ = false;
    bool channel_changed_ = false;
    Signal changed_;  // for run(): another channel is configured, or the end has come
};

}  // namespace vmcbridge::io
