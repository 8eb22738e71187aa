#pragma once

#include "src/io/bounds.hpp"
#include "src/io/tickets.hpp"
#include "src/policy/policy.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace vmcbridge::io::spice {

/// A main channel that was let in, and how: its further channels show the same. Values only; any thread.
struct KnownSession {
    enum class Login : unsigned char {
        open,    ///< by an empty password
        ticket,  ///< by the password of this ticket
        sasl,    ///< as this user
        door,    ///< by a request that was let in, as this user
    };
    std::string vm;
    std::string user;
    policy::PermissionSet permissions;
    Login login = Login::open;
    TicketHash ticket{};

    /// For a link to a further channel, held as long as it is under way: each costs the server a connection, before
    /// anybody has logged in for it. nullptr: there are bounds::session_links. On the listeners' context; any may let
    /// go of it.
    [[nodiscard]] std::shared_ptr<const void> take_place() const {
        return static_cast<std::size_t>(places_.use_count()) <= bounds::session_links ? places_ : nullptr;
    }
    std::shared_ptr<const void> places_ = std::make_shared<char>();
};

/// The sessions that stand, by id. On the listeners' context.
class Sessions {
public:
    /// It stands as long as somebody holds what is returned.
    [[nodiscard]] std::shared_ptr<const KnownSession> add(std::uint32_t id, KnownSession session);
    /// nullptr: none of that id, or it is over.
    [[nodiscard]] std::shared_ptr<const KnownSession> find(std::uint32_t id) const;

private:
    std::unordered_map<std::uint32_t, std::weak_ptr<const KnownSession>> sessions_;
    std::size_t sweep_at_ = 64;  ///< entries, before those that are over are looked for
};

}  // namespace vmcbridge::io::spice
