#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/agent/key_file.hpp"
#include "proto/ids.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <spice/vd_agent.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

/// Files for the guest: a start names one, data fill it, statuses say how it goes or end it.
namespace vmcbridge::agent {

/// Host to guest: a file of `size` bytes will come. The key file is read and written in proto/agent/key_file.
///
/// Body:  id u32 | key file, NUL        Source: vd_agent.h, VDAgentFileXferStartMessage.
struct FileTransferStart {
    TransferId id{};
    std::string_view key_file;  ///< as it stands in the message, without the closing NUL
    friend bool operator==(const FileTransferStart&, const FileTransferStart&) = default;
};

/// What follows the first NUL is nobody's; a missing NUL is no fault. Errors: truncated.
[[nodiscard]] Result<FileTransferStart> decode_file_xfer_start(Bytes body, Dialect dialect);
void encode(const FileTransferStart& message, Dialect dialect, Writer& out);

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

/// Guest to host; the other way only to cancel, and then without detail (agents refuse more than 8 bytes).
///
/// Body:  id u32 | result u32 | detail
///        detail of not_enough_space: free_bytes u64;  of error: error_type u8 (0: GLib I/O) | error_code u32
/// Source: vd_agent.h, VDAgentFileXferStatusMessage.
struct FileTransferStatus {
    TransferId id{};
    FileStatus status{};           ///< may hold a number that we don't know: treat it as error
    std::uint64_t free_bytes = 0;  ///< detail of not_enough_space; 0: not told
    std::uint32_t error_code = 0;  ///< detail of error (GLib I/O error number); 0: not told
    friend bool operator==(const FileTransferStatus&, const FileTransferStatus&) = default;
};

/// A detail that is cut short counts as none; bytes after it are nobody's. Errors: truncated.
[[nodiscard]] Result<FileTransferStatus> decode_file_xfer_status(Bytes body, Dialect dialect);
/// Writes a detail where there is one: leave the members at 0 for peers without file-xfer-detailed-errors.
void encode(const FileTransferStatus& message, Dialect dialect, Writer& out);

/// The next bytes of a file. As a stream: `data` is empty and the slices follow.
///
/// Body:  id u32 | size u64 | data        Source: vd_agent.h, VDAgentFileXferDataMessage.
struct FileTransferData {
    TransferId id{};
    Bytes data;
    friend bool operator==(const FileTransferData& a, const FileTransferData& b) noexcept {
        return a.id == b.id && std::ranges::equal(a.data, b.data);
    }
};

/// Errors: truncated, trailing_bytes (`size` must be that of the data).
[[nodiscard]] Result<FileTransferData> decode_file_xfer_data(Bytes body, Dialect dialect);
void encode(const FileTransferData& message, Dialect dialect, Writer& out);

/// The 12 bytes before the data, where these pass as a stream.
struct FileDataPrefix {
    TransferId id{};
    std::uint64_t size = 0;  ///< bytes of data, as the sender says; the stream's size must agree
    friend bool operator==(const FileDataPrefix&, const FileDataPrefix&) = default;
};
/// Errors: truncated, trailing_bytes.
[[nodiscard]] Result<FileDataPrefix> decode_file_data_prefix(Bytes prefix);
/// Appends the prefix of a FILE_XFER_DATA that `size` bytes of data follow.
void encode_file_data_prefix(TransferId id, std::uint64_t size, std::vector<std::byte>& out);

}  // namespace vmcbridge::agent
