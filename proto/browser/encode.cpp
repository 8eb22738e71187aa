// A value for a client -> text: type, then the members in the order of README.md. Members without a value are left out.
#include "proto/browser/frames.hpp"
#include "proto/browser/json_writer.hpp"
#include "proto/browser/types.hpp"

namespace vmcbridge::browser {
namespace {

void write_names(JsonWriter& out, std::string_view member, const std::vector<std::string_view>& names) {
    out.begin_array(member);
    for (const auto each : names) out.element(each);
    out.end_array();
}

void write_if_any(JsonWriter& out, std::string_view member, std::string_view text) {
    if (!text.empty()) out.member(member, text);
}

void write(JsonWriter& out, const AgentState& agent) {
    out.member("connected", agent.connected);
    write_names(out, "capabilities", agent.capabilities);
}

void write(JsonWriter& out, const ClientLimits& limits) {
    out.begin_object("limits");
    out.member("clipboardBytes", limits.clipboard_bytes);
    out.member("clipboardFromGuestBytes", limits.clipboard_from_guest_bytes);
    out.member("fileBytes", limits.file_bytes);
    out.member("frameBytes", limits.frame_bytes);
    out.member("initialCredit", limits.initial_credit);
    out.end_object();
}

void write_transfers(JsonWriter& out, const std::vector<ResumedTransfer>& transfers) {
    out.begin_array("transfers");
    for (const auto& transfer : transfers) {
        out.begin_object();
        out.member("id", transfer.id);
        out.member("stream", transfer.stream);
        out.member("received", transfer.received);
        out.end_object();
    }
    out.end_array();
}

void write(JsonWriter& out, const Welcome& frame) {
    out.member("protocol", protocol_version);
    out.member("vm", frame.vm);
    out.member("client", frame.client.raw());
    out.member("user", frame.user);
    out.begin_object("agent");
    write(out, frame.agent);
    out.end_object();
    write_names(out, "permissions", frame.permissions);
    write(out, frame.limits);
    out.member("lead", frame.lead);
    if (!frame.resume_token.empty()) {
        out.begin_object("resume");
        out.member("token", frame.resume_token);
        out.member("graceSeconds", frame.resume_grace_seconds);
        out.end_object();
    }
    out.member("resumed", frame.resumed);
    if (frame.resumed) write_transfers(out, frame.transfers);
}

void write(JsonWriter& out, const AgentChanged& frame) { write(out, frame.agent); }

void write(JsonWriter& out, const PermissionsChanged& frame) {
    write_names(out, "permissions", frame.permissions);
    write(out, frame.limits);
}

void write(JsonWriter& out, const Clients& frame) {
    out.begin_array("clients");
    for (const auto& client : frame.clients) {
        out.begin_object();
        out.member("id", client.id.raw());
        out.member("kind", client.kind);
        out.member("user", client.user);
        out.member("lead", client.lead);
        out.end_object();
    }
    out.end_array();
}

void write(JsonWriter& out, const ClipboardGrab& frame) {
    out.member("selection", name(frame.selection));
    out.begin_array("formats");
    for (const auto format : frame.formats) out.element(mime_of(format));
    out.end_array();
    if (frame.serial) out.member("serial", *frame.serial);
}

void write(JsonWriter& out, const ClipboardRelease& frame) { out.member("selection", name(frame.selection)); }

void write(JsonWriter& out, const ClipboardRequest& frame) {
    out.member("id", frame.id);
    out.member("selection", name(frame.selection));
    out.member("format", mime_of(frame.format));
}

void write(JsonWriter& out, const ClipboardData& frame) {
    out.member("id", frame.id);
    out.member("format", mime_of(frame.format));
    if (const auto* const text = std::get_if<std::string>(&frame.body)) {
        out.member("text", *text);
    } else if (const auto* const streamed = std::get_if<StreamedData>(&frame.body)) {
        out.member("stream", streamed->stream);
        out.member("size", streamed->size);
    }
}

void write(JsonWriter& out, const ClipboardError& frame) {
    out.member("id", frame.id);
    out.member("code", name(frame.code));
    out.member("message", frame.message);
}

void write(JsonWriter& out, const MonitorsResult& frame) {
    if (frame.id) out.member("id", *frame.id);
    out.member("status", name(frame.status));
    if (frame.code) out.member("code", name(*frame.code));
    write_if_any(out, "message", frame.message);
}

void write(JsonWriter& out, const LeadChanged& frame) {
    if (frame.client) out.member("client", frame.client->raw());
    out.member("you", frame.you);
}

void write(JsonWriter& out, const FileStatus& frame) {
    out.member("id", frame.id);
    out.member("status", name(frame.status));
    out.member("sent", frame.sent);
    if (frame.code) out.member("code", name(*frame.code));
    write_if_any(out, "message", frame.message);
    if (frame.free_bytes) out.member("freeBytes", *frame.free_bytes);
}

void write(JsonWriter& out, const Credit& frame) {
    out.member("stream", frame.stream);
    out.member("bytes", frame.bytes);
}

void write(JsonWriter& out, const Ping& frame) { out.member("id", frame.id); }

void write(JsonWriter& out, const Pong& frame) { out.member("id", frame.id); }

void write(JsonWriter& out, const ErrorFrame& frame) {
    out.member("code", name(frame.code));
    out.member("message", frame.message);
    write_if_any(out, "about", frame.about);
}

// Room for a frame without growing: only inline text is ever large, and little of it needs escaping.
std::size_t expected_size(const ServerFrame& frame) noexcept {
    constexpr std::size_t members = 256;
    const auto* const data = std::get_if<ClipboardData>(&frame);
    if (data == nullptr) return members;
    const auto* const text = std::get_if<std::string>(&data->body);
    return text == nullptr ? members : members + text->size() + text->size() / 16;
}

}  // namespace

std::string_view type_name(const ServerFrame& frame) noexcept {
    return std::visit(
        []<class Frame>(const Frame&) {
            static_assert(!type_of<Frame>.empty());
            return type_of<Frame>;
        },
        frame);
}

std::string encode(const ServerFrame& frame) {
    JsonWriter out{expected_size(frame)};
    out.begin_object();
    out.member("type", type_name(frame));
    std::visit([&](const auto& each) { write(out, each); }, frame);
    out.end_object();
    return std::move(out).take();
}

}  // namespace vmcbridge::browser
