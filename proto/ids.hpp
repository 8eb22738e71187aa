#pragma once

#include <spice/enums.h>
#include <spice/vd_agent.h>

#include <compare>
#include <cstdint>

namespace vmcbridge {

/// A number with a meaning. No arithmetic on purpose: it is added where it means something.
template <class Tag, class Rep>
class Strong {
public:
    using rep = Rep;
    constexpr Strong() noexcept = default;
    constexpr explicit Strong(Rep value) noexcept : value_{value} {}
    [[nodiscard]] constexpr Rep raw() const noexcept { return value_; }
    friend constexpr auto operator<=>(Strong, Strong) noexcept = default;

private:
    Rep value_{};
};

/// Counts the grabs of one selection, both ends' together. Source: vd_agent.h, VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL.
using GrabSerial = Strong<struct GrabSerialTag, std::uint32_t>;
/// A file transfer between the bridge and a guest, or between the bridge and one SPICE client.
using TransferId = Strong<struct TransferIdTag, std::uint32_t>;
/// A client of one VM's hub; never used twice in a hub's life.
using ClientId = Strong<struct ClientIdTag, std::uint64_t>;

/// Port of a VDI chunk. 0 is never sent by us; Windows agents answer there, so it is read like `client`.
enum class ChunkPort : std::uint32_t { none = 0, client = VDP_CLIENT_PORT, server = VDP_SERVER_PORT };

/// Number of an agent message. An enumeration that is open: a peer may send any number.
enum class AgentType : std::uint32_t {
    mouse_state = VD_AGENT_MOUSE_STATE,
    monitors_config = VD_AGENT_MONITORS_CONFIG,
    reply = VD_AGENT_REPLY,
    clipboard = VD_AGENT_CLIPBOARD,
    display_config = VD_AGENT_DISPLAY_CONFIG,
    announce_capabilities = VD_AGENT_ANNOUNCE_CAPABILITIES,
    clipboard_grab = VD_AGENT_CLIPBOARD_GRAB,
    clipboard_request = VD_AGENT_CLIPBOARD_REQUEST,
    clipboard_release = VD_AGENT_CLIPBOARD_RELEASE,
    file_xfer_start = VD_AGENT_FILE_XFER_START,
    file_xfer_status = VD_AGENT_FILE_XFER_STATUS,
    file_xfer_data = VD_AGENT_FILE_XFER_DATA,
    client_disconnected = VD_AGENT_CLIENT_DISCONNECTED,
    max_clipboard = VD_AGENT_MAX_CLIPBOARD,
    audio_volume_sync = VD_AGENT_AUDIO_VOLUME_SYNC,
    graphics_device_info = VD_AGENT_GRAPHICS_DEVICE_INFO,
};

/// The three selections of X11; Windows knows the first only.
enum class Selection : std::uint8_t {
    clipboard = VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD,
    primary = VD_AGENT_CLIPBOARD_SELECTION_PRIMARY,
    secondary = VD_AGENT_CLIPBOARD_SELECTION_SECONDARY,
};
inline constexpr std::size_t selection_count = 3;

/// Format of clipboard contents. Open: an agent may offer numbers that we don't know; those are skipped.
enum class ClipboardFormat : std::uint32_t {
    none = VD_AGENT_CLIPBOARD_NONE,
    text = VD_AGENT_CLIPBOARD_UTF8_TEXT,
    png = VD_AGENT_CLIPBOARD_IMAGE_PNG,
    bmp = VD_AGENT_CLIPBOARD_IMAGE_BMP,
    tiff = VD_AGENT_CLIPBOARD_IMAGE_TIFF,
    jpeg = VD_AGENT_CLIPBOARD_IMAGE_JPG,
    file_list = VD_AGENT_CLIPBOARD_FILE_LIST,
};

}  // namespace vmcbridge
