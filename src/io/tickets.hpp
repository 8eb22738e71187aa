#pragma once

#include "proto/browser/codes.hpp"
#include "proto/result.hpp"
#include "src/io/asio.hpp"
#include "src/policy/policy.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vmcbridge::io {

/// A password under a key of this process: what is kept of it. Worthless without the key, still never logged.
using TicketHash = std::array<unsigned char, 32>;

/// Whom a ticket lets in.
struct Admitted {
    std::string vm;
    std::string user;
    policy::PermissionSet permissions;
    TicketHash ticket{};  ///< of its password: the other channels of the session show the same one (Tickets::is_of)
};

/// The SPICE passwords of all machines: one-use ones with a life time, and one of each machine that holds as long as
/// it is configured. Passwords are not kept, hashes under a random key are; no I/O, the time comes from outside. One
/// thread.
class Tickets {
public:
    /// SPICE's own limit, bytes.
    static constexpr std::size_t password_max = 60;
    /// One-use tickets of one machine that nobody has used yet; one more, and the oldest goes.
    static constexpr std::size_t outstanding_per_vm = 64;
    /// Used and expired tickets of all machines that are remembered, and how long after their end: so the log can tell
    /// them from a guess.
    static constexpr std::size_t remembered = 1024;
    static constexpr auto remembered_for = std::chrono::minutes{10};

    Tickets();
    Tickets(const Tickets&) = delete;
    Tickets& operator=(const Tickets&) = delete;
    ~Tickets();

    /// A password that lets `whom` in once, until `now + lifetime`; Admitted::ticket is not read. Empty: the system has
    /// no random numbers.
    [[nodiscard]] std::string issue(const Admitted& whom, std::chrono::seconds lifetime, Clock::time_point now);

    /// The passwords that hold until the next call, by machine: they let in with all rights but `admin`, as no user by
    /// name. No two may be equal; one that is empty or longer than password_max lets nobody in.
    void set_static(const std::map<std::string, std::string>& passwords);

    /// Whom `password` lets in; a one-use ticket is used then. With `vm` it must be a ticket of that machine: another
    /// one is as wrong as one that does not exist, and stays as it is.
    ///
    /// Errors, for the log alone: token_used, token_expired, bad_token. A peer must get one answer for all of them, and
    /// they take as long as a success.
    [[nodiscard]] Result<Admitted, browser::Code> redeem(std::string_view password, Clock::time_point now,
                                                         std::optional<std::string_view> vm = std::nullopt);

    /// Is `password` the one of this ticket? Used or not, at any time: for the channels that follow the first one of a
    /// session, which ends their right.
    [[nodiscard]] bool is_of(std::string_view password, const TicketHash& ticket) const noexcept;

    /// The machine has gone, the tickets that were issued for it too. A fixed one stays: the machine may come back.
    void forget(std::string_view vm);

    /// All that is kept: open, static, and remembered.
    [[nodiscard]] std::size_t size() const noexcept { return tickets_.size(); }

private:
    enum class State : std::uint8_t { absent, open, permanent, used, expired };
    struct Ticket {
        State state = State::absent;
        Admitted admitted;
        Clock::time_point until{};  // open: the end of its life; then: of our memory
    };
    using Slot = std::uint64_t;  // the hash's first bytes

    [[nodiscard]] std::optional<TicketHash> hash(std::string_view password) const noexcept;
    [[nodiscard]] static Slot slot_of(const TicketHash& hash) noexcept;
    void end(Slot slot, State how, Clock::time_point now);
    void expire(const std::deque<Slot>& open, Clock::time_point now);
    void forget_old(Clock::time_point now);

    std::optional<std::array<unsigned char, 32>> key_;  // none: nobody is let in
    std::map<Slot, Ticket> tickets_;
    std::map<std::string, std::deque<Slot>, std::less<>> open_;  // by machine, in the order of issue
    std::deque<Slot> ended_;                                     // used and expired, in the order of their end
    Ticket nobody_;  // stands in for what is not there, so that looking takes the same way
};

}  // namespace vmcbridge::io
