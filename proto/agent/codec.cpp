#include "proto/agent/codec.hpp"

#include "proto/limits.hpp"
#include "proto/wire.hpp"

#include <spice/vd_agent.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::agent {

namespace {

constexpr std::size_t selection_prefix = 4;

/// A family's decoder as the table wants it: its message as one of all messages.
template <auto decode>
Result<AgentMessage> as_message(Bytes body, Dialect dialect) {
    auto message = decode(body, dialect);
    if (!message) return message.error();
    return AgentMessage{std::move(*message)};
}

template <auto decode>
constexpr Codec row(AgentType type, std::string_view name, std::size_t max_body, Direction direction) {
    return {type, name, max_body, false, direction, as_message<decode>};
}
/// `prefix`: the longest in any dialect.
template <auto decode>
constexpr Codec bulk(AgentType type, std::string_view name, std::size_t prefix, Direction direction) {
    return {type, name, prefix, true, direction, as_message<decode>};
}

constexpr std::array rows = [] {
    using enum AgentType;
    using enum Direction;
    using namespace limits;
    // clang-format off
    return std::array{
        row<decode_mouse_state>          (mouse_state,           "mouse-state",           13,               to_guest),
        row<decode_monitors_config>      (monitors_config,       "monitors-config",       monitors_body,    to_guest),
        row<decode_reply>                (reply,                 "reply",                 8,                from_guest),
        bulk<decode_clipboard>           (clipboard,             "clipboard",             8,                both),
        row<decode_display_config>       (display_config,        "display-config",        8,                to_guest),
        row<decode_announce_capabilities>(announce_capabilities, "announce-capabilities", announce_body,    both),
        row<decode_clipboard_grab>       (clipboard_grab,        "clipboard-grab",        grab_body,        both),
        row<decode_clipboard_request>    (clipboard_request,     "clipboard-request",     8,                both),
        row<decode_clipboard_release>    (clipboard_release,     "clipboard-release",     4,                both),
        row<decode_file_xfer_start>      (file_xfer_start,       "file-xfer-start",       file_start_body,  to_guest),
        row<decode_file_xfer_status>     (file_xfer_status,      "file-xfer-status",      file_status_body, both),
        bulk<decode_file_xfer_data>      (file_xfer_data,        "file-xfer-data",        12,               to_guest),
        row<decode_client_disconnected>  (client_disconnected,   "client-disconnected",   0,                to_guest),
        row<decode_max_clipboard>        (max_clipboard,         "max-clipboard",         4,                to_guest),
        row<decode_audio_volume_sync>    (audio_volume_sync,     "audio-volume-sync",     volume_body,      to_guest),
        row<decode_graphics_device_info> (graphics_device_info,  "graphics-device-info",  graphics_body,    to_guest),
    };
    // clang-format on
}();

/// Rows and alternatives of AgentMessage both stand in the order of the numbers, so an index is a number less one.
constexpr bool rows_stand_at_their_numbers() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].type != static_cast<AgentType>(i + 1)) return false;
    return rows.size() + 1 == VD_AGENT_END_MESSAGE && rows.size() + 1 == std::variant_size_v<AgentMessage>;
}
static_assert(rows_stand_at_their_numbers(), "was a message added to SPICE? give it a row and a value");

}  // namespace

std::span<const Codec> codecs() noexcept { return rows; }

const Codec* find_codec(AgentType type) noexcept {
    const auto number = static_cast<std::size_t>(type);
    return number >= 1 && number <= rows.size() ? &rows[number - 1] : nullptr;
}

std::string_view name(AgentType type) noexcept {
    const auto* row = find_codec(type);
    return row != nullptr ? row->name : "unknown";
}

Result<AgentMessage> decode(AgentType type, Bytes body, Dialect dialect) {
    const auto* row = find_codec(type);
    if (row == nullptr) return AgentMessage{Unknown{.type = type, .size = body.size()}};
    if (!row->bulk && body.size() > row->max_body)
        return ParseError{.fault = Fault::too_large, .field = "body", .offset = row->max_body};
    return row->decode(body, dialect);
}

std::size_t bulk_prefix(AgentType type, Dialect dialect) noexcept {
    switch (type) {
        case AgentType::clipboard: return (dialect.selection ? selection_prefix : 0) + sizeof(VDAgentClipboard);
        case AgentType::file_xfer_data: return sizeof(VDAgentFileXferDataMessage);
        default: return 0;
    }
}

AgentType type_of(const AgentMessage& message) noexcept {
    const auto* unknown = std::get_if<Unknown>(&message);
    return unknown != nullptr ? unknown->type : rows[message.index()].type;
}

void encode(const AgentMessage& message, Dialect dialect, std::vector<std::byte>& out) {
    Writer to{out};
    std::visit(
        [&]<class T>(const T& each) {
            if constexpr (!std::is_same_v<T, Unknown>) encode(each, dialect, to);
        },
        message);
}

}  // namespace vmcbridge::agent
