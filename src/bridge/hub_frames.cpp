// What a browser says reaches the part that it concerns.

#include "proto/match.hpp"
#include "src/bridge/hub_parts.hpp"

#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;
using policy::Permission;

namespace {

/// true: may, and the agent can; else the client was told why not.
bool check(Hub::Parts& parts, WebClient& client, Permission permission, Capability capability, std::string_view about) {
    const auto refuse = [&](Code code) {
        client.refused(code, about, browser::meaning(code));
        return false;
    };
    if (!client.may(permission)) return refuse(Code::forbidden);
    if (!parts.guest.is_there()) return refuse(Code::no_agent);
    if (!parts.guest.can(capability)) return refuse(Code::not_supported);
    return true;
}

void handle_data(Hub::Parts& parts, WebClient& client, const browser::ClipboardData& frame, Time now) {
    if (const auto* text = std::get_if<std::string>(&frame.body)) {
        if (parts.clipboard.client_data_begins(client, frame.id, frame.format, text->size(), now) && !text->empty())
            (void)parts.clipboard.client_data(client, frame.id, as_bytes(*text), now);
        return;
    }
    const auto& streamed = std::get<browser::StreamedData>(frame.body);
    if (!client.in_streams().open(streamed.stream, InStreams::ForFetch{frame.id}, streamed.size))
        return client.refused(Code::bad_frame, "clipboard-data", "stream: this number is in use");
    if (!parts.clipboard.client_data_begins(client, frame.id, frame.format, streamed.size, now)) {
        client.in_streams().discard(streamed.stream);
    } else if (streamed.size == 0) {
        client.in_streams().close_if_complete(streamed.stream);
    } else {
        client.in_streams().find(streamed.stream)->is_open = true;
        client.grant(streamed.stream);
    }
}

void handle_file_start(Hub::Parts& parts, WebClient& client, const browser::FileStart& frame, Time now) {
    if (client.in_streams().of_file(frame.id))
        return client.refused(Code::bad_frame, "file-start", "id: a transfer with this id is under way");
    if (!client.in_streams().open(frame.stream, InStreams::ForFile{frame.id}, frame.size))
        return client.refused(Code::bad_frame, "file-start", "stream: this number is in use");
    if (parts.transfers.start(client, frame.id, frame.name, frame.size, now)) {
        client.file_began(frame);
    } else {
        client.in_streams().discard(frame.stream);
    }
    client.in_streams().close_if_complete(frame.stream);
}

void handle_volume(Hub::Parts& parts, WebClient& client, const browser::Volume& frame) {
    if (!check(parts, client, Permission::volume, Capability::audio_volume_sync, "volume")) return;
    const auto send = [&](const std::optional<browser::VolumeLevel>& level, bool playback) {
        if (level)
            parts.guest.send(
                agent::AudioVolumeSync{.playback = playback, .mute = level->mute, .channels = level->channels});
    };
    send(frame.playback, true);
    send(frame.record, false);
}

void handle_display_config(Hub::Parts& parts, WebClient& client, const browser::DisplayConfig& frame) {
    const auto code = parts.display.refuse(client);
    if (code == Code::not_lead) return client.refused(*code, "display-config", browser::meaning(*code));
    if (!check(parts, client, Permission::resize, Capability::display_config, "display-config")) return;
    parts.guest.send(agent::DisplayConfig{.disable_wallpaper = !frame.wallpaper.value_or(true),
                                          .disable_font_smoothing = !frame.font_smoothing.value_or(true),
                                          .disable_animation = !frame.animation.value_or(true),
                                          .set_color_depth = frame.depth.has_value(),
                                          .depth = frame.depth.value_or(0)});
}

void handle_mouse(Hub::Parts& parts, WebClient& client, const browser::Mouse& frame) {
    if (check(parts, client, Permission::mouse, Capability::mouse_state, "mouse"))
        parts.mouse.moved(client.id(), frame);
}

}  // namespace

void handle_frame(Hub::Parts& parts, WebClient& client, const browser::ClientFrame& frame, Time now) {
    const auto lead_before = parts.display.lead();
    const auto active = [&] { client.last_active = now; };
    std::visit(match{
                   [&](const browser::ClipboardGrab& f) {
                       active();
                       parts.clipboard.grabbed(client, f.selection, f.formats, now);
                   },
                   [&](const browser::ClipboardRelease& f) { parts.clipboard.release(client, f.selection, now); },
                   [&](const browser::ClipboardRequest& f) {
                       if (client.is_answering(f.id))
                           return client.refused(Code::bad_frame, "clipboard-request", "id: its answer is under way");
                       if (client.answers() >= limits::client_requests)
                           return client.answer_failed(f.id, Code::busy, browser::meaning(Code::busy));
                       parts.clipboard.requested(client, f.id, f.selection, f.format, now);
                   },
                   [&](const browser::ClipboardData& f) { handle_data(parts, client, f, now); },
                   [&](const browser::ClipboardError& f) { parts.clipboard.client_failed(client, f.id, f.code, now); },
                   [&](const browser::Credit& f) {
                       client.granted(f, now);
                       parts.clipboard.check_slow(now);
                   },
                   [&](const browser::Ping& f) { client.pong(f.id); },
                   [&](const browser::Pong&) {},
                   [&](const browser::Monitors& f) {
                       active();
                       parts.display.layout_wanted(client, f, now);
                   },
                   [&](browser::LeadRequest) {
                       active();
                       parts.display.lead_wanted(client, now);
                   },
                   [&](const browser::Mouse& f) {
                       active();
                       handle_mouse(parts, client, f);
                   },
                   [&](const browser::Volume& f) { handle_volume(parts, client, f); },
                   [&](const browser::DisplayConfig& f) { handle_display_config(parts, client, f); },
                   [&](const browser::FileStart& f) {
                       active();
                       handle_file_start(parts, client, f, now);
                   },
                   [&](const browser::FileCancel& f) { parts.transfers.cancel(client, f.id, now); },
                   [&](const browser::TokenRefresh&) {
                       client.refused(Code::not_supported, "token", "this bridge asks for no tokens");
                   },
                   [&](browser::UnknownFrame) {},
               },
               frame);
    if (parts.display.lead() != lead_before) parts.clients_are_news = true;
}

void Hub::handle_client_binary(ClientId id, Bytes bytes, Time now) {
    auto& parts = at(now);
    auto* client = parts.find_web(id);
    if (!client) return;
    const auto refuse = [&](std::string_view why) {
        ++parts.world.counters.frames_refused;
        client->refused(Code::bad_frame, "binary", why);
        parts.finish(now);
    };
    const auto frame = browser::decode_binary(bytes);
    if (!frame) return refuse(to_text(frame.error()));
    auto& streams = client->in_streams();
    auto* stream = streams.find(frame->stream);
    if (!stream) return refuse("stream: there is none with this number");
    const auto purpose = stream->purpose;
    if (!InStreams::receive(*stream, frame->payload.size())) {
        // Bytes are missing from here on: whatever this was for can only fail.
        if (const auto* fetch = std::get_if<InStreams::ForFetch>(&purpose))
            parts.clipboard.client_failed(*client, fetch->fetch, Code::bad_frame, now);
        if (const auto* file = std::get_if<InStreams::ForFile>(&purpose))
            parts.transfers.abort(*client, file->file, Code::bad_frame, now);
        streams.discard(frame->stream);
        return refuse("stream: more bytes than its size or the credit granted");
    }
    auto wanted = true;
    if (const auto* file = std::get_if<InStreams::ForFile>(&purpose)) {
        wanted = parts.transfers.data(*client, file->file, frame->payload);
    } else if (const auto* fetch = std::get_if<InStreams::ForFetch>(&purpose)) {
        stream->consumed += frame->payload.size();
        wanted = parts.clipboard.client_data(*client, fetch->fetch, frame->payload, now);
        if (wanted) client->grant(frame->stream);
    }
    if (!wanted) streams.discard(frame->stream);
    streams.close_if_complete(frame->stream);
}

}  // namespace vmcbridge::bridge
