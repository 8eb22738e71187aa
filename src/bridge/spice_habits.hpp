#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/spice/link.hpp"

/// Clients that need to be spoken to differently say so by nothing but what they link with and announce.
namespace vmcbridge::bridge::habits {

inline constexpr spice::Capabilities purespice{
    .common = spice::capability_word(
        {SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, SPICE_COMMON_CAP_AUTH_SPICE, SPICE_COMMON_CAP_MINI_HEADER}),
    .channel = spice::capability_word({SPICE_MAIN_CAP_NAME_AND_UUID, SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS})};
inline constexpr spice::Capabilities spice_html5{
    .common = spice::capability_word({SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION, SPICE_COMMON_CAP_MINI_HEADER}),
    .channel = spice::capability_word({SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS})};

/// PureSpice takes no grab from an agent that has selections, and asks without one. What it had not sent when an agent
/// went it never sends; all others finish a message that they have begun.
[[nodiscard]] constexpr bool is_purespice(spice::Capabilities link, agent::CapabilitySet announced) noexcept {
    constexpr agent::CapabilitySet all{agent::Capability::clipboard_by_demand, agent::Capability::clipboard_selection};
    return link == purespice && (announced.word() & ~all.word()) == 0;
}

/// spice-html5 takes each AGENT_DATA for a whole message, and any selection for the clipboard.
[[nodiscard]] constexpr bool reads_one_piece(spice::Capabilities link) noexcept { return link == spice_html5; }

}  // namespace vmcbridge::bridge::habits
