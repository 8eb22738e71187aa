#pragma once

#include "proto/spice/link.hpp"

#include <openssl/evp.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace vmcbridge::io::spice {

/// The key of a link: the client encrypts its password with it. RSA with 1024 bits, OAEP with SHA-1: SPICE has no
/// other. It lives for one password where it can, so that whoever breaks it has gained one.
class TicketKey {
public:
    /// Tickets that it takes: more links than that don't share it.
    static constexpr std::size_t most_tickets = 4096;

    /// nullopt: the library refuses to make one.
    [[nodiscard]] static std::optional<TicketKey> make();

    /// DER.
    [[nodiscard]] Bytes public_key() const noexcept { return public_key_; }
    /// The password in a ticket, without its NUL; nullopt: it was not encrypted with this key, or is too long, or came
    /// before: what was overheard on one link opens no other one.
    [[nodiscard]] std::optional<std::string> decrypt(
        std::span<const std::byte, ::vmcbridge::spice::ticket_size> ticket);

private:
    struct Free {
        void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    };
    std::unique_ptr<EVP_PKEY, Free> key_;
    std::array<std::byte, ::vmcbridge::spice::public_key_size> public_key_{};
    std::set<std::array<std::byte, ::vmcbridge::spice::ticket_size>> taken_;
};

/// A password for a server, encrypted with the key of its link; nullopt: that is no key, or the password is too long.
[[nodiscard]] std::optional<std::array<std::byte, ::vmcbridge::spice::ticket_size>> encrypt_ticket(
    Bytes public_key, const std::string& password);

/// Keys made ahead by a thread of its own: making one takes milliseconds, in which a context serves nobody else. Links
/// that come faster than keys share the last one, so that nobody waits behind a thousand who never log in.
class KeyStock {
public:
    /// Keys that lie ready.
    static constexpr std::size_t most = 16;

    KeyStock();
    KeyStock(const KeyStock&) = delete;
    KeyStock& operator=(const KeyStock&) = delete;
    ~KeyStock();

    /// On any thread. nullptr: the library makes none.
    [[nodiscard]] std::shared_ptr<TicketKey> take();
    /// Keys that lie ready now.
    [[nodiscard]] std::size_t size();

private:
    void make_keys();

    std::mutex mutex_;  // of the four below
    std::condition_variable wanted_;
    std::deque<std::shared_ptr<TicketKey>> keys_;  // empty where none can be made
    bool shared_ = false;                          // the only one was given out, and is there for the next link too
    bool stopping_ = false;
    std::thread maker_;
};

}  // namespace vmcbridge::io::spice
