#pragma once

#include "src/config.hpp"
#include "src/io/guest_commands.hpp"

#include <memory>

namespace vmcbridge::io {

/// A QEMU guest agent whose port somebody else holds, who hands commands on to it: libvirt. Lives on the machine's
/// context.
class HeldAgent final : public GuestCommands {
public:
    /// REQUIRES: port.agent_holder.
    explicit HeldAgent(const Port& port) { update(port); }

    /// What is configured now. REQUIRES: port.agent_holder.
    void update(const Port& port);

    [[nodiscard]] Task<qga::Answer> ask(qga::Command command, Clock::time_point deadline) override;
    [[nodiscard]] bool is_connected() const noexcept override { return is_connected_; }

private:
    std::shared_ptr<AgentHolder> holder_;
    bool is_connected_ = false;
};

}  // namespace vmcbridge::io
