// What a SPICE client says to the agent reaches the part that it concerns.

#include "proto/agent/codec.hpp"
#include "proto/agent/key_file.hpp"
#include "proto/match.hpp"
#include "src/bridge/hub_parts.hpp"

#include <string>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;
using policy::Permission;

namespace {

void grabbed(Hub::Parts& parts, SpiceClient& client, const agent::ClipboardGrab& grab, Time now) {
    if (!client.accept_grab(grab.selection, grab.serial)) {
        ++parts.world.counters.clipboard_stale;
        return;
    }
    client.last_active = now;
    parts.clipboard.grabbed(client, grab.selection, grab.formats, now);
}

void requested(Hub::Parts& parts, SpiceClient& client, const agent::ClipboardRequest& request, Time now) {
    const auto is_busy = client.open_requests() >= limits::client_requests;
    const auto id = client.asks(request.selection, request.format);
    if (is_busy) return client.answer_failed(id, Code::busy, browser::meaning(Code::busy));
    parts.clipboard.requested(client, id, request.selection, request.format, now);
}

/// Side by side, where the client says no positions.
void lay_out(std::vector<browser::Monitor>& monitors) {
    std::int32_t x = 0;
    for (auto& each : monitors) {
        each.x = x;
        each.y = 0;
        x += static_cast<std::int32_t>(std::min<std::uint32_t>(each.width, 0xffff));
    }
}

/// Tables of clients have all their monitors, switched off ones as zeros: what follows the last one is left out.
std::vector<browser::Monitor> monitors_of(const agent::MonitorsConfig& config) {
    std::vector<browser::Monitor> monitors;
    for (const auto& each : config.monitors)
        monitors.push_back({.width = each.width,
                            .height = each.height,
                            .x = each.x,
                            .y = each.y,
                            .depth = each.depth,
                            .width_mm = each.width_mm,
                            .height_mm = each.height_mm});
    while (!monitors.empty() && (monitors.back().width == 0 || monitors.back().height == 0)) monitors.pop_back();
    if (!config.positions) lay_out(monitors);
    return monitors;
}

void monitors(Hub::Parts& parts, SpiceClient& client, const agent::MonitorsConfig& config, Time now) {
    auto layout = monitors_of(config);
    if (layout.empty()) return client.monitors_done({}, browser::MonitorsStatus::applied, {}, "");  // changes nothing
    client.last_active = now;
    parts.display.layout_wanted(client, {.id = {}, .monitors = std::move(layout)}, now);
}

void file_start(Hub::Parts& parts, SpiceClient& client, const agent::FileTransferStart& start, Time now) {
    client.last_active = now;
    const RequestId id = start.id.raw();
    if (parts.transfers.has(client, id)) {  // a status would be taken for one of the file under way
        ++parts.world.counters.frames_refused;
        return;
    }
    const auto info = agent::read_key_file(start.key_file);
    if (!info)
        return client.file_changed({.id = id,
                                    .status = browser::FileState::error,
                                    .sent = 0,
                                    .code = Code::bad_frame,
                                    .message = to_text(info.error()),
                                    .free_bytes = {}});
    static_cast<void>(parts.transfers.start(client, id, info->name, info->size, now));
}

/// The only status that clients send: they give the file up.
void file_status(Hub::Parts& parts, SpiceClient& client, const agent::FileTransferStatus& status, Time now) {
    if (status.status != agent::FileStatus::cancelled && status.status != agent::FileStatus::error) return;
    client.gives_up(status.id.raw());
    parts.transfers.cancel(client, status.id.raw(), now);
    client.gives_up(std::nullopt);
}

void to_agent(Hub::Parts& parts, const SpiceClient& client, Permission permission, Capability capability,
              const agent::AgentMessage& message) {
    if (client.may(permission) && parts.guest.can(capability)) parts.guest.send(message);
}

void handle_message(Hub::Parts& parts, SpiceClient& client, const vdi::WholeMessage& whole, Time now) {
    const auto message = agent::decode(whole.type, whole.body, client.dialect());
    if (!message) {
        ++parts.world.counters.frames_refused;
        return;
    }
    std::visit(match{
                   [&](const agent::AnnounceCapabilities& m) {
                       if (client.announced(m)) parts.clipboard.client_resumed(client);
                   },
                   [&](const agent::ClipboardGrab& m) { grabbed(parts, client, m, now); },
                   [&](const agent::ClipboardRelease& m) { parts.clipboard.release(client, m.selection, now); },
                   [&](const agent::ClipboardRequest& m) { requested(parts, client, m, now); },
                   [&](const agent::MonitorsConfig& m) { monitors(parts, client, m, now); },
                   [&](const agent::MaxClipboard& m) { client.limited_to(m.bytes); },
                   [&](const agent::FileTransferStart& m) { file_start(parts, client, m, now); },
                   [&](const agent::FileTransferStatus& m) { file_status(parts, client, m, now); },
                   [&](const agent::AudioVolumeSync& m) {
                       to_agent(parts, client, Permission::volume, Capability::audio_volume_sync, m);
                   },
                   [&](const agent::DisplayConfig& m) {
                       if (!parts.display.refuse(client))
                           to_agent(parts, client, Permission::resize, Capability::display_config, m);
                   },
                   [&](const auto&) { ++parts.world.counters.frames_refused; },  // only agents and servers send those
               },
               *message);
}

void clipboard_begins(Hub::Parts& parts, SpiceClient& client, const agent::ClipboardData& head, std::uint64_t size,
                      Time now) {
    const auto fetch = client.answers(head.selection, head.format);
    if (!fetch) {
        ++parts.world.counters.clipboard_stale;
    } else if (head.format == ClipboardFormat::none) {
        parts.clipboard.client_failed(client, *fetch, Code::not_offered, now);
    } else if (parts.clipboard.client_data_begins(client, *fetch, head.format, size, now) && size > 0) {
        client.incoming.fetch = fetch;
    }
}

void file_data_begins(Hub::Parts& parts, SpiceClient& client, Bytes prefix, std::uint64_t size, Time now) {
    const auto head = agent::decode_file_data_prefix(prefix);
    if (!head) return;
    const RequestId file = head->id.raw();
    if (head->size != size || size > parts.transfers.missing(client, file)) {
        if (size > 0) parts.transfers.abort(client, file, Code::bad_frame, now);
    } else if (size > 0) {
        client.incoming.file = file;
    }
}

void bulk_begins(Hub::Parts& parts, SpiceClient& client, const vdi::BulkBegin& bulk, Time now) {
    client.incoming = {};
    if (bulk.type == AgentType::file_xfer_data) return file_data_begins(parts, client, bulk.prefix, bulk.size, now);
    const auto head = agent::decode(bulk.type, bulk.prefix, client.dialect());
    const auto* data = head ? std::get_if<agent::ClipboardData>(&*head) : nullptr;
    if (data) clipboard_begins(parts, client, *data, bulk.size, now);
}

void bulk_goes_on(Hub::Parts& parts, SpiceClient& client, const vdi::BulkSlice& slice, Time now) {
    auto& incoming = client.incoming;
    if (incoming.fetch && !parts.clipboard.client_data(client, *incoming.fetch, slice.bytes, now))
        incoming.fetch.reset();
    if (incoming.file) {
        client.holds(*incoming.file, slice.bytes.size());
        if (!parts.transfers.data(client, *incoming.file, slice.bytes)) {
            client.file_consumed(*incoming.file, slice.bytes.size());
            incoming.file.reset();
        }
    }
    if (slice.left == 0) incoming = {};
}

}  // namespace

std::optional<std::string> handle_agent_data(Hub::Parts& parts, SpiceClient& client, Bytes bytes, Time now) {
    if (!client.take_token()) return "sent without a token";
    const auto lead_before = parts.display.lead();
    for (;;) {
        const auto event = client.next_event(bytes);
        if (!event) return to_text(event.error());
        if (!*event) break;
        std::visit(match{
                       [&](const vdi::WholeMessage& m) { handle_message(parts, client, m, now); },
                       [&](const vdi::BulkBegin& m) { bulk_begins(parts, client, m, now); },
                       [&](const vdi::BulkSlice& m) { bulk_goes_on(parts, client, m, now); },
                       [&](const vdi::SkippedMessage&) { ++parts.world.counters.frames_refused; },
                   },
                   **event);
    }
    if (parts.display.lead() != lead_before) parts.clients_are_news = true;
    return std::nullopt;
}

}  // namespace vmcbridge::bridge
