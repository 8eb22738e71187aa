#pragma once

#include "proto/browser/frames.hpp"
#include "proto/browser/types.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <spice/vd_agent.h>

#include <utility>

/// A client's frame as the members that spell it, written down a second time: what the vectors are compared with.
namespace vmcbridge::browser::test {

namespace json = boost::json;

inline json::object body(const ClipboardGrab& f) {
    json::array formats;
    for (const auto format : f.formats) formats.emplace_back(mime_of(format));
    json::object members{{"selection", name(f.selection)}, {"formats", formats}};
    if (f.serial) members["serial"] = *f.serial;
    return members;
}
inline json::object body(const ClipboardRelease& f) { return {{"selection", name(f.selection)}}; }
inline json::object body(const ClipboardRequest& f) {
    return {{"id", f.id}, {"selection", name(f.selection)}, {"format", mime_of(f.format)}};
}
inline json::object body(const ClipboardData& f) {
    json::object members{{"id", f.id}, {"format", mime_of(f.format)}};
    if (const auto* const text = std::get_if<std::string>(&f.body)) {
        members["text"] = *text;
    } else {
        members["stream"] = std::get<StreamedData>(f.body).stream;
        members["size"] = std::get<StreamedData>(f.body).size;
    }
    return members;
}
inline json::object body(const ClipboardError& f) {
    return {{"id", f.id}, {"code", name(f.code)}, {"message", f.message}};
}
inline json::object body(const Credit& f) { return {{"stream", f.stream}, {"bytes", f.bytes}}; }
inline json::object body(const Ping& f) { return {{"id", f.id}}; }
inline json::object body(const Pong& f) { return {{"id", f.id}}; }
inline json::object body(const Monitors& f) {
    json::array monitors;
    for (const auto& m : f.monitors) {
        monitors.push_back(json::object{{"width", m.width},
                                        {"height", m.height},
                                        {"x", m.x},
                                        {"y", m.y},
                                        {"depth", m.depth},
                                        {"widthMm", m.width_mm},
                                        {"heightMm", m.height_mm}});
    }
    json::object members{{"monitors", monitors}};
    if (f.id) members["id"] = *f.id;
    return members;
}
inline json::object body(const LeadRequest&) { return {}; }
inline json::object body(const Mouse& f) {
    constexpr std::pair<std::uint32_t, std::string_view> masks[]{
        {VD_AGENT_LBUTTON_MASK, "left"}, {VD_AGENT_MBUTTON_MASK, "middle"}, {VD_AGENT_RBUTTON_MASK, "right"},
        {VD_AGENT_UBUTTON_MASK, "up"},   {VD_AGENT_DBUTTON_MASK, "down"},   {VD_AGENT_SBUTTON_MASK, "side"},
        {VD_AGENT_EBUTTON_MASK, "extra"}};
    json::array buttons;
    for (const auto& [mask, button] : masks)
        if ((f.buttons & mask) != 0) buttons.emplace_back(button);
    return {{"display", f.display}, {"x", f.x}, {"y", f.y}, {"buttons", buttons}};
}
inline json::object level(const VolumeLevel& l) {
    return {{"mute", l.mute}, {"channels", json::array(l.channels.begin(), l.channels.end())}};
}
inline json::object body(const Volume& f) {
    json::object members;
    if (f.playback) members["playback"] = level(*f.playback);
    if (f.record) members["record"] = level(*f.record);
    return members;
}
inline json::object body(const DisplayConfig& f) {
    json::object members;
    if (f.wallpaper) members["wallpaper"] = *f.wallpaper;
    if (f.font_smoothing) members["fontSmoothing"] = *f.font_smoothing;
    if (f.animation) members["animation"] = *f.animation;
    if (f.depth) members["depth"] = *f.depth;
    return members;
}
inline json::object body(const FileStart& f) {
    return {{"id", f.id}, {"name", f.name}, {"size", f.size}, {"stream", f.stream}};
}
inline json::object body(const FileCancel& f) { return {{"id", f.id}}; }
inline json::object body(const TokenRefresh& f) { return {{"token", f.token}}; }
inline json::object body(const UnknownFrame&) { return {}; }

/// With every default filled in; null for UnknownFrame.
inline json::value spelled(const ClientFrame& frame) {
    if (std::holds_alternative<UnknownFrame>(frame)) return nullptr;
    return std::visit(
        []<class Frame>(const Frame& f) -> json::value {
            auto members = body(f);
            members["type"] = type_of<Frame>;
            return members;
        },
        frame);
}

}  // namespace vmcbridge::browser::test
