#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vmcbridge::browser {

/// Every code by which something is refused or ends: in frames, HTTP problems, close reasons, audit and metrics.
enum class Code : std::uint8_t {
    not_owner,
    not_offered,
    too_large,
    policy_direction,
    policy_format,
    policy_name,
    policy_rate,
    policy_content,
    forbidden,
    disabled,
    not_lead,
    bad_name,
    no_agent,
    agent_gone,
    not_supported,
    timeout,
    busy,
    cancelled,
    no_space,
    session_locked,
    no_session,
    guest_error,
    bad_frame,
    bad_token,
    token_expired,
    token_used,
    unknown_vm,
    bad_origin,
    too_many,
    stopping,
};

struct CodeInfo {
    Code code;
    std::string_view name;     ///< kebab case: what stands on the wire
    std::string_view meaning;  ///< one sentence for a person
};

/// All codes in the order of the enumeration; web/lib/codes.js and the JSON Schema hold the same (tests
/// compare all of them with tests/vectors/codes.json).
[[nodiscard]] std::span<const CodeInfo> codes() noexcept;
[[nodiscard]] std::string_view name(Code code) noexcept;
[[nodiscard]] std::string_view meaning(Code code) noexcept;
[[nodiscard]] std::optional<Code> find_code(std::string_view name) noexcept;

/// WebSocket close codes of vmcbridge.v1.
enum class CloseCode : std::uint16_t {
    done = 1000,
    stopping = 1001,
    refused = 1008,  ///< the reason is a Code's name
    too_large = 1009,
    fault = 1011,
    restart = 1012,
    replaced = 4000,
    vm_gone = 4001,
    too_slow = 4002,
};

struct CloseInfo {
    CloseCode code;
    std::string_view name;     ///< kebab case, for logs and metrics; never on the wire
    std::string_view meaning;  ///< one sentence for a person
};

/// All close codes by their numbers.
[[nodiscard]] std::span<const CloseInfo> close_codes() noexcept;

}  // namespace vmcbridge::browser
