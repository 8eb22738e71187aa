#pragma once

#include "src/config.hpp"
#include "src/io/data_plane.hpp"
#include "src/io/server.hpp"
#include "src/io/vm_registry.hpp"

#include <map>
#include <string>
#include <vector>

namespace vmcbridge::app {

/// Everything that moves bytes, put together: the data plane, the machines on it, the server before them.
///
/// Start: listeners, threads; machines come by set_machines(). Stop: listeners, clients and guests, threads. Lives on
/// the main thread.
class Bridge {
public:
    explicit Bridge(Config config);
    Bridge(const Bridge&) = delete;
    Bridge& operator=(const Bridge&) = delete;
    /// Stops in order, if it runs.
    ~Bridge();

    /// The addresses listened on. Error: a sentence that names the address and the reason; nothing runs then.
    [[nodiscard]] Result<std::vector<io::Listening>, std::string> start();
    /// Makes the machines equal to `vms`, before the start as well: new ones are attached, others detached.
    void set_machines(const std::map<std::string, VmConfig>& vms);
    /// Takes over a new configuration but for its machines, whole or not at all. Error: why not; listeners and threads
    /// can't change, and a certificate must be one.
    [[nodiscard]] Result<void, std::string> apply(Config config);
    void stop();

private:
    /// Whoever needs them has their hashes.
    void forget_passwords() noexcept { config_.spice_passwords.clear(); }

    Config config_;
    io::DataPlane plane_;
    io::VmRegistry vms_;
    io::Server server_;
    bool runs_ = false;
};

}  // namespace vmcbridge::app
