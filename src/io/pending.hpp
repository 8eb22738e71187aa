#pragma once

#include "src/io/stream.hpp"

#include <list>
#include <map>
#include <string>

namespace vmcbridge::io {

/// Where a connection comes from.
struct Peer {
    std::string text;     ///< for the log: "127.0.0.1:51234"
    std::string address;  ///< what counts as one address for the limits: /64 of IPv6
    bool admin = false;   ///< came through the admin socket, and may
    bool tcp = false;     ///< not a unix socket: TLS where the server has a certificate
};

/// The connections whose request or link has not come yet or is being answered, oldest first. One that is over the
/// limits ends the oldest: a legal client is always let in, however many half-open ones stand.
class Pending {
public:
    /// At most so many of all addresses.
    explicit Pending(std::size_t most) noexcept : most_{most} {}
    struct Connection {
        std::string address;
        Stream* stream;
        bool idle = true;  ///< no request is being answered
    };
    using Entry = std::list<Connection>::iterator;
    [[nodiscard]] Entry add(const std::string& address, Stream& stream);
    void remove(Entry entry);
    /// Ends the oldest of all; false: there is none.
    bool end_oldest();
    void end_idle();
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    bool end_oldest_of(auto matches);

    std::size_t most_;
    std::list<Connection> entries_;
    std::map<std::string, std::size_t> counts_;  // by address
};

}  // namespace vmcbridge::io
