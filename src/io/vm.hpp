#pragma once

#include "src/config.hpp"
#include "src/io/guest_control.hpp"
#include "src/io/guest_transport.hpp"
#include "src/io/held_agent.hpp"
#include "src/io/hub_port.hpp"
#include "src/io/qga_port.hpp"
#include "src/io/raw_port.hpp"
#include "src/io/session.hpp"
#include "src/io/task_group.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace vmcbridge::io {

namespace spice {
class ChannelRelay;
}

/// A further port as the API shows it. Values only.
struct PortView {
    Port port;
    bool is_permitted = false;  ///< by policy
    bool is_connected = false;
    std::size_t clients = 0;
};

/// The QEMU guest agent of a machine as the API shows it. Values only.
struct GuestAgentView {
    policy::GuestAgentRule permission = policy::GuestAgentRule::off;
    bool is_connected = false;
};

/// A machine as the API shows it. Values only.
struct VmView {
    std::string name;
    std::string uuid;   ///< as configured; empty: none
    std::string guest;  ///< as configured, without the options of a SPICE server; empty: none
    bool guest_connected = false;
    std::string guest_problem;             ///< why it can't be reached; empty: nothing is wrong
    std::optional<bool> is_server_linked;  ///< of a guest behind a SPICE server
    PortFacts guest_facts;
    std::string display;  ///< as configured; empty: none
    std::string_view display_kind = "vnc";
    std::size_t display_clients = 0;
    std::vector<PortView> ports;
    std::optional<GuestAgentView> guest_agent;  ///< nullopt: the machine has no such port
    bridge::VmStatus status;
};

/// What happened lately to the copies, files and layouts of a machine. Values only.
struct VmTrace {
    std::string name;
    std::deque<bridge::TraceEvent> events;  ///< oldest first
};

/// What a further channel of a viewer's SPICE session is linked to. Values only.
struct ChannelTarget {
    ClientId client{};
    Guest guest;                ///< the server
    std::uint32_t session = 0;  ///< there
};

/// One machine, pinned to one context: its hub, its guest's port, and every client of it live there.
class Vm final : public std::enable_shared_from_this<Vm>, private HubPort::SessionKeeper {
public:
    /// A guest that connects to us finds the socket there when this returns.
    Vm(net::io_context& context, VmConfig config);

    // ---- From any thread; return at once, the work is done on the machine's context
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    void start();
    void update(VmConfig config);
    /// Takes over a connection. After close() it is closed with the same code.
    void adopt(Arrival arrival);
    /// Closes every client with this code, then the guest's port; `done` is called there, when all of that has ended
    /// or was cut after `grace`. Once.
    void close(browser::CloseCode code, std::string reason, milliseconds grace, std::function<void()> done);
    /// From a coroutine of any context, which it goes on in.
    [[nodiscard]] Task<VmView> view();
    [[nodiscard]] Task<VmTrace> trace();
    /// Asks the QEMU guest agent. Failures: those of GuestControl; disabled: there is no such port, or not for clients.
    [[nodiscard]] Task<GuestAnswer> ask_guest(GuestAsk ask);
    /// nullopt: this session has no such channel now.
    [[nodiscard]] Task<std::optional<ChannelTarget>> channel_target(std::uint32_t session,
                                                                    ::vmcbridge::spice::ChannelId channel);

private:
    [[nodiscard]] Task<> run_guest(std::shared_ptr<Vm> self);
    [[nodiscard]] Task<> run_clock(std::shared_ptr<Vm> self);
    [[nodiscard]] Task<> run_pings(std::shared_ptr<Vm> self);
    [[nodiscard]] Task<> run_session(std::shared_ptr<Vm> self, std::shared_ptr<Session> session);
    [[nodiscard]] Task<> run_close(std::shared_ptr<Vm> self, milliseconds grace, std::function<void()> done);
    void handle_update(VmConfig config);
    void handle_arrival(Arrival arrival);
    /// nullptr: the connection is of no use; logged.
    [[nodiscard]] std::shared_ptr<Session> open_websocket(Arrival arrival);
    [[nodiscard]] std::shared_ptr<Session> open_spice(Arrival arrival);
    [[nodiscard]] std::shared_ptr<Session> open_channel(Arrival arrival);
    [[nodiscard]] std::shared_ptr<Session> open(Arrival arrival);
    [[nodiscard]] std::unique_ptr<GuestTransport> make_transport();
    [[nodiscard]] bool may_open(const Port& port) const;
    /// Opens the ports that are configured and permitted, of those that are not open yet.
    void open_ports();
    void update_ports();
    void run_port(const std::shared_ptr<RawPort>& port);
    /// The guest agent's port, where the bridge itself holds that; nullptr: it does not.
    [[nodiscard]] const Port* guest_agent_port() const;
    void open_guest_agent();
    void run_guest_agent();
    void update_guest_agent();
    void stop_guest_agent();
    void start_ask(GuestAsk ask, GuestControl::Done done);
    void review_channels(ClientId client) override;
    void want_mouse_mode(std::uint16_t mode) override;
    void handle_close(browser::CloseCode code, std::string reason, milliseconds grace, std::function<void()> done);
    [[nodiscard]] VmView describe() const;
    /// What `start` hands over, at once or later and once, on the machine's context; on that of the coroutine that
    /// waits. Can't be cancelled.
    template <class Value>
    [[nodiscard]] Task<Value> ask_later(std::function<void(Vm&, std::function<void(Value)>)> start);
    /// What `look` gives on the machine's context, on that of the coroutine that waits.
    template <class Value>
    [[nodiscard]] Task<Value> ask(std::function<Value(const Vm&)> look);

    struct Closing {
        browser::CloseCode code;
        std::string reason;
    };

    net::io_context& context_;
    const std::string name_;
    VmConfig config_;
    HubPort port_;
    std::unique_ptr<GuestTransport> transport_;
    bool guest_connected_ = false;
    Signal changed_;  // for run_guest: another guest is configured, or the end has come
    bool guest_changed_ = false;
    std::set<Session*> sessions_;
    std::size_t displays_ = 0;
    std::map<std::string, std::shared_ptr<RawPort>> ports_;  // those that are open, by their names
    std::shared_ptr<QgaPort> agent_port_;                    // null: the bridge does not hold the guest agent's port
    std::shared_ptr<HeldAgent> held_agent_;                  // null: nobody holds it in the bridge's place
    std::shared_ptr<GuestControl> guest_control_;            // null where both are
    std::map<::vmcbridge::spice::ChannelId, std::weak_ptr<spice::ChannelRelay>> channels_;  // the last one of each
    std::optional<Closing> closing_;

    TaskGroup clients_;
    TaskGroup guest_;
    TaskGroup house_;  // clock, pings, and the end
};

}  // namespace vmcbridge::io
