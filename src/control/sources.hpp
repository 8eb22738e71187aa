#pragma once

#include "src/config.hpp"
#include "src/control/discover/socket_finder.hpp"
#include "src/control/libvirt/libvirt_source.hpp"
#include "src/control/machines.hpp"

#include <map>
#include <memory>
#include <string>

/// Where machines come from by themselves, as [libvirt] and [discover] name it.
namespace vmcbridge::control {

/// Main thread only. What is named no more takes its machines along; what stays keeps them.
class Sources {
public:
    explicit Sources(Machines& machines) : machines_{machines} {}

    void configure(const SourcesConfig& wanted);

private:
    Machines& machines_;
    std::map<std::string, std::unique_ptr<SocketFinder>> finders_;    // by glob
    std::map<std::string, std::unique_ptr<LibvirtSource>> libvirts_;  // by URI
};

}  // namespace vmcbridge::control
