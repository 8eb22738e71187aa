#pragma once

#include "proto/agent/audio.hpp"
#include "proto/agent/capabilities.hpp"
#include "proto/agent/clipboard.hpp"
#include "proto/agent/display.hpp"
#include "proto/agent/file_transfer.hpp"
#include "proto/agent/mouse.hpp"
#include "proto/agent/reply.hpp"
#include "proto/ids.hpp"

#include <cstddef>
#include <variant>

/// Every agent message as a value. Bodies and their rules: the families' headers and proto/README.md.
/// Views die with the decoded bytes.
namespace vmcbridge::agent {

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
