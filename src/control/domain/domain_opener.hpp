#pragma once

#include "src/agent_holder.hpp"
#include "src/opener.hpp"

#include <memory>
#include <string>

namespace vmcbridge::control {

/// libvirt's own ways to the host ends of a running domain. The same name gives the same opener, so that a machine
/// whose XML was read again is the same one. Main thread only.
class DomainOpener {
public:
    DomainOpener() = default;
    DomainOpener(const DomainOpener&) = delete;
    DomainOpener& operator=(const DomainOpener&) = delete;
    virtual ~DomainOpener() = default;

    /// A channel on a unix socket, by its virtio port or its alias.
    [[nodiscard]] virtual std::shared_ptr<Opener> channel(const std::string& name) = 0;
    /// A serial port or console on a terminal or unix socket, by its alias.
    [[nodiscard]] virtual std::shared_ptr<Opener> console(const std::string& alias) = 0;
    /// Graphics, by their place in the XML. On the host of the domain alone.
    [[nodiscard]] virtual std::shared_ptr<Opener> graphics(unsigned index) = 0;
    /// The QEMU guest agent, whose port libvirt's daemon holds by itself.
    [[nodiscard]] virtual std::shared_ptr<AgentHolder> guest_agent() = 0;
};

}  // namespace vmcbridge::control
