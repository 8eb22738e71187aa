#pragma once

#include "proto/browser/codes.hpp"
#include "proto/formats.hpp"
#include "proto/ids.hpp"
#include "proto/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The frames of vmcbridge.v1 as values; each struct is one `type`. Members are named as on the wire, in snake case.
/// The normative text is proto/browser/README.md with the JSON Schemas beside it.
namespace vmcbridge::browser {

using RequestId = std::uint64_t;  ///< chosen by the side that asks; at most limits::max_id
using StreamId = std::uint32_t;   ///< chosen by the side that sends the bytes

inline constexpr std::uint32_t protocol_version = 1;  ///< vmcbridge.v1

// ---- Both ways --------------------------------------------------------------------------------------------------

struct ClipboardGrab {
    Selection selection = Selection::clipboard;
    FormatList formats;                   ///< unknown MIME names are skipped
    std::optional<std::uint64_t> serial;  ///< from the bridge only: counts this selection's offers
    friend bool operator==(const ClipboardGrab&, const ClipboardGrab&) = default;
};
struct ClipboardRelease {
    Selection selection = Selection::clipboard;
    friend bool operator==(const ClipboardRelease&, const ClipboardRelease&) = default;
};
struct ClipboardRequest {
    RequestId id = 0;
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::none;  ///< none: a MIME name that we don't know
    friend bool operator==(const ClipboardRequest&, const ClipboardRequest&) = default;
};
struct StreamedData {
    StreamId stream = 0;
    std::uint64_t size = 0;  ///< bytes
    friend bool operator==(const StreamedData&, const StreamedData&) = default;
};
struct ClipboardData {
    RequestId id = 0;
    ClipboardFormat format = ClipboardFormat::none;
    std::variant<std::string, StreamedData> body;  ///< text (at most limits::inline_text bytes) or a stream
    friend bool operator==(const ClipboardData&, const ClipboardData&) = default;
};
struct ClipboardError {
    RequestId id = 0;
    Code code = Code::guest_error;
    std::string message;
    friend bool operator==(const ClipboardError&, const ClipboardError&) = default;
};
struct Credit {
    StreamId stream = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const Credit&, const Credit&) = default;
};
struct Ping {
    RequestId id = 0;
    friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
    RequestId id = 0;
    friend bool operator==(const Pong&, const Pong&) = default;
};

// ---- From the client -----------------------------------------------------------------------------------------------

struct Monitor {
    std::uint32_t width = 0;  ///< device pixels, 1..65535
    std::uint32_t height = 0;
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::uint32_t depth = 32;
    std::uint16_t width_mm = 0;  ///< 0: not told
    std::uint16_t height_mm = 0;
    friend bool operator==(const Monitor&, const Monitor&) = default;
};
struct Monitors {
    std::optional<RequestId> id;
    std::vector<Monitor> monitors;  ///< 1..limits::monitors
    friend bool operator==(const Monitors&, const Monitors&) = default;
};
struct LeadRequest {
    friend bool operator==(LeadRequest, LeadRequest) = default;
};
struct Mouse {
    std::uint8_t display = 0;
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t buttons = 0;  ///< VD_AGENT_*BUTTON_MASK
    friend bool operator==(const Mouse&, const Mouse&) = default;
};
struct VolumeLevel {
    bool mute = false;
    std::vector<std::uint16_t> channels;  ///< at most limits::volume_channels
    friend bool operator==(const VolumeLevel&, const VolumeLevel&) = default;
};
struct Volume {
    std::optional<VolumeLevel> playback;
    std::optional<VolumeLevel> record;
    friend bool operator==(const Volume&, const Volume&) = default;
};
struct DisplayConfig {
    std::optional<bool> wallpaper;  ///< false switches it off
    std::optional<bool> font_smoothing;
    std::optional<bool> animation;
    std::optional<std::uint32_t> depth;
    friend bool operator==(const DisplayConfig&, const DisplayConfig&) = default;
};
struct FileStart {
    RequestId id = 0;
    std::string name;
    std::uint64_t size = 0;  ///< bytes
    StreamId stream = 0;
    friend bool operator==(const FileStart&, const FileStart&) = default;
};
struct FileCancel {
    RequestId id = 0;
    friend bool operator==(const FileCancel&, const FileCancel&) = default;
};
struct TokenRefresh {
    std::string token;
    friend bool operator==(const TokenRefresh&, const TokenRefresh&) = default;
};
/// A `type` that we don't know: ignored.
struct UnknownFrame {
    friend bool operator==(UnknownFrame, UnknownFrame) = default;
};

using ClientFrame = std::variant<ClipboardGrab, ClipboardRelease, ClipboardRequest, ClipboardData, ClipboardError,
                                 Credit, Ping, Pong, Monitors, LeadRequest, Mouse, Volume, DisplayConfig, FileStart,
                                 FileCancel, TokenRefresh, UnknownFrame>;

// ---- From the bridge -----------------------------------------------------------------------------------------------

struct AgentState {
    bool connected = false;
    std::vector<std::string_view> capabilities;  ///< names of agent::Capability
    friend bool operator==(const AgentState&, const AgentState&) = default;
};
struct ClientLimits {
    std::uint64_t clipboard_bytes = 0;  ///< to the guest
    std::uint64_t clipboard_from_guest_bytes = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t frame_bytes = 0;  ///< payload of a binary frame
    std::uint64_t initial_credit = 0;
    friend bool operator==(const ClientLimits&, const ClientLimits&) = default;
};
/// A transfer that a resumed client goes on with, with the initial credit anew.
struct ResumedTransfer {
    RequestId id = 0;
    StreamId stream = 0;
    std::uint64_t received = 0;  ///< bytes: the sender goes on from here
    friend bool operator==(const ResumedTransfer&, const ResumedTransfer&) = default;
};
struct Welcome {
    std::string vm;
    ClientId client{};
    std::string user;
    AgentState agent;
    std::vector<std::string_view> permissions;
    ClientLimits limits;
    bool lead = false;
    std::string resume_token{};  ///< empty: no resuming
    std::uint32_t resume_grace_seconds = 0;
    bool resumed = false;
    std::vector<ResumedTransfer> transfers{};  ///< sent when resumed only
    friend bool operator==(const Welcome&, const Welcome&) = default;
};
struct AgentChanged {
    AgentState agent;
    friend bool operator==(const AgentChanged&, const AgentChanged&) = default;
};
struct PermissionsChanged {
    std::vector<std::string_view> permissions;
    ClientLimits limits;
    friend bool operator==(const PermissionsChanged&, const PermissionsChanged&) = default;
};
struct ClientEntry {
    ClientId id{};
    std::string_view kind;  ///< web, spice, cli
    std::string user;
    bool lead = false;
    friend bool operator==(const ClientEntry&, const ClientEntry&) = default;
};
struct Clients {
    std::vector<ClientEntry> clients;
    friend bool operator==(const Clients&, const Clients&) = default;
};
enum class MonitorsStatus : std::uint8_t { applied, refused, superseded, unanswered };
struct MonitorsResult {
    std::optional<RequestId> id;
    MonitorsStatus status = MonitorsStatus::applied;
    std::optional<Code> code;  ///< with refused and unanswered
    std::string message;
    friend bool operator==(const MonitorsResult&, const MonitorsResult&) = default;
};
struct LeadChanged {
    std::optional<ClientId> client;  ///< nobody has it
    bool you = false;
    friend bool operator==(const LeadChanged&, const LeadChanged&) = default;
};
enum class FileState : std::uint8_t { accepted, progress, done, cancelled, error };
struct FileStatus {
    RequestId id = 0;
    FileState status = FileState::accepted;
    std::uint64_t sent = 0;  ///< bytes that the guest's side took
    std::optional<Code> code;
    std::string message;
    std::optional<std::uint64_t> free_bytes;  ///< with no-space
    friend bool operator==(const FileStatus&, const FileStatus&) = default;
};
struct ErrorFrame {
    Code code = Code::bad_frame;
    std::string message;
    std::string about;  ///< type of the frame that was refused; empty where there was none
    friend bool operator==(const ErrorFrame&, const ErrorFrame&) = default;
};

using ServerFrame = std::variant<Welcome, AgentChanged, PermissionsChanged, Clients, ClipboardGrab, ClipboardRelease,
                                 ClipboardRequest, ClipboardData, ClipboardError, MonitorsResult, LeadChanged,
                                 FileStatus, Credit, Ping, Pong, ErrorFrame>;

// ---- Bytes <-> values ----------------------------------------------------------------------------------------------

/// Why a frame of a client was refused: goes back to it as an `error` frame.
struct FrameError {
    Code code = Code::bad_frame;
    std::string about;    ///< the frame's type, cut to 64 bytes; empty where it could not be read
    std::string message;  ///< which member, and what was expected
};

/// Decodes a text frame of at most limits::text_frame bytes. An unknown type is UnknownFrame, unknown members are
/// skipped.
[[nodiscard]] Result<ClientFrame, FrameError> decode_client(std::string_view json);

/// `type` of a frame: "clipboard-grab".
[[nodiscard]] std::string_view type_name(const ServerFrame& frame) noexcept;

/// Text of a frame, ready for the wire.
[[nodiscard]] std::string encode(const ServerFrame& frame);

/// "text/plain"; "" for none and for formats that browsers don't get.
[[nodiscard]] std::string_view mime_of(ClipboardFormat format) noexcept;
/// none: not known. Parameters (";charset=utf-8") are skipped, case does not matter.
[[nodiscard]] ClipboardFormat format_of(std::string_view mime) noexcept;
/// "clipboard", "primary", "secondary".
[[nodiscard]] std::string_view name(Selection selection) noexcept;
/// "applied", "refused", "superseded", "unanswered".
[[nodiscard]] std::string_view name(MonitorsStatus status) noexcept;
/// "accepted", "progress", "done", "cancelled", "error".
[[nodiscard]] std::string_view name(FileState state) noexcept;

/// A binary frame: [stream u32, little-endian] [payload, at most limits::frame_payload bytes].
struct BinaryFrame {
    StreamId stream = 0;
    Bytes payload;  ///< views the frame
};
/// Errors: truncated (under 4 bytes), too_large.
[[nodiscard]] Result<BinaryFrame> decode_binary(Bytes frame);
[[nodiscard]] std::array<std::byte, 4> encode_stream_id(StreamId stream) noexcept;

}  // namespace vmcbridge::browser
