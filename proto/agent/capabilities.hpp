#pragma once

#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <spice/vd_agent.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace vmcbridge::agent {

/// Capability bits of ANNOUNCE_CAPABILITIES. Source: vd_agent.h, VD_AGENT_CAP_*.
enum class Capability : std::uint8_t {
    mouse_state = VD_AGENT_CAP_MOUSE_STATE,
    monitors_config = VD_AGENT_CAP_MONITORS_CONFIG,
    reply = VD_AGENT_CAP_REPLY,
    clipboard = VD_AGENT_CAP_CLIPBOARD,
    display_config = VD_AGENT_CAP_DISPLAY_CONFIG,
    clipboard_by_demand = VD_AGENT_CAP_CLIPBOARD_BY_DEMAND,
    clipboard_selection = VD_AGENT_CAP_CLIPBOARD_SELECTION,
    sparse_monitors_config = VD_AGENT_CAP_SPARSE_MONITORS_CONFIG,
    guest_lineend_lf = VD_AGENT_CAP_GUEST_LINEEND_LF,
    guest_lineend_crlf = VD_AGENT_CAP_GUEST_LINEEND_CRLF,
    max_clipboard = VD_AGENT_CAP_MAX_CLIPBOARD,
    audio_volume_sync = VD_AGENT_CAP_AUDIO_VOLUME_SYNC,
    monitors_config_position = VD_AGENT_CAP_MONITORS_CONFIG_POSITION,
    file_xfer_disabled = VD_AGENT_CAP_FILE_XFER_DISABLED,
    file_xfer_detailed_errors = VD_AGENT_CAP_FILE_XFER_DETAILED_ERRORS,
    graphics_device_info = VD_AGENT_CAP_GRAPHICS_DEVICE_INFO,
    clipboard_no_release_on_regrab = VD_AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB,
    clipboard_grab_serial = VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL,
};
inline constexpr std::size_t capability_count = VD_AGENT_END_CAP;
static_assert(capability_count == 18, "a capability was added to SPICE: name it here");

/// Kebab-case name ("clipboard-by-demand"): in frames, the API, logs. Defined here only.
[[nodiscard]] std::string_view name(Capability capability) noexcept;

/// Word 0 of an announcement. Bits that we don't know are kept out.
class CapabilitySet {
public:
    constexpr CapabilitySet() noexcept = default;
    constexpr explicit CapabilitySet(std::uint32_t word) noexcept : word_{word & ((1U << capability_count) - 1)} {}
    constexpr CapabilitySet(std::initializer_list<Capability> list) noexcept {
        for (const auto capability : list) add(capability);
    }

    constexpr void add(Capability c) noexcept { word_ |= bit(c); }
    constexpr void remove(Capability c) noexcept { word_ &= ~bit(c); }
    [[nodiscard]] constexpr bool has(Capability c) const noexcept { return (word_ & bit(c)) != 0; }
    [[nodiscard]] constexpr std::uint32_t word() const noexcept { return word_; }
    friend constexpr bool operator==(CapabilitySet, CapabilitySet) noexcept = default;

private:
    static constexpr std::uint32_t bit(Capability c) noexcept { return 1U << static_cast<unsigned>(c); }
    std::uint32_t word_ = 0;
};

/// Names in the order of their bits.
[[nodiscard]] std::vector<std::string_view> names(CapabilitySet set);

/// How two peers write the messages whose layout depends on both: a part exists when both announced it.
struct Dialect {
    bool selection = false;    ///< 4-byte selection prefix on clipboard messages
    bool grab_serial = false;  ///< u32 serial in CLIPBOARD_GRAB

    friend constexpr bool operator==(Dialect, Dialect) noexcept = default;
};

[[nodiscard]] constexpr Dialect dialect_of(CapabilitySet ours, CapabilitySet theirs) noexcept {
    const auto both = CapabilitySet{ours.word() & theirs.word()};
    return {.selection = both.has(Capability::clipboard_selection),
            .grab_serial = both.has(Capability::clipboard_grab_serial)};
}

/// What the sender can do; both ends send one, and again whenever asked.
///
/// Body:  request u32 | word u32 ...        Words after the first are read over, no word at all means no capability.
/// Source: vd_agent.h, VDAgentAnnounceCapabilities.
struct AnnounceCapabilities {
    bool request = false;  ///< wants an announcement back
    CapabilitySet capabilities;
    friend bool operator==(const AnnounceCapabilities&, const AnnounceCapabilities&) = default;
};

/// Errors: truncated.
[[nodiscard]] Result<AnnounceCapabilities> decode_announce_capabilities(Bytes body, Dialect dialect);
void encode(const AnnounceCapabilities& message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
