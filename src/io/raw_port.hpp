#pragma once

#include "src/bridge/port_share.hpp"
#include "src/io/port_link.hpp"
#include "src/io/session.hpp"

#include <map>
#include <memory>
#include <string>

namespace vmcbridge::io {

/// A client's connection, as the port sees it. Calls return at once, and don't call the port.
class PortClient {
public:
    PortClient() = default;
    PortClient(const PortClient&) = delete;
    PortClient& operator=(const PortClient&) = delete;

    /// Bytes wait for it, or it may write again.
    virtual void wake() = 0;
    /// The port came or went, or somebody else may write now.
    virtual void port_changed() = 0;
    /// It is none of the port's clients any more.
    virtual void drop(browser::CloseCode code, std::string reason) = 0;

protected:
    ~PortClient() = default;
};

/// A further port of a machine, opened for as long as it is configured, and its clients. Lives on the machine's
/// context.
class RawPort final : public PortLink {
public:
    /// REQUIRES: port.channel. A guest that connects to us finds the socket there when this returns.
    RawPort(net::io_context& context, std::string vm, Port port);

    /// Drops all clients and ends run().
    void stop(browser::CloseCode code, const std::string& reason);

    // ---- Clients
    /// nullopt: there are too many. `client` stays valid until leave(), or until its drop() was called.
    [[nodiscard]] std::optional<ClientId> join(PortClient& client);
    void leave(ClientId client);
    [[nodiscard]] bool has_bytes(ClientId client) const noexcept { return !share_.to_client(client).empty(); }
    [[nodiscard]] IoResult read(ClientId client, MutableBytes out);
    [[nodiscard]] IoResult write(ClientId client, Bytes bytes);
    [[nodiscard]] bool is_writer(ClientId client) const noexcept { return share_.writer() == client; }
    [[nodiscard]] bool is_connected() const noexcept { return share_.is_connected(); }
    [[nodiscard]] std::size_t clients() const noexcept { return share_.clients(); }

private:
    void began() override;
    Task<> read_port(Stream& stream) override;
    Task<> write_port(Stream& stream) override;
    void ended() override;
    void drop(ClientId client, browser::CloseCode code, const std::string& reason);
    void drop_slow();
    void wake_all();
    void tell_all();

    bridge::PortShare share_;
    std::map<ClientId, PortClient*> clients_;
    Timer room_;   // for read_port(): cancelled when somebody has taken something
    Signal work_;  // for write_port(): something waits for the port
};

}  // namespace vmcbridge::io
