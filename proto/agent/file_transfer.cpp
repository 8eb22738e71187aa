#include "proto/agent/file_transfer.hpp"

#include "proto/text.hpp"

#include <cstddef>

namespace vmcbridge::agent {

static_assert(sizeof(VDAgentFileXferStartMessage) == 4);
static_assert(sizeof(VDAgentFileXferStatusMessage) == 8 && offsetof(VDAgentFileXferStatusMessage, result) == 4);
static_assert(sizeof(VDAgentFileXferStatusNotEnoughSpace) == 8);
static_assert(sizeof(VDAgentFileXferStatusError) == 5 && offsetof(VDAgentFileXferStatusError, error_code) == 1);
static_assert(sizeof(VDAgentFileXferDataMessage) == 12 && offsetof(VDAgentFileXferDataMessage, size) == 4);

Result<FileTransferStart> decode_file_xfer_start(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    FileTransferStart start;
    start.id = TransferId{in.u32("id")};
    const auto text = as_text(in.rest());
    start.key_file = text.substr(0, text.find('\0'));
    return in.finish(start);
}

void encode(const FileTransferStart& message, Dialect /*dialect*/, Writer& out) {
    out.u32(message.id.raw());
    out.bytes(as_bytes(message.key_file));
    out.zeros(1);
}

Result<FileTransferStatus> decode_file_xfer_status(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    FileTransferStatus status;
    status.id = TransferId{in.u32("id")};
    status.status = in.as<FileStatus>("result");
    if (status.status == FileStatus::not_enough_space && in.left() >= sizeof(VDAgentFileXferStatusNotEnoughSpace)) {
        status.free_bytes = in.u64("disk_free_space");
    } else if (status.status == FileStatus::error && in.left() >= sizeof(VDAgentFileXferStatusError)) {
        const bool glib = in.u8("error_type") == VD_AGENT_FILE_XFER_STATUS_ERROR_GLIB_IO;
        const auto code = in.u32("error_code");
        if (glib) status.error_code = code;
    }
    (void)in.rest();
    return in.finish(status);
}

void encode(const FileTransferStatus& message, Dialect /*dialect*/, Writer& out) {
    out.u32(message.id.raw());
    out.as(message.status);
    if (message.status == FileStatus::not_enough_space && message.free_bytes != 0) {
        out.u64(message.free_bytes);
    } else if (message.status == FileStatus::error && message.error_code != 0) {
        out.u8(VD_AGENT_FILE_XFER_STATUS_ERROR_GLIB_IO);
        out.u32(message.error_code);
    }
}

Result<FileTransferData> decode_file_xfer_data(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    FileTransferData data;
    data.id = TransferId{in.u32("id")};
    data.data = in.take(in.u64("size"), "data");
    return in.finish(data);
}

void encode(const FileTransferData& message, Dialect /*dialect*/, Writer& out) {
    out.u32(message.id.raw());
    out.u64(message.data.size());
    out.bytes(message.data);
}

Result<FileDataPrefix> decode_file_data_prefix(Bytes prefix) {
    Reader in{prefix};
    FileDataPrefix data;
    data.id = TransferId{in.u32("id")};
    data.size = in.u64("size");
    return in.finish(data);
}

void encode_file_data_prefix(TransferId id, std::uint64_t size, std::vector<std::byte>& out) {
    Writer to{out};
    to.u32(id.raw());
    to.u64(size);
}

}  // namespace vmcbridge::agent
