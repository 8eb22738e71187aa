#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/formats.hpp"
#include "proto/ids.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <algorithm>
#include <cstdint>

/// The clipboard of agents: a grab offers formats, a request asks for one, data answers it, a release ends the offer.
///
/// [selection] below is  selection u8 | reserved 3 x u8  and exists where the dialect has `selection`; the reserved
/// bytes may hold anything. [serial] is  u32  and exists where the dialect has `grab_serial`. Source: vd_agent.h,
/// VDAgentClipboard*, VD_AGENT_CAP_CLIPBOARD_SELECTION, VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL.
namespace vmcbridge::agent {

/// Contents of a clipboard. As a stream: `data` is empty and the slices follow (see assembler.hpp).
///
/// Body:  [selection] | format u32 | data        Lifetime: `data` views the body.
struct ClipboardData {
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::none;
    Bytes data;
    friend bool operator==(const ClipboardData& a, const ClipboardData& b) noexcept {
        return a.selection == b.selection && a.format == b.format && std::ranges::equal(a.data, b.data);
    }
};

/// Errors: truncated, bad_value (selection).
[[nodiscard]] Result<ClipboardData> decode_clipboard(Bytes body, Dialect dialect);
void encode(const ClipboardData& message, Dialect dialect, Writer& out);

/// The sender owns `selection` and offers these formats; whatever the receiver owned is void.
///
/// Body:  [selection] | [serial] | format u32 ...
struct ClipboardGrab {
    Selection selection = Selection::clipboard;
    GrabSerial serial{};  ///< meant only where the dialect has grab_serial
    FormatList formats;   ///< unknown formats were skipped; may be empty
    friend bool operator==(const ClipboardGrab&, const ClipboardGrab&) = default;
};

/// Errors: truncated, bad_value (selection).
[[nodiscard]] Result<ClipboardGrab> decode_clipboard_grab(Bytes body, Dialect dialect);
void encode(const ClipboardGrab& message, Dialect dialect, Writer& out);

/// Asks the owner of `selection` for its contents.
///
/// Body:  [selection] | format u32
struct ClipboardRequest {
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::none;
    friend bool operator==(const ClipboardRequest&, const ClipboardRequest&) = default;
};

/// PureSpice leaves the selection out whatever the dialect: four bytes are a request for the clipboard.
/// Errors: truncated, trailing_bytes, bad_value (selection).
[[nodiscard]] Result<ClipboardRequest> decode_clipboard_request(Bytes body, Dialect dialect);
void encode(const ClipboardRequest& message, Dialect dialect, Writer& out);

/// The sender owns `selection` no more. Read in its 0-, 1- and 4-byte forms; written as the dialect says.
///
/// Body:  [selection]
struct ClipboardRelease {
    Selection selection = Selection::clipboard;
    friend bool operator==(const ClipboardRelease&, const ClipboardRelease&) = default;
};

/// vdagentd 0.22 writes one byte when its session changes, whatever the dialect.
/// Errors: truncated, trailing_bytes, bad_value (selection).
[[nodiscard]] Result<ClipboardRelease> decode_clipboard_release(Bytes body, Dialect dialect);
void encode(const ClipboardRelease& message, Dialect dialect, Writer& out);

/// Host to guest: answer larger clipboards with nothing.
///
/// Body:  bytes i32        Source: vd_agent.h, VDAgentMaxClipboard.
struct MaxClipboard {
    std::int32_t bytes = -1;  ///< -1: no limit
    friend bool operator==(MaxClipboard, MaxClipboard) = default;
};

/// Errors: truncated, trailing_bytes, bad_value (below -1).
[[nodiscard]] Result<MaxClipboard> decode_max_clipboard(Bytes body, Dialect dialect);
void encode(MaxClipboard message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
