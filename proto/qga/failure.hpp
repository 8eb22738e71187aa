#pragma once

#include "proto/browser/codes.hpp"

#include <string>
#include <utility>

namespace vmcbridge::qga {

/// What a QEMU guest agent says where a command fails. Both are plain texts of at most limits::qga_text bytes.
struct AgentError {
    std::string kind;  ///< QAPI's class: "GenericError", "CommandNotFound"
    std::string text;

    friend bool operator==(const AgentError&, const AgentError&) = default;
};

/// Why a command has no answer.
struct Failure {
    browser::Code code;  ///< no_agent, agent_gone, timeout, guest_error, busy, disabled, cancelled or stopping
    std::string detail;  ///< a sentence of ours
    AgentError error{};  ///< of guest_error, where the agent itself has refused

    /// The agent answered in order: what it says next is no less true.
    [[nodiscard]] bool is_agents_own() const noexcept { return !error.kind.empty(); }
    friend bool operator==(const Failure&, const Failure&) = default;
};

/// What came is no answer.
[[nodiscard]] inline Failure junk(std::string detail) {
    return {.code = browser::Code::guest_error, .detail = std::move(detail)};
}

}  // namespace vmcbridge::qga
