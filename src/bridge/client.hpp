#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/browser/frames.hpp"
#include "src/bridge/shared_bytes.hpp"
#include "src/bridge/spool.hpp"
#include "src/policy/policy.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

/// Monotonic. The hub never reads a clock: every call that needs one is given the time.
using Time = std::chrono::steady_clock::time_point;

enum class ClientKind : std::uint8_t { web, spice, cli };
[[nodiscard]] std::string_view name(ClientKind kind) noexcept;

/// Who joins, as the door let it in.
struct ClientProfile {
    ClientKind kind = ClientKind::web;
    std::string user;  ///< empty: nobody in particular
    policy::PermissionSet permissions;
    /// Secret by which a lost connection is resumed: from a generator for secrets, used once. Empty: no resuming.
    std::string resume_token;
};

/// One fetch of clipboard contents from their owner; a client that is asked sees it as the id of the request.
using FetchId = std::uint64_t;
/// A client's own number for what it asked; unique among its open ones.
using RequestId = browser::RequestId;

/// The agent as clients see it: what policy forbids is cleared.
struct AgentView {
    bool connected = false;
    agent::CapabilitySet capabilities;
    friend bool operator==(const AgentView&, const AgentView&) = default;
};

/// One client as the brokers see it, whatever it speaks: the seam between the hub and the dialects of its clients.
///
/// The brokers tell it what happened; it writes that down for its own peer and never calls back from inside these
/// calls. What the peer says reaches the brokers through the hub. Lives as long as its entry in World::clients.
class Client {
public:
    Client(ClientId id, ClientProfile profile) : id_{id}, profile_{std::move(profile)} {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    [[nodiscard]] ClientId id() const noexcept { return id_; }
    [[nodiscard]] const ClientProfile& profile() const noexcept { return profile_; }
    /// The same client on a new connection.
    void renew(ClientProfile profile) { profile_ = std::move(profile); }
    [[nodiscard]] bool may(policy::Permission permission) const noexcept { return rights.has(permission); }

    // ---- Its connection, whatever it speaks
    /// false: what it says has no room now.
    [[nodiscard]] virtual bool is_readable() const noexcept = 0;
    /// So much waits that it can't be reading: it must go.
    [[nodiscard]] virtual bool has_overflowed() const noexcept = 0;
    /// Its connection is lost, and it may come back until then.
    [[nodiscard]] virtual std::optional<Time> lost_until() const noexcept { return std::nullopt; }
    [[nodiscard]] bool is_lost() const noexcept { return lost_until().has_value(); }

    /// Its conversation with the agent was ended since the last call: nothing that was under way goes on.
    [[nodiscard]] virtual bool take_restart() noexcept { return false; }

    // ---- Kept for it by the brokers
    policy::PermissionSet rights;      ///< the profile's permissions, narrowed by policy
    Time last_active{};                ///< when it last did something of its own accord
    bool is_behind = false;            ///< more contents than its outbox holds wait for it
    std::optional<Time> behind_since;  ///< since when; stands a little longer, until somebody knows the time
    Time::duration held{};             ///< how long it held the guest up before, for answers that still pass
    Time trusted_from{};               ///< it asked for contents and took none: until then it may not ask again
    /// What it knows of each selection, so that it is told of changes only.
    struct Seen {
        bool own = false;              ///< it grabbed, and was not told otherwise
        std::uint64_t generation = 0;  ///< of the offer it saw; 0: none
        FormatList formats;
    };
    std::array<Seen, selection_count> seen;

    // ---- State of the VM
    virtual void agent_changed(const AgentView& agent) = 0;
    virtual void rights_changed(const policy::Policy& policy) = 0;
    virtual void clients_changed(std::span<const browser::ClientEntry> clients) = 0;
    virtual void lead_changed(std::optional<ClientId> lead) = 0;

    // ---- Clipboard: what others own
    virtual void offered(Selection selection, const FormatList& formats, std::uint64_t generation) = 0;
    virtual void released(Selection selection) = 0;
    /// Answers to its own request: all at once, ...
    virtual void answered(RequestId request, ClipboardFormat format, std::shared_ptr<const Spool> contents) = 0;
    /// ... or as they come: begins, then `size` bytes in all; answer_failed may cut it short.
    virtual void answer_begins(RequestId request, ClipboardFormat format, std::uint64_t size) = 0;
    virtual void answer_bytes(RequestId request, const SharedBytes& bytes) = 0;
    virtual void answer_failed(RequestId request, browser::Code code, std::string_view message) = 0;
    /// May one more answer lie here for it, or this one, which others may hold too?
    [[nodiscard]] virtual bool has_room_for(const Spool* contents) const = 0;
    /// Breaks off answers that lie here and are not taken; returns how many. To be called at next_untaken().
    virtual std::size_t drop_untaken(Time now) = 0;
    [[nodiscard]] virtual std::optional<Time> next_untaken() const = 0;
    /// Bytes of answers that it has not taken yet, as far as they are held in memory.
    [[nodiscard]] virtual std::size_t waiting_bytes() const noexcept = 0;
    /// Answers are under way to it that don't lie in a spool.
    [[nodiscard]] virtual bool has_passing_answers() const = 0;
    /// Lays what waits of them, and what comes still, into spools. Breaks off those for which there is no room, and
    /// returns their requests.
    virtual std::vector<RequestId> spool_answers(SpoolPool& spools, browser::Code code, std::string_view message) = 0;
    enum class Answers : std::uint8_t { all, waiting };
    /// Breaks off answers under way: all, or those of which such bytes wait. Returns their requests.
    virtual std::vector<RequestId> drop_answers(Answers which, browser::Code code, std::string_view message) = 0;

    // ---- Clipboard: what it owns
    /// Wants its contents. It answers with the same id, or the fetch ends.
    virtual void asked(FetchId fetch, Selection selection, ClipboardFormat format) = 0;
    /// The fetch ended without it (deadline, nobody waits any more): what still comes for it is thrown away.
    virtual void fetch_over(FetchId fetch) = 0;

    // ---- Display and files
    virtual void monitors_done(std::optional<RequestId> request, browser::MonitorsStatus status,
                               std::optional<browser::Code> code, std::string_view message) = 0;
    virtual void file_changed(const browser::FileStatus& status) = 0;
    /// The guest's side took this many bytes of the file: as many more may come.
    virtual void file_consumed(RequestId file, std::size_t bytes) = 0;
    /// Nothing came of this file for a while, and nothing of it waits here.
    virtual void file_awaited(RequestId file) = 0;

    /// Something it said was refused.
    virtual void refused(browser::Code code, std::string_view about, std::string_view message) = 0;

private:
    ClientId id_;
    ClientProfile profile_;
};

}  // namespace vmcbridge::bridge
