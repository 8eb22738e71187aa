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

/// The type of each alternative of AgentMessage, in their order; Unknown carries its own.
constexpr std::array types{
    AgentType::mouse_state,
    AgentType::monitors_config,
    AgentType::reply,
    AgentType::clipboard,
    AgentType::display_config,
    AgentType::announce_capabilities,
    AgentType::clipboard_grab,
    AgentType::clipboard_request,
    AgentType::clipboard_release,
    AgentType::file_xfer_start,
    AgentType::file_xfer_status,
    AgentType::file_xfer_data,
    AgentType::client_disconnected,
    AgentType::max_clipboard,
    AgentType::audio_volume_sync,
    AgentType::graphics_device_info,
};
static_assert(types.size() + 1 == std::variant_size_v<AgentMessage>);

// clang-format off
constexpr std::array rows{
    Codec{AgentType::mouse_state,           "mouse-state",           13,                        false, Direction::to_guest,   as_message<decode_mouse_state>},
    Codec{AgentType::monitors_config,       "monitors-config",       limits::monitors_body,     false, Direction::to_guest,   as_message<decode_monitors_config>},
    Codec{AgentType::reply,                 "reply",                 8,                         false, Direction::from_guest, as_message<decode_reply>},
    Codec{AgentType::clipboard,             "clipboard",             8,                         true,  Direction::both,       as_message<decode_clipboard>},
    Codec{AgentType::display_config,        "display-config",        8,                         false, Direction::to_guest,   as_message<decode_display_config>},
    Codec{AgentType::announce_capabilities, "announce-capabilities", limits::announce_body,     false, Direction::both,       as_message<decode_announce_capabilities>},
    Codec{AgentType::clipboard_grab,        "clipboard-grab",        limits::grab_body,         false, Direction::both,       as_message<decode_clipboard_grab>},
    Codec{AgentType::clipboard_request,     "clipboard-request",     8,                         false, Direction::both,       as_message<decode_clipboard_request>},
    Codec{AgentType::clipboard_release,     "clipboard-release",     4,                         false, Direction::both,       as_message<decode_clipboard_release>},
    Codec{AgentType::file_xfer_start,       "file-xfer-start",       limits::file_start_body,   false, Direction::to_guest,   as_message<decode_file_xfer_start>},
    Codec{AgentType::file_xfer_status,      "file-xfer-status",      limits::file_status_body,  false, Direction::both,       as_message<decode_file_xfer_status>},
    Codec{AgentType::file_xfer_data,        "file-xfer-data",        12,                        true,  Direction::to_guest,   as_message<decode_file_xfer_data>},
    Codec{AgentType::client_disconnected,   "client-disconnected",   0,                         false, Direction::to_guest,   as_message<decode_client_disconnected>},
    Codec{AgentType::max_clipboard,         "max-clipboard",         4,                         false, Direction::to_guest,   as_message<decode_max_clipboard>},
    Codec{AgentType::audio_volume_sync,     "audio-volume-sync",     limits::volume_body,       false, Direction::to_guest,   as_message<decode_audio_volume_sync>},
    Codec{AgentType::graphics_device_info,  "graphics-device-info",  limits::graphics_body,     false, Direction::to_guest,   as_message<decode_graphics_device_info>},
};
// clang-format on

constexpr bool rows_stand_at_their_numbers() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].type != static_cast<AgentType>(i + 1)) return false;
    return rows.size() + 1 == VD_AGENT_END_MESSAGE;
}
static_assert(rows_stand_at_their_numbers(), "find_codec() takes a row by its number; a message was added to SPICE?");

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
    return unknown != nullptr ? unknown->type : types[message.index()];
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
