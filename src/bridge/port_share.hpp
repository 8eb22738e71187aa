#pragma once

#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "src/bridge/byte_ring.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace vmcbridge::bridge {

using Time = std::chrono::steady_clock::time_point;

/// How long a further port waits for a client that is behind by all that it may be.
inline constexpr std::chrono::seconds port_stall{5};

/// One raw port and the clients that share it. Pure: bytes in at one side, out at the other.
///
///     port -> history -> each client, from where it is; a new one begins with the scroll-back
///     the writer -> pending -> port
///
/// All clients read the same history, which is as long as the scroll-back or as the one most behind needs, within
/// limits::port_backlog. The writer is the client that came first, then the next; what others write is dropped, and so
/// is what nobody can take while the port is not connected: keys that were meant for a machine that is off must not
/// reach the next one that starts.
class PortShare {
public:
    // ---- The port
    void handle_connected() noexcept { connected_ = true; }
    void handle_gone();
    [[nodiscard]] bool is_connected() const noexcept { return connected_; }
    /// How many bytes of the port can be taken; 0: somebody is too far behind.
    [[nodiscard]] std::size_t room() const noexcept;
    /// REQUIRES: bytes.size() <= room().
    void handle_bytes(Bytes bytes, Time now);
    /// What waits for the port, as far as it lies together.
    [[nodiscard]] Bytes to_port() const noexcept { return pending_.front(pending_.size()); }
    void written(std::size_t count) noexcept { pending_.consume(count); }

    // ---- Clients
    /// REQUIRES: fewer than limits::port_clients are there.
    [[nodiscard]] ClientId join();
    void leave(ClientId client);
    [[nodiscard]] std::size_t clients() const noexcept { return readers_.size(); }
    /// What waits for this client, as far as it lies together.
    [[nodiscard]] Bytes to_client(ClientId client) const noexcept;
    void taken(ClientId client, std::size_t count) noexcept;
    /// How many of the bytes are done with: taken, or dropped. 0: the port takes nothing now, and they have to wait.
    [[nodiscard]] std::size_t write(ClientId client, Bytes bytes);
    /// Who may write; nullopt: nobody is there.
    [[nodiscard]] std::optional<ClientId> writer() const noexcept;

    // ---- Time
    /// When somebody will have been behind for too long; nullopt: nobody is.
    [[nodiscard]] std::optional<Time> poll_timeout() const noexcept;
    [[nodiscard]] std::vector<ClientId> too_slow(Time now) const;

private:
    struct Reader {
        ClientId id{};
        std::uint64_t at = 0;              ///< of all that the port ever said, what this one has taken
        std::optional<Time> full_since{};  ///< until it has caught up by half
    };
    [[nodiscard]] const Reader* find(ClientId client) const noexcept;
    [[nodiscard]] std::size_t behind(const Reader& reader) const noexcept {
        return static_cast<std::size_t>(said_ - reader.at);
    }
    [[nodiscard]] std::size_t most_behind() const noexcept;

    bool connected_ = false;
    ByteRing history_;
    std::uint64_t said_ = 0;  ///< by the port, ever
    ByteRing pending_;
    std::vector<Reader> readers_;  ///< in the order in which they came
    ClientId::rep last_id_ = 0;
};

}  // namespace vmcbridge::bridge
