#pragma once

#include "proto/qga/info.hpp"
#include "proto/qga/reply.hpp"

#include <optional>
#include <vector>

namespace vmcbridge::bridge {

/// Finds out what a guest agent knows of its machine, command by command: first which commands it has, then those of
/// ours that are among them. Pure, and the same whichever way the commands go.
class GuestSurvey {
public:
    /// What to ask next; nullopt: it is finished.
    [[nodiscard]] std::optional<qga::Command> poll_command() const;
    /// The answer to it. A part that the agent refuses is left out; else the failure with which the survey ends.
    [[nodiscard]] std::optional<qga::Failure> handle_answer(const qga::Answer& answer);
    [[nodiscard]] const qga::GuestInfo& info() const noexcept { return info_; }

private:
    [[nodiscard]] std::optional<qga::Failure> handle_support(const qga::Answer& answer);

    qga::GuestInfo info_;
    std::optional<std::vector<const qga::Part*>> parts_;  // nullopt: not asked yet
    std::size_t next_ = 0;                                // of parts_
};

}  // namespace vmcbridge::bridge
