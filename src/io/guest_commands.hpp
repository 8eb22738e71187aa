#pragma once

#include "proto/qga/command.hpp"
#include "proto/qga/reply.hpp"
#include "src/io/asio.hpp"

namespace vmcbridge::io {

/// A way by which commands reach the QEMU guest agent of one machine: its port (QgaPort), or whoever else holds that.
/// Lives on the machine's context.
class GuestCommands {
public:
    GuestCommands() = default;
    GuestCommands(const GuestCommands&) = delete;
    GuestCommands& operator=(const GuestCommands&) = delete;
    virtual ~GuestCommands() = default;

    /// The answer, at the latest at `deadline` or when the way closes. One command at a time. Failures: no_agent,
    /// agent_gone, timeout, guest_error.
    [[nodiscard]] virtual Task<qga::Answer> ask(qga::Command command, Clock::time_point deadline) = 0;
    /// Could a command get there? An agent that is not running may take it all the same, and not answer.
    [[nodiscard]] virtual bool is_connected() const noexcept = 0;
};

}  // namespace vmcbridge::io
