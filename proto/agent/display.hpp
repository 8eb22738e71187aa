#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/limits.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace vmcbridge::agent {

/// One entry of MONITORS_CONFIG; 0 x 0 switches the monitor off (agents with sparse-monitors-config only).
struct Monitor {
    std::uint32_t width = 0;  ///< pixels; on the wire height comes first
    std::uint32_t height = 0;
    std::uint32_t depth = 0;  ///< bits a pixel
    std::int32_t x = 0;       ///< pixels; meant only where MonitorsConfig::positions
    std::int32_t y = 0;
    std::uint16_t width_mm = 0;  ///< meant only where MonitorsConfig::physical_sizes
    std::uint16_t height_mm = 0;
    friend bool operator==(const Monitor&, const Monitor&) = default;
};

/// How the guest's monitors shall be. Client to guest.
///
/// Body:  count u32 | flags u32 | count x (height u32 | width u32 | depth u32 | x i32 | y i32)
///        with the flag physical_sizes also  count x (height_mm u16 | width_mm u16)
/// Source: vd_agent.h, VDAgentMonitorsConfig, VDAgentMonConfig, VDAgentMonitorMM.
struct MonitorsConfig {
    bool positions = false;  ///< VD_AGENT_CONFIG_MONITORS_FLAG_USE_POS
    /// VD_AGENT_CONFIG_MONITORS_FLAG_PHYSICAL_SIZE; vdagentd drops such a message unanswered.
    bool physical_sizes = false;
    std::vector<Monitor> monitors;  ///< at most limits::monitors
    friend bool operator==(const MonitorsConfig&, const MonitorsConfig&) = default;
};

/// Errors: truncated, trailing_bytes, too_large (more than limits::monitors).
[[nodiscard]] Result<MonitorsConfig> decode_monitors_config(Bytes body, Dialect dialect);
void encode(const MonitorsConfig& message, Dialect dialect, Writer& out);

/// How the guest's desktop shall look, to save bandwidth. Client to guest; Windows agents.
///
/// Body:  flags u32 | depth u32        Source: vd_agent.h, VDAgentDisplayConfig.
struct DisplayConfig {
    bool disable_wallpaper = false;
    bool disable_font_smoothing = false;
    bool disable_animation = false;
    bool set_color_depth = false;
    std::uint32_t depth = 0;  ///< bits a pixel; meant only where set_color_depth
    friend bool operator==(const DisplayConfig&, const DisplayConfig&) = default;
};

/// Errors: truncated, trailing_bytes. Flags that we don't know are left out.
[[nodiscard]] Result<DisplayConfig> decode_display_config(Bytes body, Dialect dialect);
void encode(const DisplayConfig& message, Dialect dialect, Writer& out);

struct GraphicsDevice {
    std::uint32_t channel_id = 0;
    std::uint32_t monitor_id = 0;
    std::uint32_t device_display_id = 0;
    std::string_view address;  ///< "pci/0000/02.0"
    friend bool operator==(const GraphicsDevice&, const GraphicsDevice&) = default;
};

/// Host to guest, server port: which display is which graphics device.
///
/// Body:  count u32 | count x (channel_id u32 | monitor_id u32 | device_display_id u32 | length u32 | address, NUL)
/// Source: vd_agent.h, VDAgentGraphicsDeviceInfo, VDAgentDeviceDisplayInfo. Lifetime: the addresses view the body.
struct GraphicsDeviceInfo {
    std::vector<GraphicsDevice> devices;
    friend bool operator==(const GraphicsDeviceInfo&, const GraphicsDeviceInfo&) = default;
};

/// Errors: truncated, trailing_bytes. An address may lack its NUL.
[[nodiscard]] Result<GraphicsDeviceInfo> decode_graphics_device_info(Bytes body, Dialect dialect);
void encode(const GraphicsDeviceInfo& message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
