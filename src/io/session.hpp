#pragma once

#include "src/bridge/hub.hpp"
#include "src/config.hpp"
#include "src/io/asio.hpp"
#include "src/io/spice/client_link.hpp"
#include "src/io/spice/sessions.hpp"
#include "src/io/spice/wire.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmcbridge::io {

/// A connection that was let in, on its way from the listener's context to its VM's. Values only.
struct Arrival {
    enum class Service : unsigned char { agent, display, port, spice, spice_channel };
    Service service = Service::agent;
    Socket socket{};
    std::string response;  ///< switches protocols; not yet written
    std::string early;     ///< bytes that came after the request
    bridge::ClientProfile profile;
    std::string resume;        ///< token of a lost connection that this one goes on from; empty: none
    std::string port{};        ///< the name of the further port that is wanted
    bool wants_state = false;  ///< of that port, in text messages
    std::string peer;          ///< for the log
    /// Of a SPICE channel, in place of `socket` and `response`: the link is done but for its result.
    struct Link {
        spice::Wire::Parts wire{};
        ::vmcbridge::spice::Capabilities capabilities{};
        std::uint32_t session = 0;
        std::shared_ptr<const spice::KnownSession> known{};  ///< further channels are let in while it is held
    };
    std::optional<Link> link{};
    /// Of a further channel of a SPICE session, in place of `socket` and `response`: let in, both links not finished.
    struct Channel {
        ClientId client{};
        ::vmcbridge::spice::ChannelId id{};
        ::vmcbridge::spice::HeaderKind header{};
        spice::Wire::Parts wire{};
        Guest guest{};                        ///< the server, with the way to its password
        std::shared_ptr<const void> place{};  ///< among the links of the session, until this one is done
        spice::AnsweredLink::Parts server{};
    };
    std::optional<Channel> channel{};
};

/// A client's connection of one VM, on the VM's context.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// The connection from the first byte to the last. The caller keeps the session alive meanwhile.
    [[nodiscard]] virtual Task<> run() = 0;
    /// Every bounds::ping_interval: asks a silent peer for a sign of life, cuts one that gave none.
    virtual void tick(Clock::time_point now) = 0;
    /// Closes in order, with bounds::close_deadline.
    virtual void stop(browser::CloseCode code, std::string reason) = 0;
};

}  // namespace vmcbridge::io
