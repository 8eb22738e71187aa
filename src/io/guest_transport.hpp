#pragma once

#include "src/bridge/upstream_session.hpp"
#include "src/config.hpp"
#include "src/io/stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmcbridge::io {

/// A SPICE server that the bridge is linked to, for further channels.
struct SpiceServer {
    Guest guest;                ///< where it is now
    std::uint32_t session = 0;  ///< that they belong to
};

/// How the host end of one guest's port is reached. Gives one connection at a time, again and again.
class GuestTransport {
public:
    GuestTransport() = default;
    GuestTransport(const GuestTransport&) = delete;
    GuestTransport& operator=(const GuestTransport&) = delete;
    virtual ~GuestTransport() = default;

    /// The next connection, however long it takes: waits, tries again and logs by itself. It ends otherwise only by
    /// cancellation of its task. REQUIRES: the connection that it gave before is closed.
    [[nodiscard]] virtual Task<Stream> next() = 0;

    /// Why there is no connection, as it was logged last; empty: nothing is wrong.
    [[nodiscard]] virtual std::string problem() const = 0;
    /// Is the bridge a client of the SPICE server that holds the port? nullopt: no such server does.
    [[nodiscard]] virtual std::optional<bool> is_linked() const { return std::nullopt; }
    /// nullopt: no SPICE server holds the port, or none is linked now.
    [[nodiscard]] virtual std::optional<SpiceServer> server() const { return std::nullopt; }
    virtual void want_mouse_mode(std::uint16_t /*mode*/) {}
};

/// The one who asks for a transport, as it stands in the log.
struct TransportOwner {
    std::string vm;
    std::string guest;  ///< as it was configured
    /// What a SPICE server that holds the port says of its session; nullopt: it is over. Called on the context,
    /// and not when the transport is destroyed.
    std::function<void(std::optional<bridge::UpstreamSession>)> on_session{};
};

/// The registry of transports: one row a kind. A new one is a factory in its own file and a row in guest_transport.cpp.
/// `guest.fd` is owned by the transport from then on.
[[nodiscard]] std::unique_ptr<GuestTransport> make_guest_transport(net::io_context& context, const Guest& guest,
                                                                   TransportOwner owner);

// ---- The factories, for the registry only
[[nodiscard]] std::unique_ptr<GuestTransport> make_unix_transport(net::io_context&, const Guest&, TransportOwner);
[[nodiscard]] std::unique_ptr<GuestTransport> make_tcp_transport(net::io_context&, const Guest&, TransportOwner);
[[nodiscard]] std::unique_ptr<GuestTransport> make_listening_transport(net::io_context&, const Guest&, TransportOwner);
[[nodiscard]] std::unique_ptr<GuestTransport> make_pty_transport(net::io_context&, const Guest&, TransportOwner);
[[nodiscard]] std::unique_ptr<GuestTransport> make_fd_transport(net::io_context&, const Guest&, TransportOwner);
[[nodiscard]] std::unique_ptr<GuestTransport> make_spice_transport(net::io_context&, const Guest&, TransportOwner);

}  // namespace vmcbridge::io
