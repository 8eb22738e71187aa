#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/browser/codes.hpp"
#include "proto/ids.hpp"
#include "proto/result.hpp"
#include "proto/spice/link.hpp"
#include "src/bridge/client.hpp"
#include "src/bridge/out_frame.hpp"
#include "src/bridge/spool.hpp"
#include "src/bridge/trace.hpp"
#include "src/bridge/upstream_session.hpp"
#include "src/config.hpp"
#include "src/policy/policy.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vmcbridge::bridge {

/// What the hub is told of its VM.
struct HubSettings {
    policy::Policy policy;
    Limits limits;
};

/// A client of SPICE's main channel, as its link tells it.
struct SpiceLink {
    spice::Capabilities capabilities;  ///< of the client
    std::uint32_t session = 0;         ///< id of its session; not 0
    std::array<std::byte, 16> uuid{};  ///< of the machine
    bool has_own_uuid = false;         ///< it was configured; else the SPICE server's goes before
    /// Resume token of the client that this one sees the machine for: what it says of the agent counts for nothing, and
    /// it goes with that client. Empty: it is a client of its own.
    std::string companion_of{};
};

/// The guest's connection must be dropped (and made again): its bytes can't be understood any more.
struct DropGuest {
    std::string reason;
};
/// A client's connection must be closed. The hub has nothing more for it: what waited for it is dropped.
struct CloseClient {
    ClientId client;
    browser::CloseCode code;
    std::string reason;  ///< at most 123 bytes
};
/// This client may have lost its right to channels of the SPICE server's session: may_open() tells of which.
struct ReviewChannels {
    ClientId client;
};
/// The SPICE server is to be asked for this mouse mode.
struct WantMouseMode {
    std::uint16_t mode = 0;
};
/// Something an administrator may want to read about this VM. Never contents.
struct Note {
    bool warning = false;
    std::string_view event;
    std::vector<std::pair<std::string_view, std::string>> fields;
};
using HubEvent = std::variant<DropGuest, CloseClient, ReviewChannels, WantMouseMode, Note>;

/// One VM as the API shows it.
struct VmStatus {
    struct Client {
        ClientId id{};
        ClientKind kind{};
        std::string user;
        bool lead = false;
    };
    struct Counters {
        std::uint64_t guest_bytes_in = 0;
        std::uint64_t guest_bytes_out = 0;
        std::uint64_t guest_messages_ignored = 0;  ///< malformed, unknown or out of place
        std::uint64_t guest_connections_dropped = 0;
        std::uint64_t frames_refused = 0;     ///< malformed frames of clients
        std::uint64_t clipboard_answers = 0;  ///< requests answered with data, both ways
        std::uint64_t clipboard_errors = 0;   ///< requests answered with an error, both ways
        std::uint64_t clipboard_stale = 0;    ///< late data of superseded grabs and other strays
        std::uint64_t files_done = 0;
        std::uint64_t files_failed = 0;
    };
    bool agent_connected = false;
    agent::CapabilitySet capabilities;
    std::string agent_guess;  ///< "spice-vdagent 0.20 or newer", from the announced word; empty: no agent
    std::vector<Client> clients;
    Counters counters;
};

/// All state of one VM: its agent, its clients, who owns what. Deterministic: the same calls give the same outputs.
///
/// Bytes and the time go in by handle_*, what is to do comes out by poll_*; it neither waits, logs, nor reads a clock.
/// Not thread-safe: it lives in one thread. After any handle_* its driver looks at poll_event(), take_ready_clients(),
/// has_guest_output(), poll_timeout().
class Hub {
public:
    Hub(std::string vm, HubSettings settings, SpoolFactory spools);
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    ~Hub();

    // ---- The guest's port
    /// A connection to the port stands (again). The agent behind it may or may not run.
    void handle_guest_connected(Time now);
    /// Any piece of what the guest wrote; not kept after the call.
    void handle_guest_bytes(Bytes bytes, Time now);
    /// The connection is gone: read of 0, error, or the answer to DropGuest.
    void handle_guest_gone(Time now);
    /// false: don't read from the guest now, a client's outbox is full.
    [[nodiscard]] bool guest_is_readable() const noexcept;
    /// Fills `out` with bytes for the guest, chunk headers included; 0: nothing to write now. REQUIRES: out.size() >=
    /// 4096.
    [[nodiscard]] std::size_t poll_guest(MutableBytes out, Time now);
    /// The rest of a chunk that has begun, and nothing more: for who closes the connection. REQUIRES: as poll_guest().
    [[nodiscard]] std::size_t poll_guest_rest(MutableBytes out, Time now);
    [[nodiscard]] bool has_guest_output() const noexcept;

    // ---- Clients
    /// A client that speaks vmcbridge.v1 came. Error: too-many, or busy (several-clients = refuse); clients that are
    /// lost make place before.
    /// `resume` is the token of a lost connection: with the right one, and the same user, that client goes on; if its
    /// connection still stands, CloseClient for it comes out of poll_event() first. A wrong one gives a new client.
    [[nodiscard]] Result<ClientId, browser::Code> handle_client_joined(ClientProfile profile, Time now,
                                                                       std::string_view resume = {});
    /// A client on SPICE's main channel came, its link done. Errors: as handle_client_joined(), and bad_token where it
    /// is the companion of nobody.
    [[nodiscard]] Result<ClientId, browser::Code> handle_spice_joined(ClientProfile profile, const SpiceLink& link,
                                                                      Time now);
    /// Any piece of what it wrote after the link; not kept after the call.
    void handle_spice_bytes(ClientId client, Bytes bytes, Time now);
    /// Asks it for a sign of life.
    void handle_spice_silence(ClientId client, Time now);
    /// Fills `out` with bytes for it; 0: nothing to write now. REQUIRES: out.size() >= 4096.
    [[nodiscard]] std::size_t poll_spice(ClientId client, MutableBytes out, Time now);

    // ---- The session of the SPICE server behind the machine
    /// What the server says of it now; nullopt: there is none.
    void handle_session(std::optional<UpstreamSession> session, Time now);
    /// May this client open a channel of it, and go on with it? One viewer has the session at a time.
    [[nodiscard]] bool may_open(ClientId client, spice::ChannelId channel) const;
    /// Do its keys and clicks reach the guest?
    [[nodiscard]] bool may_input(ClientId client) const;
    /// A key or click of this client did not reach the guest, the first one since others did: it is told why.
    void handle_held_input(ClientId client, Time now);
    /// Whose session has this id.
    [[nodiscard]] std::optional<ClientId> client_of(std::uint32_t session) const;

    void handle_client_text(ClientId client, std::string_view frame, Time now);
    void handle_client_binary(ClientId client, Bytes frame, Time now);
    /// Its connection is closed: it is over. Unknown ids (the hub closed it first) are fine, here and above.
    void handle_client_gone(ClientId client, Time now);
    /// Its connection is lost: it may be resumed within Limits::resume_grace, then it is over.
    void handle_client_lost(ClientId client, Time now);
    /// false: don't read from this client now. Becomes true at the latest when the guest or the client took what waits.
    [[nodiscard]] bool client_is_readable(ClientId client) const noexcept;
    /// The next message to write to this client; call again when it is written.
    [[nodiscard]] std::optional<OutFrame> poll_client(ClientId client);
    /// Clients that have had something to write, or have become readable, since the last call. Each once.
    [[nodiscard]] std::vector<ClientId> take_ready_clients();

    // ---- Time and management
    void handle_timeout(Time now);
    /// When to call handle_timeout at the latest; nullopt: nothing waits.
    [[nodiscard]] std::optional<Time> poll_timeout() const;
    [[nodiscard]] std::optional<HubEvent> poll_event();
    /// A new configuration: rights change, what is no longer allowed ends at once.
    void handle_settings(HubSettings settings, Time now);
    /// Closes every client with this code (VM detached: vm_gone; bridge stops: stopping).
    void close_clients(browser::CloseCode code, std::string_view reason, Time now);
    [[nodiscard]] VmStatus status() const;
    /// What happened lately, oldest first.
    [[nodiscard]] const std::deque<TraceEvent>& trace() const noexcept;

    struct Parts;  ///< what a hub is made of; only src/bridge knows it

private:
    /// Begins a call that happens now.
    Parts& at(Time now) noexcept;

    std::unique_ptr<Parts> parts_;
};

}  // namespace vmcbridge::bridge
