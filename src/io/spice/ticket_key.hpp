#pragma once

#include "proto/spice/link.hpp"
#include "src/io/asio.hpp"

#include <openssl/evp.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace vmcbridge::io::spice {

/// The key of one link: the client encrypts its password with it. RSA with 1024 bits, OAEP with SHA-1: SPICE has no
/// other. It lives for one password, so that whoever breaks it has gained one.
class TicketKey {
public:
    /// nullopt: the library refuses to make one.
    [[nodiscard]] static std::optional<TicketKey> make();

    /// DER.
    [[nodiscard]] Bytes public_key() const noexcept { return public_key_; }
    /// The password in a ticket, without its NUL; nullopt: it was not encrypted with this key, or is too long.
    [[nodiscard]] std::optional<std::string> decrypt(
        std::span<const std::byte, ::vmcbridge::spice::ticket_size> ticket) const;

private:
    struct Free {
        void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    };
    std::unique_ptr<EVP_PKEY, Free> key_;
    std::array<std::byte, ::vmcbridge::spice::public_key_size> public_key_{};
};

/// Keys made ahead by a thread of its own: making one takes milliseconds, in which a context serves nobody else.
class KeyStock {
public:
    /// Keys that lie ready.
    static constexpr std::size_t most = 16;

    explicit KeyStock(net::io_context& context);
    KeyStock(const KeyStock&) = delete;
    KeyStock& operator=(const KeyStock&) = delete;
    ~KeyStock();

    /// On its context. nullopt: none came in time, or none can be made.
    [[nodiscard]] Task<std::optional<TicketKey>> take(Clock::time_point deadline);

private:
    void make_keys();

    net::io_context& context_;
    std::mutex mutex_;  // of the three below: the thread's and the context's
    std::condition_variable wanted_;
    std::deque<TicketKey> keys_;
    bool stopping_ = false;
    std::shared_ptr<std::list<Timer*>> waiting_;  // of the context alone; shared with what the thread posts there
    std::thread maker_;
};

}  // namespace vmcbridge::io::spice
