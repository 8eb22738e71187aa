#include "proto/browser/codes.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::browser {
namespace {

constexpr std::array table{
    CodeInfo{Code::not_owner, "not-owner", "Nobody whom you may read owns the selection, or you do not own it."},
    CodeInfo{Code::not_offered, "not-offered", "The owner does not offer this format."},
    CodeInfo{Code::too_large, "too-large", "It is over a size limit."},
    CodeInfo{Code::policy_direction, "policy-direction", "Policy closes this direction of the clipboard."},
    CodeInfo{Code::policy_format, "policy-format", "Policy does not let this format pass in this direction."},
    CodeInfo{Code::policy_name, "policy-name", "Policy does not let a file of this name pass."},
    CodeInfo{Code::policy_rate, "policy-rate", "Policy limits how often this may be done."},
    CodeInfo{Code::policy_content, "policy-content", "Policy does not let these contents pass."},
    CodeInfo{Code::forbidden, "forbidden", "The access token does not allow it."},
    CodeInfo{Code::disabled, "disabled", "It is switched off for this machine, or by its guest."},
    CodeInfo{Code::not_lead, "not-lead", "Another client sizes the display."},
    CodeInfo{Code::bad_name, "bad-name", "Nothing usable is left of the file name."},
    CodeInfo{Code::no_agent, "no-agent", "No agent runs in the guest."},
    CodeInfo{Code::agent_gone, "agent-gone", "The guest's agent went away meanwhile."},
    CodeInfo{Code::not_supported, "not-supported", "The other side cannot do this."},
    CodeInfo{Code::timeout, "timeout", "No answer came before the deadline."},
    CodeInfo{Code::busy, "busy", "Too many of these are under way; try again later."},
    CodeInfo{Code::cancelled, "cancelled", "It was cancelled."},
    CodeInfo{Code::no_space, "no-space", "The guest has not enough free space."},
    CodeInfo{Code::session_locked, "session-locked", "The guest's session is locked."},
    CodeInfo{Code::no_session, "no-session", "Nobody is logged in at the guest's screen."},
    CodeInfo{Code::guest_error, "guest-error", "The guest's agent reported a failure."},
    CodeInfo{Code::bad_frame, "bad-frame", "The frame is malformed or out of place."},
    CodeInfo{Code::bad_token, "bad-token", "The access token is missing, malformed or not signed by a known key."},
    CodeInfo{Code::token_expired, "token-expired", "The access token has expired or is not valid yet."},
    CodeInfo{Code::token_used, "token-used", "The access token works once and was used."},
    CodeInfo{Code::unknown_vm, "unknown-vm", "There is no machine of this name."},
    CodeInfo{Code::bad_origin, "bad-origin", "The page's origin is not allowed."},
    CodeInfo{Code::too_many, "too-many", "There are too many connections."},
    CodeInfo{Code::stopping, "stopping", "The bridge is stopping."},
};

constexpr bool stands_in_order() noexcept {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].code) != i) return false;
    return table.back().code == Code::stopping;
}
static_assert(stands_in_order(), "name() and meaning() find a row by the code's number");

constexpr std::array close_table{
    CloseInfo{CloseCode::done, "done", "The client or the bridge ended the connection in order."},
    CloseInfo{CloseCode::stopping, "stopping", "The bridge stops."},
    CloseInfo{CloseCode::refused, "refused", "Refused at the door; the reason is a code."},
    CloseInfo{CloseCode::too_large, "too-large", "A message was larger than the protocol allows."},
    CloseInfo{CloseCode::fault, "fault", "The bridge had a fault of its own."},
    CloseInfo{CloseCode::restart, "restart", "The bridge restarts; come again."},
    CloseInfo{CloseCode::replaced, "replaced", "Another connection took this client's place."},
    CloseInfo{CloseCode::vm_gone, "vm-gone", "The machine was detached from the bridge."},
    CloseInfo{CloseCode::too_slow, "too-slow", "The client did not take what was sent in time."},
};

}  // namespace

std::span<const CodeInfo> codes() noexcept { return table; }

std::string_view name(Code code) noexcept { return table[static_cast<std::size_t>(code)].name; }

std::string_view meaning(Code code) noexcept { return table[static_cast<std::size_t>(code)].meaning; }

std::optional<Code> find_code(std::string_view name) noexcept {
    const auto* const row = std::ranges::find(table, name, &CodeInfo::name);
    if (row == table.end()) return std::nullopt;
    return row->code;
}

std::span<const CloseInfo> close_codes() noexcept { return close_table; }

}  // namespace vmcbridge::browser
