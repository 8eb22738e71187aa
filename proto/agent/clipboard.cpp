#include "proto/agent/clipboard.hpp"

#include <spice/vd_agent.h>

namespace vmcbridge::agent {

// The structs of vd_agent.h leave the optional parts out.
static_assert(sizeof(VDAgentClipboard) == 4 && sizeof(VDAgentClipboardGrab) == 0 &&
              sizeof(VDAgentClipboardRequest) == 4 && sizeof(VDAgentMaxClipboard) == 4);

namespace {

constexpr std::size_t reserved = 3;  // after the selection; PureSpice leaves what lay in its memory there

Selection read_selection(Reader& in) {
    const auto selection = in.as<Selection>("selection");
    if (selection > Selection::secondary) in.reject("selection");
    return selection;
}

Selection read_prefix(Reader& in, Dialect dialect) {
    if (!dialect.selection) return Selection::clipboard;
    const auto selection = read_selection(in);
    in.take(reserved, "selection");
    return selection;
}

void write_prefix(Writer& out, Selection selection, Dialect dialect) {
    if (!dialect.selection) return;
    out.as(selection);
    out.zeros(reserved);
}

}  // namespace

Result<ClipboardData> decode_clipboard(Bytes body, Dialect dialect) {
    Reader in{body};
    ClipboardData clipboard;
    clipboard.selection = read_prefix(in, dialect);
    clipboard.format = in.as<ClipboardFormat>("type");
    clipboard.data = in.rest();
    return in.finish(clipboard);
}

void encode(const ClipboardData& message, Dialect dialect, Writer& out) {
    write_prefix(out, message.selection, dialect);
    out.as(message.format);
    out.bytes(message.data);
}

Result<ClipboardGrab> decode_clipboard_grab(Bytes body, Dialect dialect) {
    Reader in{body};
    ClipboardGrab grab;
    grab.selection = read_prefix(in, dialect);
    if (dialect.grab_serial) grab.serial = GrabSerial{in.u32("serial")};
    while (in.more()) grab.formats.add(in.as<ClipboardFormat>("types"));
    return in.finish(grab);
}

void encode(const ClipboardGrab& message, Dialect dialect, Writer& out) {
    write_prefix(out, message.selection, dialect);
    if (dialect.grab_serial) out.u32(message.serial.raw());
    for (const auto format : message.formats) out.as(format);
}

Result<ClipboardRequest> decode_clipboard_request(Bytes body, Dialect dialect) {
    Reader in{body};
    ClipboardRequest request;
    const bool bare = body.size() == sizeof(VDAgentClipboardRequest);
    if (!bare) request.selection = read_prefix(in, dialect);
    request.format = in.as<ClipboardFormat>("type");
    return in.finish(request);
}

void encode(const ClipboardRequest& message, Dialect dialect, Writer& out) {
    write_prefix(out, message.selection, dialect);
    out.as(message.format);
}

Result<ClipboardRelease> decode_clipboard_release(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    ClipboardRelease release;
    if (in.more()) release.selection = read_selection(in);
    if (in.more()) in.take(reserved, "selection");
    return in.finish(release);
}

void encode(const ClipboardRelease& message, Dialect dialect, Writer& out) {
    write_prefix(out, message.selection, dialect);
}

Result<MaxClipboard> decode_max_clipboard(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    MaxClipboard limit;
    limit.bytes = in.i32("max");
    if (limit.bytes < -1) in.reject("max");
    return in.finish(limit);
}

void encode(MaxClipboard message, Dialect /*dialect*/, Writer& out) { out.i32(message.bytes); }

}  // namespace vmcbridge::agent
