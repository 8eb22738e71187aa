#pragma once

#include "proto/agent/codec.hpp"
#include "tests/support/hex.hpp"

#include <boost/json.hpp>

#include <array>
#include <string>

/// Agent messages as JSON, in the form of tests/vectors: two messages are alike when their descriptions are.
namespace vmcbridge::support {

namespace detail {

namespace json = boost::json;

inline json::string text(std::string_view text) { return json::string{text.data(), text.size()}; }

/// The name at this number, or the number itself where nobody gave it one.
template <std::size_t count>
json::value named(const std::array<std::string_view, count>& names, std::size_t number) {
    if (number < count) return text(names[number]);
    return number;
}

inline json::value of(Selection selection) {
    static constexpr std::array<std::string_view, 3> names{"clipboard", "primary", "secondary"};
    return named(names, static_cast<std::size_t>(selection));
}
inline json::value of(ClipboardFormat format) {
    static constexpr std::array<std::string_view, 7> names{"none", "text", "png", "bmp", "tiff", "jpeg", "file-list"};
    return named(names, static_cast<std::size_t>(format));
}
inline json::value of(agent::FileStatus status) {
    static constexpr std::array<std::string_view, 8> names{
        "can-send-data",  "cancelled",           "error",   "success", "not-enough-space",
        "session-locked", "agent-not-connected", "disabled"};
    return named(names, static_cast<std::size_t>(status));
}
inline json::value of(AgentType type) {
    if (agent::find_codec(type) == nullptr) return static_cast<std::uint32_t>(type);
    return text(agent::name(type));
}

struct Describe {
    json::object operator()(const agent::MouseState& m) const {
        return {{"x", m.x}, {"y", m.y}, {"buttons", m.buttons}, {"display", m.display_id}};
    }
    json::object operator()(const agent::MonitorsConfig& m) const {
        json::array monitors;
        for (const auto& each : m.monitors)
            monitors.push_back({{"width", each.width},
                                {"height", each.height},
                                {"depth", each.depth},
                                {"x", each.x},
                                {"y", each.y},
                                {"widthMm", each.width_mm},
                                {"heightMm", each.height_mm}});
        return {{"positions", m.positions}, {"physicalSizes", m.physical_sizes}, {"monitors", monitors}};
    }
    json::object operator()(const agent::Reply& m) const { return {{"type", of(m.type)}, {"success", m.success}}; }
    json::object operator()(const agent::ClipboardData& m) const {
        return {{"selection", of(m.selection)}, {"format", of(m.format)}, {"data", to_hex(m.data)}};
    }
    json::object operator()(const agent::DisplayConfig& m) const {
        return {{"disableWallpaper", m.disable_wallpaper},
                {"disableFontSmoothing", m.disable_font_smoothing},
                {"disableAnimation", m.disable_animation},
                {"setColorDepth", m.set_color_depth},
                {"depth", m.depth}};
    }
    json::object operator()(const agent::AnnounceCapabilities& m) const {
        json::array names;
        for (const auto name : agent::names(m.capabilities)) names.push_back(text(name));
        return {{"request", m.request}, {"capabilities", names}};
    }
    json::object operator()(const agent::ClipboardGrab& m) const {
        json::array formats;
        for (const auto format : m.formats) formats.push_back(of(format));
        return {{"selection", of(m.selection)}, {"serial", m.serial.raw()}, {"formats", formats}};
    }
    json::object operator()(const agent::ClipboardRequest& m) const {
        return {{"selection", of(m.selection)}, {"format", of(m.format)}};
    }
    json::object operator()(const agent::ClipboardRelease& m) const { return {{"selection", of(m.selection)}}; }
    json::object operator()(const agent::FileTransferStart& m) const {
        return {{"id", m.id.raw()}, {"keyFile", text(m.key_file)}};
    }
    json::object operator()(const agent::FileTransferStatus& m) const {
        return {{"id", m.id.raw()}, {"status", of(m.status)}, {"freeBytes", m.free_bytes}, {"errorCode", m.error_code}};
    }
    json::object operator()(const agent::FileTransferData& m) const {
        return {{"id", m.id.raw()}, {"data", to_hex(m.data)}};
    }
    json::object operator()(agent::ClientDisconnected /*m*/) const { return {}; }
    json::object operator()(agent::MaxClipboard m) const { return {{"bytes", m.bytes}}; }
    json::object operator()(const agent::AudioVolumeSync& m) const {
        return {{"playback", m.playback}, {"mute", m.mute}, {"channels", json::value_from(m.channels)}};
    }
    json::object operator()(const agent::GraphicsDeviceInfo& m) const {
        json::array devices;
        for (const auto& each : m.devices)
            devices.push_back({{"channel", each.channel_id},
                               {"monitor", each.monitor_id},
                               {"deviceDisplay", each.device_display_id},
                               {"address", text(each.address)}});
        return {{"devices", devices}};
    }
    json::object operator()(const agent::Unknown& m) const { return {{"size", m.size}}; }
};

}  // namespace detail

/// The message's members, as `value` in a vector.
inline boost::json::object describe(const agent::AgentMessage& message) {
    return std::visit(detail::Describe{}, message);
}

}  // namespace vmcbridge::support
