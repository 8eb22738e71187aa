#pragma once

#include "src/io/backoff.hpp"
#include "src/io/guest_transport.hpp"

#include <functional>

namespace vmcbridge::io {

/// A port that the bridge opens: unix, tcp, pty, fd. Whoever makes one says how a single try is made.
///
/// A try fails -> the reason is logged once -> back-off, or what is watched appears -> the next try. It succeeds -> the
/// connection is given away; the next one is tried for after the first wait of the back-off at the earliest.
class OpeningTransport : public GuestTransport {
public:
    OpeningTransport(net::io_context& context, TransportOwner owner) : context_{context}, owner_{std::move(owner)} {}
    [[nodiscard]] Task<Stream> next() final;
    [[nodiscard]] std::string problem() const final { return state_.state(); }

protected:
    /// One try. Error: why not.
    [[nodiscard]] virtual Task<Result<UniqueFd, std::string>> open_once() = 0;
    /// What has to be there for a try to succeed; empty: nothing that can be watched.
    [[nodiscard]] virtual std::string watched_path() const { return {}; }
    [[nodiscard]] net::io_context& context() noexcept { return context_; }

private:
    void report(const std::string& reason);

    net::io_context& context_;
    TransportOwner owner_;
    Backoff backoff_;
    StateLog state_;
    bool given_ = false;
    Clock::time_point given_at_;
};

}  // namespace vmcbridge::io
