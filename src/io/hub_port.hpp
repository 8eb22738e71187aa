#pragma once

#include "src/bridge/hub.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/io/signal.hpp"
#include "src/io/stream.hpp"

#include <map>
#include <string>

namespace vmcbridge::io {

/// A client's connection, as the driver of the hub sees it. Both calls may be made from within the client's own calls
/// to HubPort, and return at once.
class ClientPort {
public:
    ClientPort() = default;
    ClientPort(const ClientPort&) = delete;
    ClientPort& operator=(const ClientPort&) = delete;

    /// Frames wait in poll(), or it may be read again.
    virtual void wake() = 0;
    /// The hub has let it go: close with this. No call about it comes after this one.
    virtual void close(browser::CloseCode code, std::string reason) = 0;

protected:
    ~ClientPort() = default;
};

/// Drives the hub of one VM: bytes and time into handle_*, what comes out of poll_* to whom it concerns. Lives on the
/// VM's context.
class HubPort {
public:
    HubPort(net::io_context& context, std::string vm, bridge::HubSettings settings, bridge::SpoolFactory spools);

    // ---- Guest
    /// Moves bytes between one connection of the guest and the hub until it ends; gives the reason. One at a time.
    [[nodiscard]] Task<std::string> serve_guest(Stream stream);
    /// Ends serve_guest() in order: what was begun is written. Nothing happens when no guest is connected.
    void drop_guest(std::string reason);

    // ---- Clients
    /// `port` stays valid until leave(), or until its close() was called.
    [[nodiscard]] Result<ClientId, browser::Code> join(bridge::ClientProfile profile, ClientPort& port,
                                                       std::string_view resume = {});
    [[nodiscard]] Result<ClientId, browser::Code> join(bridge::ClientProfile profile, const bridge::SpiceLink& link,
                                                       ClientPort& port);
    /// Somebody who sees to what the hub says of the SPICE server's session. Outlives the port; set before it is used.
    class SessionKeeper {
    public:
        virtual void review_channels(ClientId client) = 0;
        virtual void want_mouse_mode(std::uint16_t mode) = 0;

    protected:
        ~SessionKeeper() = default;
    };
    void set_session_keeper(SessionKeeper& keeper) noexcept { keeper_ = &keeper; }
    void set_session(std::optional<bridge::UpstreamSession> session);
    [[nodiscard]] bool may_open(ClientId client, ::vmcbridge::spice::ChannelId channel) const {
        return hub_.may_open(client, channel);
    }
    [[nodiscard]] bool may_input(ClientId client) const { return hub_.may_input(client); }
    /// A press of this client was held back, the first one.
    void handle_held_input(ClientId client);
    /// The client on the main channel of this session.
    [[nodiscard]] std::optional<ClientId> client_of(std::uint32_t session) const { return hub_.client_of(session); }

    /// Is this client there? false too while its leave() is under way.
    [[nodiscard]] bool has(ClientId client) const { return clients_.contains(client); }
    void leave(ClientId client);
    /// Its connection is lost: it may come back.
    void lose(ClientId client);
    void handle_text(ClientId client, std::string_view frame);
    void handle_binary(ClientId client, Bytes frame);
    void handle_spice(ClientId client, Bytes bytes);
    /// Asks a SPICE client for a sign of life.
    void ping(ClientId client);
    [[nodiscard]] std::size_t poll_spice(ClientId client, MutableBytes out) {
        return hub_.poll_spice(client, out, Clock::now());
    }
    [[nodiscard]] bool is_readable(ClientId client) const noexcept { return hub_.client_is_readable(client); }
    [[nodiscard]] std::optional<bridge::OutFrame> poll(ClientId client) { return hub_.poll_client(client); }
    /// After frames were taken by poll(): there may be room for the guest's next bytes.
    void taken() { settle(); }

    // ---- Time and management
    /// Calls the hub when it asked to be called. Ends by cancellation.
    [[nodiscard]] Task<> run_clock();
    void apply(bridge::HubSettings settings);
    void close_clients(browser::CloseCode code, std::string_view reason);
    [[nodiscard]] bridge::VmStatus status() const { return hub_.status(); }
    /// Oldest first.
    [[nodiscard]] const std::deque<bridge::TraceEvent>& trace() const noexcept { return hub_.trace(); }

private:
    struct GuestLink;

    [[nodiscard]] Task<bool> finish_chunk(GuestLink& link);
    [[nodiscard]] Task<> read_guest(GuestLink& link);
    [[nodiscard]] Task<> write_guest(GuestLink& link);
    void flush_guest();
    void settle();
    void handle_event(const bridge::HubEvent& event);
    bool wake_ready_clients();

    net::io_context& context_;
    std::string vm_;
    bridge::Hub hub_;
    std::map<ClientId, ClientPort*> clients_;
    SessionKeeper* keeper_ = nullptr;
    GuestLink* guest_ = nullptr;  // lives in the frame of serve_guest()
    Timer timer_;
    bool settling_ = false;
    bool again_ = false;
};

}  // namespace vmcbridge::io
