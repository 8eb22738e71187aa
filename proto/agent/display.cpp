#include "proto/agent/display.hpp"

#include "proto/text.hpp"

#include <spice/vd_agent.h>

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace vmcbridge::agent {

namespace {

constexpr std::uint32_t flag_if(bool set, std::uint32_t flag) { return set ? flag : 0; }

}  // namespace

// ---- Monitors ---------------------------------------------------------------------------------------------------

static_assert(sizeof(VDAgentMonitorsConfig) == 8 && offsetof(VDAgentMonitorsConfig, flags) == 4);
static_assert(sizeof(VDAgentMonConfig) == 20 && offsetof(VDAgentMonConfig, height) == 0 &&
              offsetof(VDAgentMonConfig, width) == 4 && offsetof(VDAgentMonConfig, depth) == 8 &&
              offsetof(VDAgentMonConfig, x) == 12 && offsetof(VDAgentMonConfig, y) == 16);
static_assert(sizeof(VDAgentMonitorMM) == 4 && offsetof(VDAgentMonitorMM, width) == 2);

Result<MonitorsConfig> decode_monitors_config(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    MonitorsConfig config;
    const std::size_t count = in.u32("num_of_monitors");
    if (count > limits::monitors) in.reject("num_of_monitors", Fault::too_large);
    const auto flags = in.u32("flags");
    config.positions = (flags & VD_AGENT_CONFIG_MONITORS_FLAG_USE_POS) != 0;
    config.physical_sizes = (flags & VD_AGENT_CONFIG_MONITORS_FLAG_PHYSICAL_SIZE) != 0;
    if (in.ok()) config.monitors.resize(count);
    for (auto& monitor : config.monitors) {
        monitor.height = in.u32("height");
        monitor.width = in.u32("width");
        monitor.depth = in.u32("depth");
        monitor.x = in.i32("x");
        monitor.y = in.i32("y");
    }
    if (config.physical_sizes) {
        for (auto& monitor : config.monitors) {
            monitor.height_mm = in.u16("height_mm");
            monitor.width_mm = in.u16("width_mm");
        }
    }
    return in.finish(std::move(config));
}

void encode(const MonitorsConfig& message, Dialect /*dialect*/, Writer& out) {
    assert(message.monitors.size() <= limits::monitors);
    out.u32(static_cast<std::uint32_t>(message.monitors.size()));
    out.u32(flag_if(message.positions, VD_AGENT_CONFIG_MONITORS_FLAG_USE_POS) |
            flag_if(message.physical_sizes, VD_AGENT_CONFIG_MONITORS_FLAG_PHYSICAL_SIZE));
    for (const auto& monitor : message.monitors) {
        out.u32(monitor.height);
        out.u32(monitor.width);
        out.u32(monitor.depth);
        out.i32(monitor.x);
        out.i32(monitor.y);
    }
    if (!message.physical_sizes) return;
    for (const auto& monitor : message.monitors) {
        out.u16(monitor.height_mm);
        out.u16(monitor.width_mm);
    }
}

// ---- Desktop ----------------------------------------------------------------------------------------------------

static_assert(sizeof(VDAgentDisplayConfig) == 8 && offsetof(VDAgentDisplayConfig, depth) == 4);

Result<DisplayConfig> decode_display_config(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    DisplayConfig config;
    const auto flags = in.u32("flags");
    config.disable_wallpaper = (flags & VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_WALLPAPER) != 0;
    config.disable_font_smoothing = (flags & VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_FONT_SMOOTH) != 0;
    config.disable_animation = (flags & VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_ANIMATION) != 0;
    config.set_color_depth = (flags & VD_AGENT_DISPLAY_CONFIG_FLAG_SET_COLOR_DEPTH) != 0;
    config.depth = in.u32("depth");
    return in.finish(config);
}

void encode(const DisplayConfig& message, Dialect /*dialect*/, Writer& out) {
    out.u32(flag_if(message.disable_wallpaper, VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_WALLPAPER) |
            flag_if(message.disable_font_smoothing, VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_FONT_SMOOTH) |
            flag_if(message.disable_animation, VD_AGENT_DISPLAY_CONFIG_FLAG_DISABLE_ANIMATION) |
            flag_if(message.set_color_depth, VD_AGENT_DISPLAY_CONFIG_FLAG_SET_COLOR_DEPTH));
    out.u32(message.depth);
}

// ---- Devices ----------------------------------------------------------------------------------------------------

static_assert(sizeof(VDAgentGraphicsDeviceInfo) == 4);
static_assert(sizeof(VDAgentDeviceDisplayInfo) == 16 && offsetof(VDAgentDeviceDisplayInfo, monitor_id) == 4 &&
              offsetof(VDAgentDeviceDisplayInfo, device_display_id) == 8 &&
              offsetof(VDAgentDeviceDisplayInfo, device_address_len) == 12);

Result<GraphicsDeviceInfo> decode_graphics_device_info(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    GraphicsDeviceInfo info;
    const auto count = in.u32("count");
    // A count that lies ends at the first record that isn't there; the body's own size bounds what is kept.
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        GraphicsDevice device;
        device.channel_id = in.u32("channel_id");
        device.monitor_id = in.u32("monitor_id");
        device.device_display_id = in.u32("device_display_id");
        const auto length = in.u32("device_address_len");
        const auto address = as_text(in.take(length, "device_address"));
        device.address = address.substr(0, address.find('\0'));
        info.devices.push_back(device);
    }
    return in.finish(std::move(info));
}

void encode(const GraphicsDeviceInfo& message, Dialect /*dialect*/, Writer& out) {
    out.u32(static_cast<std::uint32_t>(message.devices.size()));
    for (const auto& device : message.devices) {
        out.u32(device.channel_id);
        out.u32(device.monitor_id);
        out.u32(device.device_display_id);
        out.u32(static_cast<std::uint32_t>(device.address.size() + 1));
        out.bytes(as_bytes(device.address));
        out.zeros(1);
    }
}

}  // namespace vmcbridge::agent
