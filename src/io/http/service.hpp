#pragma once

#include "src/io/asio.hpp"
#include "src/io/door.hpp"
#include "src/io/http/pages.hpp"
#include "src/io/http/spice_access.hpp"
#include "src/io/pending.hpp"
#include "src/io/presence.hpp"
#include "src/io/stream.hpp"
#include "src/io/tls.hpp"
#include "src/io/vm_registry.hpp"

#include <memory>
#include <set>
#include <string>

namespace vmcbridge::io::spice {
struct LinkService;
}

namespace vmcbridge::io::http {

/// What all HTTP connections share. On the listeners' context.
struct Service {
    const VmRegistry& vms;
    Pages pages;
    DoorRules rules;
    Pending pending;
    std::shared_ptr<const TlsServer> tls{};  ///< null: TCP is plain too
    SpiceAccess spice{};
    std::shared_ptr<io::spice::LinkService> links{};
    std::set<std::shared_ptr<Presence>> asking{};  ///< the API, and waiting for its answer
    bool stopping = false;

    /// Refuses new requests, and lets nobody wait for a guest any more.
    void stop();
};

/// One connection: its requests, one after the other, until it ends or becomes a WebSocket and moves to its machine.
[[nodiscard]] Task<> serve_connection(std::shared_ptr<Service> service, Stream stream, Peer peer);

}  // namespace vmcbridge::io::http
