#pragma once

#include "src/bridge/guest_session.hpp"
#include "src/bridge/spool.hpp"
#include "src/bridge/world.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

/// Who owns each selection, who is told of it, and who waits for its contents.
///
/// - One owner a selection: nobody, the guest, or one client. A grab makes a new owner and voids the old one.
/// - A request goes to the owner alone. Requests for the same grab and format share one fetch, unless its bytes were
///   passed on already.
/// - Every request is answered: with data, or with an error within the deadline (to the guest: with nothing).
/// - Contents of the guest go to clients as they come; text that must be converted, or is short enough for a text
/// frame,
///   and everything that comes from a client, is gathered in a spool first.
class ClipboardBroker {
public:
    ClipboardBroker(World& world, GuestSession& guest, SpoolFactory spools);
    ~ClipboardBroker();

    // ---- The guest
    void guest_grabbed(const agent::ClipboardGrab& grab, Time now);
    void guest_released(Selection selection, Time now);
    void guest_requested(const agent::ClipboardRequest& request, Time now);
    /// Contents begin: `size` bytes follow in guest_data calls on the same port.
    void guest_data_begins(ChunkPort port, const agent::ClipboardData& head, std::uint64_t size, Time now);
    void guest_data(ChunkPort port, Bytes bytes, Time now);
    /// Contents begin that make no sense: what follows on this port is thrown away.
    void guest_data_unwanted(ChunkPort port) { streaming_.at(static_cast<std::size_t>(port)) = nullptr; }
    /// All that was read is handed over: what was gathered goes to the clients.
    void flush();
    /// The agent is there: grabs of clients that still stand are announced to it, unless the guest copies meanwhile.
    void agent_came(Time now);
    void agent_went(Time now);

    // ---- Clients
    void grabbed(Client& client, Selection selection, const FormatList& formats, Time now);
    void release(Client& client, Selection selection, Time now);
    void requested(Client& client, RequestId request, Selection selection, ClipboardFormat format, Time now);
    /// May this client answer this fetch with `size` bytes? true: they follow in client_data calls (none for 0 bytes:
    /// done).
    [[nodiscard]] bool client_data_begins(Client& client, FetchId fetch, ClipboardFormat format, std::uint64_t size,
                                          Time now);
    /// false: the fetch ended meanwhile; what still comes is to be thrown away.
    [[nodiscard]] bool client_data(Client& client, FetchId fetch, Bytes bytes, Time now);
    void client_failed(Client& client, FetchId fetch, browser::Code code, Time now);
    /// Shows all clients what changed hands since the last call: of several owners in between the last one only.
    void publish();
    [[nodiscard]] bool has_news() const noexcept { return std::ranges::any_of(news_, std::identity{}); }
    /// It joined, or what it may see changed: it is told what is there.
    void show_to(Client& client);
    /// Its connection is lost: what it asked for and what it was sending ends; what it owns stands.
    void client_lost(ClientId client, Time now);
    /// It is back: told what is there, and asked again for what others still wait for.
    void client_resumed(Client& client);
    /// It is gone from World::clients already.
    void client_gone(ClientId client, Time now);
    /// Policy changed: offers that are no longer allowed end.
    void settings_changed(Time now);

    void handle_timeout(Time now);
    [[nodiscard]] std::optional<Time> poll_timeout() const;
    /// A client that waits for contents is behind by more than its outbox.
    [[nodiscard]] bool guest_must_wait() const noexcept { return anybody_is_behind_; }
    /// Has the guest not been read for some time since the last call? Then nobody may take it for silent.
    [[nodiscard]] bool take_held() noexcept { return std::exchange(was_held_, anybody_is_behind_); }
    /// What is asked of the guest has its whole deadline from now.
    void excuse_guest(Time now);
    /// Looks again which clients are behind.
    void check_slow(Time now);
    /// A client took something.
    void client_took(Client& client);

private:
    struct Fetch;
    struct Owner {
        enum class Kind : std::uint8_t { nobody, guest, client } kind = Kind::nobody;
        ClientId client{};
        FormatList formats;            ///< as offered, cut to what policy lets through
        std::uint64_t generation = 0;  ///< counts changes of owner; never 0 once anybody owned it
    };
    /// A question to the guest that nobody waits for any more; its answer may still come, before those of later ones.
    struct GivenUp {
        ClipboardFormat format = ClipboardFormat::none;
        std::uint64_t generation = 0;
        Time until{};  ///< when an answer is no longer expected
    };
    struct SelectionState {
        Owner owner;
        std::uint32_t serial = 0;           ///< of the next grab, ours or the guest's
        std::uint64_t told_generation = 0;  ///< the clients' offer that the guest knows; 0: none
        FormatList told_formats;
        std::deque<GivenUp> given_up;
    };

    [[nodiscard]] SelectionState& state(Selection s) noexcept { return states_[static_cast<std::size_t>(s)]; }
    [[nodiscard]] const SelectionState& state(Selection s) const noexcept {
        return states_[static_cast<std::size_t>(s)];
    }

    // Ownership
    void set_owner(Selection selection, Owner owner, Time now);
    void changed(Selection selection);
    void show(Client& client, Selection selection);
    void trace_hidden(const Client& client, Selection selection);
    void tell_guest(Selection selection);
    void announce_standing();
    [[nodiscard]] FormatList visible_to(const Client& client, Selection selection) const;
    [[nodiscard]] std::optional<browser::Code> refuse(const Client& client, Selection selection,
                                                      ClipboardFormat format) const;

    // Fetches
    [[nodiscard]] bool agent_has(Selection selection) const noexcept;
    Fetch& join(Selection selection, ClipboardFormat format, Time now);
    void start_next(Selection selection, Time now);
    void begin_answers(Fetch& fetch);
    void gather(Fetch& fetch, Bytes bytes);
    void pass_on(Fetch& fetch, Bytes bytes);
    void flush(Fetch& fetch);
    void finish(Fetch& fetch, Time now);
    void fail(Fetch& fetch, browser::Code code, std::string_view message, Time now);
    void answer_guest(const Fetch& fetch);
    void answer_guest_empty(Selection selection, ClipboardFormat format);
    void drop_superseded(Selection selection, Time now);
    void give_up(const Fetch& fetch, Time now);
    [[nodiscard]] bool is_late(Selection selection, ClipboardFormat answer, Time now);
    [[nodiscard]] Fetch* find_fetch(FetchId id) noexcept;
    [[nodiscard]] Fetch* asked_of_guest(Selection selection) noexcept;
    void erase(Fetch& fetch);
    void trace_ended(const Fetch& fetch, std::optional<browser::Code> code, std::string_view detail);
    void fail_where(auto condition, browser::Code code, std::string_view message, Time now);
    [[nodiscard]] Time::duration patience_with(const Client& client) const;
    void drop_slow(Time now);
    void forget_waiters(const Client& client, const std::vector<RequestId>& dropped);
    void drop_unwanted(Time now);
    void end_forbidden(Time now);

    World& world_;
    GuestSession& guest_;
    SpoolPool spools_;
    std::array<SelectionState, selection_count> states_;
    std::list<Fetch> fetches_;           ///< in the order in which they were wanted
    std::array<Fetch*, 3> streaming_{};  ///< by chunk port: where the guest's contents under way go; nullptr: nowhere
    std::array<bool, selection_count> news_{};  ///< by selection: publish() has something to show
    FetchId next_fetch_ = 1;
    bool anybody_is_behind_ = false;
    bool was_held_ = false;            ///< somebody has been behind since take_held()
    std::optional<Time> announce_at_;  ///< when grabs from before this agent are announced to it
};

}  // namespace vmcbridge::bridge
