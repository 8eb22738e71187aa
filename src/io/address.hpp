#pragma once

#include "proto/result.hpp"
#include "src/config.hpp"
#include "src/io/asio.hpp"
#include "src/io/bounds.hpp"
#include "src/io/unique_fd.hpp"

#include <sys/types.h>

#include <string>

/// Addresses of the configuration <-> sockets of the system.
namespace vmcbridge::io {

/// "127.0.0.1:8006", "[::1]:8006", "unix:/run/x.sock".
[[nodiscard]] std::string to_text(const Address& address);

/// A listening socket, non-blocking. Its file in the file system, if it has one, goes with it.
class Listener {
public:
    /// Binds and listens. A port of 0 becomes any free one. A socket file that nobody listens on any more is replaced;
    /// a new one has this mode. Blocks for the name look-up of a host that is no number.
    /// Error: a sentence that names the address.
    [[nodiscard]] static Result<Listener, std::string> open(const Address& address, mode_t mode = 0660);
    Listener(Listener&& other) noexcept = default;
    Listener& operator=(Listener&&) = delete;
    ~Listener();

    /// With the port that was chosen.
    [[nodiscard]] const Address& address() const noexcept { return address_; }
    [[nodiscard]] int native() const noexcept { return fd_.get(); }
    /// The next connection that waits, or the reason why there is none (would_block: nobody waits).
    [[nodiscard]] Result<UniqueFd, error_code> try_accept() const noexcept;

private:
    Listener(UniqueFd fd, Address address, dev_t device, ino_t inode) noexcept
        : fd_{std::move(fd)}, address_{std::move(address)}, device_{device}, inode_{inode} {}

    UniqueFd fd_;
    Address address_;
    dev_t device_ = 0;  // of the socket file, so that another's file is never removed
    ino_t inode_ = 0;
};

/// How long to wait for connect_to(), and for a first word from there.
[[nodiscard]] inline Clock::duration connect_patience(const Address& address) noexcept {
    return address.opener ? Clock::duration{bounds::opening_deadline} : Clock::duration{bounds::connect_deadline};
}
/// Connects, or has the address' opener do so where there is no other way; the name look-up included, it takes until
/// `deadline` at most.
[[nodiscard]] Task<Result<UniqueFd, std::string>> connect_to(const Address& address, Clock::time_point deadline);

}  // namespace vmcbridge::io
