#pragma once

#include "proto/spice/link.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::bridge {

/// The session of a SPICE server that the bridge is the client of, as its main channel tells it. The channels that
/// clients of the bridge open besides belong to it. A value.
struct UpstreamSession {
    std::uint32_t id = 0;
    std::uint32_t display_channels_hint = 0;
    std::uint16_t mouse_modes = 0;  ///< a set of SPICE_MOUSE_MODE_*
    std::uint16_t mouse_mode = 0;
    std::uint32_t multi_media_time = 0;  ///< milliseconds, when this value was made
    std::uint32_t ram_hint = 0;
    std::vector<spice::ChannelId> channels;
    std::string name{};                               ///< of the machine, as its server has it; empty: none
    std::optional<std::array<std::byte, 16>> uuid{};  ///< likewise

    friend bool operator==(const UpstreamSession&, const UpstreamSession&) = default;
};

}  // namespace vmcbridge::bridge
