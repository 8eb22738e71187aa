#pragma once

#include "src/control/libvirt/libvirt_link.hpp"
#include "src/control/machines.hpp"

#include <memory>
#include <string>

namespace vmcbridge::control {

/// Gives Machines the running domains of one libvirt daemon, and follows them: started, stopped, devices plugged in and
/// out. Main thread only.
///
/// While the daemon is away the machines stay as they are; when it is back, what it has by then counts.
class LibvirtSource {
public:
    /// `machines` outlives it. Connects in the background, again after each loss; nothing waits for it.
    LibvirtSource(const std::string& uri, Machines& machines);
    LibvirtSource(const LibvirtSource&) = delete;
    LibvirtSource& operator=(const LibvirtSource&) = delete;
    /// Its machines are lost.
    ~LibvirtSource();

    /// Which domains are taken; all of them before the first call.
    void configure(DomainFilter filter);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmcbridge::control
