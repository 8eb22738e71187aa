#pragma once

#include "proto/spice/main_channel.hpp"
#include "proto/vdi/chunk.hpp"
#include "src/bridge/upstream_session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::bridge {

/// The bridge as the client of a SPICE server that holds the guest's port: its main channel on one side, the port's
/// chunks on the other, as a guest's transport would carry them; and the session that other channels belong to. Pure;
/// one connection.
///
/// AGENT_DATA and chunks of ours are the same pieces. The server's tokens hold the hub's bytes back; ours, which are
/// given back as the hub takes them, hold the server's.
class SpiceUpstream {
public:
    explicit SpiceUpstream(spice::HeaderKind kind) noexcept
        : reader_{kind, spice::server_message_limit}, header_{kind} {}

    // ---- The server
    /// Any piece of what it wrote after the link. nullopt: fine; else why the connection is of no use any more.
    [[nodiscard]] std::optional<std::string> handle_server(Bytes bytes);
    /// false: what it sent waits for the hub, or what it asked for waits for itself.
    [[nodiscard]] bool server_is_readable() const noexcept {
        return to_port_.size() - to_port_at_ < port_most && server_has_room();
    }
    [[nodiscard]] std::size_t poll_server(MutableBytes out);
    [[nodiscard]] bool has_server_output() const noexcept { return to_server_at_ < to_server_.size() || wanted_mode_; }
    /// Where the machine has moved; the connection here is over then.
    struct Moved {
        std::string host;
        std::uint16_t port = 0;
        std::uint16_t tls_port = 0;
        std::string subject;
    };
    [[nodiscard]] const std::optional<Moved>& moved() const noexcept { return moved_; }

    // ---- Its session
    /// What it is now, where that is news since the last call.
    [[nodiscard]] std::optional<UpstreamSession> take_session();
    [[nodiscard]] std::uint32_t session_id() const noexcept { return session_.id; }
    /// Of several before the server takes one, the last.
    void want_mouse_mode(std::uint16_t mode);

    // ---- The agent's port
    /// Counts the agents that came; 0: there is none now.
    [[nodiscard]] std::uint64_t agent() const noexcept { return has_agent_ ? agents_ : 0; }
    /// What the hub wrote to it. nullopt: fine; else why it makes no sense.
    [[nodiscard]] std::optional<std::string> handle_port(Bytes bytes);
    /// false: the server has no tokens for more, or takes less than it has given tokens for. Then little waits here:
    /// what is newer (a mouse that moves) is with the hub, which knows what takes the place of what.
    [[nodiscard]] bool port_is_readable() const noexcept {
        return server_has_room() && (tokens_ > 0 || from_port_.empty());
    }
    [[nodiscard]] std::size_t poll_port(MutableBytes out);
    [[nodiscard]] bool has_port_output() const noexcept { return to_port_at_ < to_port_.size(); }

private:
    /// Toward the hub, before the server is not read.
    static constexpr std::size_t port_most = 128 * limits::kib;
    /// Toward the server, before neither side is read: it can ask for answers faster than it takes them.
    static constexpr std::size_t server_most = 128 * limits::kib;
    [[nodiscard]] bool server_has_room() const noexcept { return to_server_.size() - to_server_at_ < server_most; }

    [[nodiscard]] std::optional<std::string> handle(const spice::ServerMessage& message);
    void begin_session(const spice::Init& init);
    void agent_came(std::optional<std::uint32_t> tokens);
    void agent_went();
    void agent_said(Bytes bytes);
    void acknowledge();
    [[nodiscard]] std::optional<std::string> pass_on();

    spice::MessageReader reader_;
    spice::HeaderWriter header_;
    std::vector<std::byte> to_server_;
    std::size_t to_server_at_ = 0;
    bool has_begun_ = false;  ///< INIT has come
    UpstreamSession session_;
    bool session_is_news_ = false;
    std::optional<std::uint16_t> wanted_mode_;  ///< of the mouse; not asked for yet
    std::optional<Moved> moved_;
    std::uint32_t ack_window_ = 0;
    std::uint32_t unacknowledged_ = 0;

    bool has_agent_ = false;
    std::uint64_t agents_ = 0;
    std::uint64_t tokens_ = 0;          ///< AGENT_DATA that the server takes
    std::uint32_t owed_ = 0;            ///< of ours, to be given back
    std::vector<std::byte> from_port_;  ///< chunks of the hub that wait
    std::vector<std::byte> to_port_;
    std::size_t to_port_at_ = 0;
    std::uint32_t pieces_ = 0;  ///< in to_port_
};

}  // namespace vmcbridge::bridge
