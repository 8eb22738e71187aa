#pragma once

#include "proto/result.hpp"
#include "src/config.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vmcbridge::io {

class DataPlane;
class VmRegistry;

/// An address that is listened on; of a port 0 the one that was chosen.
struct Listening {
    enum class Service : unsigned char { http, admin, spice };
    Service service = Service::http;
    std::string vm{};  ///< of a SPICE listener of one machine
    Address address;
};

/// HTTP, WebSocket and SPICE: the listeners of [server], the pages, the API, and the door to the machines.
class Server {
public:
    /// `plane` and `vms` outlive the server. An empty `web_root` serves no pages.
    Server(DataPlane& plane, VmRegistry& vms, const Config& config);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Binds every address, logs each and begins to serve; nothing is bound when one of them can't be. Once, from the
    /// thread that owns the server. Error: a sentence that names the address and the reason.
    [[nodiscard]] Result<std::vector<Listening>, std::string> start();

    /// Takes over what can change while it runs: allowed origins, the auth mode, what SPICE clients are told, tickets,
    /// and the certificate, whose files are read again and serve new connections. Addresses, web root and threads stay
    /// as they were started. From any thread. Error: a sentence about the certificate or its key; nothing has changed
    /// then.
    [[nodiscard]] Result<void, std::string> update(const Config& config);

    /// These are the machines that there are, whoever named them: tickets of others end. From any thread.
    void set_machines(const std::map<std::string, VmConfig>& vms);

    /// Stops listening, lets requests that are being answered end, closes the rest; waits at most `grace`. false: some
    /// did not end in time. WebSocket connections are the machines' by then. Not from a thread of the data plane.
    [[nodiscard]] bool stop(std::chrono::milliseconds grace);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmcbridge::io
