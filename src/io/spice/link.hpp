#pragma once

#include "proto/spice/link.hpp"
#include "src/bridge/rate.hpp"
#include "src/config.hpp"
#include "src/io/bounds.hpp"
#include "src/io/door.hpp"
#include "src/io/pending.hpp"
#include "src/io/spice/exchange.hpp"
#include "src/io/spice/sessions.hpp"
#include "src/io/spice/ticket_key.hpp"
#include "src/io/throttle.hpp"
#include "src/io/tickets.hpp"
#include "src/io/tls.hpp"
#include "src/io/vm_registry.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace vmcbridge::io::spice {

/// What all links share. On the listeners' context.
struct LinkService {
    LinkService(net::io_context& on, const VmRegistry& machines, Tickets& passwords, std::size_t most_pending)
        : context{on}, vms{machines}, tickets{passwords}, pending{most_pending} {}

    /// Says in the log who was refused, and why; in bounds, since nobody has to know a password for it. What was left
    /// out is counted with the next one.
    void note_refusal(std::string_view event, const Peer& peer, std::string_view reason,
                      std::string_view vm = {}) const;
    void apply(const Config& config, const DoorRules& doors, std::shared_ptr<const TlsServer> certificate);
    void set_machines(const std::map<std::string, VmConfig>& all);

    net::io_context& context;
    const VmRegistry& vms;
    Tickets& tickets;
    KeyStock keys{};
    Pending pending;
    Throttle throttle{};
    Sessions sessions{};

    // ---- As configured
    DoorRules rules{};  ///< for WebSockets: which pages may connect
    std::shared_ptr<const TlsServer> tls{};
    SpiceTls tls_rule = SpiceTls::automatic;
    AuthMode auth = AuthMode::none;
    bool sasl = false;             ///< SASL takes the place of tickets
    std::set<std::string> open{};  ///< machines that an empty password opens
    bool stopping = false;

private:
    mutable bridge::Rate refusals_{bounds::link_notes, std::chrono::minutes{1}};
};

/// How a connection came to its link.
struct LinkOrigin {
    Peer peer{};
    std::optional<std::string> vm{};     ///< the port belongs to this machine
    std::optional<Admitted> admitted{};  ///< let in already, by an access token: no password is asked for
    bool is_confidential = false;        ///< nobody reads along: TLS, or a unix socket
    std::string companion_of{};          ///< resume token of the client that it sees the machine for; empty: of none
    std::shared_ptr<const KnownSession> session{};  ///< the one that a further channel belongs to
};

/// A connection to a SPICE port from its first byte: TLS and WebSocket are told by it; then the link.
[[nodiscard]] Task<> serve_port(std::shared_ptr<LinkService> service, Stream stream, LinkOrigin origin);

/// What the client wants, and who it is; then it moves to its machine. All outlive it.
[[nodiscard]] Task<> serve_link(LinkService& service, Exchange& exchange, const LinkOrigin& origin);

/// The same for a further channel of a session, whose request has come.
[[nodiscard]] Task<> establish_channel(LinkService& service, Exchange& exchange, LinkOrigin origin,
                                       const ::vmcbridge::spice::LinkRequest& request);

}  // namespace vmcbridge::io::spice
