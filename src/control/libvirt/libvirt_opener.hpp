#pragma once

#include "src/control/domain/domain_opener.hpp"
#include "src/control/libvirt/daemon_calls.hpp"

#include <map>
#include <memory>
#include <string>

namespace vmcbridge::control {

/// What a running domain has, opened by its libvirt daemon: channels and consoles as streams, each over a connection of
/// its own (stream_process.hpp), graphics as descriptors.
class LibvirtOpener final : public DomainOpener {
public:
    /// `calls`: of the daemon with this URI.
    LibvirtOpener(std::string uri, std::string uuid, std::shared_ptr<DaemonCalls> calls)
        : uri_{std::move(uri)}, uuid_{std::move(uuid)}, calls_{std::move(calls)} {}

    std::shared_ptr<Opener> channel(const std::string& name) override;
    std::shared_ptr<Opener> console(const std::string& alias) override;
    std::shared_ptr<Opener> graphics(unsigned index) override;
    std::shared_ptr<AgentHolder> guest_agent() override;

private:
    std::shared_ptr<Opener> stream(const std::string& kind, const std::string& name);

    std::string uri_;
    std::string uuid_;
    std::shared_ptr<DaemonCalls> calls_;
    std::map<std::string, std::shared_ptr<Opener>> openers_;  // by kind and name
    std::shared_ptr<AgentHolder> agent_;
};

}  // namespace vmcbridge::control
