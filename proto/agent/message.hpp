#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/formats.hpp"
#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "proto/result.hpp"

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

/// The values of all agent messages. Bodies and their rules: proto/README.md. Views die with the decoded bytes.
namespace vmcbridge::agent {

/// Host to guest, server port: absolute pointer on one display.
struct MouseState {
    std::uint32_t x = 0;  ///< pixels, relative to display `display_id`
    std::uint32_t y = 0;
    std::uint32_t buttons = 0;  ///< VD_AGENT_*BUTTON_MASK
    std::uint8_t display_id = 0;
    friend bool operator==(const MouseState&, const MouseState&) = default;
};

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
struct MonitorsConfig {
    bool positions = false;  ///< VD_AGENT_CONFIG_MONITORS_FLAG_USE_POS
    bool physical_sizes =
        false;  ///< VD_AGENT_CONFIG_MONITORS_FLAG_PHYSICAL_SIZE; vdagentd drops such a message unanswered
    std::vector<Monitor> monitors;  ///< at most limits::monitors
    friend bool operator==(const MonitorsConfig&, const MonitorsConfig&) = default;
};

/// Guest's answer to MONITORS_CONFIG or DISPLAY_CONFIG; matched by type alone.
struct Reply {
    AgentType type{};
    bool success = false;  ///< VD_AGENT_SUCCESS; every other number is a failure
    friend bool operator==(const Reply&, const Reply&) = default;
};

/// Contents of a clipboard. As a stream: `data` is empty and the slices follow (see assembler.hpp).
struct ClipboardData {
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::none;
    Bytes data;
};

struct DisplayConfig {
    bool disable_wallpaper = false;
    bool disable_font_smoothing = false;
    bool disable_animation = false;
    bool set_color_depth = false;
    std::uint32_t depth = 0;  ///< bits a pixel; meant only where set_color_depth
    friend bool operator==(const DisplayConfig&, const DisplayConfig&) = default;
};

struct AnnounceCapabilities {
    bool request = false;  ///< wants an announcement back
    CapabilitySet capabilities;
    friend bool operator==(const AnnounceCapabilities&, const AnnounceCapabilities&) = default;
};

/// The sender owns `selection` and offers these formats; whatever the receiver owned is void.
struct ClipboardGrab {
    Selection selection = Selection::clipboard;
    GrabSerial serial{};  ///< meant only where the dialect has grab_serial
    FormatList formats;   ///< unknown formats were skipped; may be empty
    friend bool operator==(const ClipboardGrab&, const ClipboardGrab&) = default;
};
struct ClipboardRequest {
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::none;
    friend bool operator==(const ClipboardRequest&, const ClipboardRequest&) = default;
};
/// Read in its 0-, 1- and 4-byte forms; written as the dialect says.
struct ClipboardRelease {
    Selection selection = Selection::clipboard;
    friend bool operator==(const ClipboardRelease&, const ClipboardRelease&) = default;
};

/// Host to guest: a file of `size` bytes will come. The key file is read and written in proto/agent/file_transfer.
struct FileTransferStart {
    TransferId id{};
    std::string_view key_file;  ///< as it stands in the message, without the closing NUL
};

/// Where a transfer stands. Source: vd_agent.h, VD_AGENT_FILE_XFER_STATUS_*.
enum class FileStatus : std::uint32_t {
    can_send_data = VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA,
    cancelled = VD_AGENT_FILE_XFER_STATUS_CANCELLED,
    error = VD_AGENT_FILE_XFER_STATUS_ERROR,
    success = VD_AGENT_FILE_XFER_STATUS_SUCCESS,
    not_enough_space = VD_AGENT_FILE_XFER_STATUS_NOT_ENOUGH_SPACE,
    session_locked = VD_AGENT_FILE_XFER_STATUS_SESSION_LOCKED,
    agent_not_connected = VD_AGENT_FILE_XFER_STATUS_VDAGENT_NOT_CONNECTED,
    disabled = VD_AGENT_FILE_XFER_STATUS_DISABLED,
};
struct FileTransferStatus {
    TransferId id{};
    FileStatus status{};           ///< may hold a number that we don't know: treat it as error
    std::uint64_t free_bytes = 0;  ///< detail of not_enough_space; 0: not told
    std::uint32_t error_code = 0;  ///< detail of error (GLib I/O error number); 0: not told
    friend bool operator==(const FileTransferStatus&, const FileTransferStatus&) = default;
};

/// As a stream: `data` is empty and the slices follow.
struct FileTransferData {
    TransferId id{};
    Bytes data;
};

/// Host to guest, server port: the last client went.
struct ClientDisconnected {
    friend bool operator==(ClientDisconnected, ClientDisconnected) = default;
};

/// Host to guest: answer larger clipboards with nothing.
struct MaxClipboard {
    std::int32_t bytes = -1;  ///< -1: no limit
    friend bool operator==(MaxClipboard, MaxClipboard) = default;
};

struct AudioVolumeSync {
    bool playback = false;  ///< speakers; else the microphone
    bool mute = false;
    std::vector<std::uint16_t> channels;  ///< 0..65535 each, at most limits::volume_channels
    friend bool operator==(const AudioVolumeSync&, const AudioVolumeSync&) = default;
};

/// Host to guest, server port: which display is which graphics device.
struct GraphicsDevice {
    std::uint32_t channel_id = 0;
    std::uint32_t monitor_id = 0;
    std::uint32_t device_display_id = 0;
    std::string_view address;  ///< "pci/0000/02.0"
    friend bool operator==(const GraphicsDevice&, const GraphicsDevice&) = default;
};
struct GraphicsDeviceInfo {
    std::vector<GraphicsDevice> devices;
    friend bool operator==(const GraphicsDeviceInfo&, const GraphicsDeviceInfo&) = default;
};

/// A type that we don't know: its size was checked, its body was skipped.
struct Unknown {
    AgentType type{};
    std::size_t size = 0;
    friend bool operator==(const Unknown&, const Unknown&) = default;
};

using AgentMessage =
    std::variant<MouseState, MonitorsConfig, Reply, ClipboardData, DisplayConfig, AnnounceCapabilities, ClipboardGrab,
                 ClipboardRequest, ClipboardRelease, FileTransferStart, FileTransferStatus, FileTransferData,
                 ClientDisconnected, MaxClipboard, AudioVolumeSync, GraphicsDeviceInfo, Unknown>;

}  // namespace vmcbridge::agent
