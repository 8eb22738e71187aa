#include "proto/spice/main_channel.hpp"
#include "proto/wire.hpp"

namespace vmcbridge::spice {

namespace {

template <class T>
Result<ClientMessage> finish(Reader& in, T value) {
    auto checked = in.finish(value);
    if (!checked) return checked.error();
    return ClientMessage{*checked};
}

Result<ClientMessage> pong(Reader in) {
    Pong m;
    m.id = in.u32("id");
    m.timestamp = in.u64("timestamp");
    return finish(in, m);
}

Result<ClientMessage> disconnecting(Reader in) {
    ClientDisconnecting m;
    static_cast<void>(in.u64("timestamp"));
    m.reason = in.u32("reason");
    return finish(in, m);
}

Result<ClientMessage> attach_channels(Reader in) { return finish(in, AttachChannels{}); }

Result<ClientMessage> mouse_mode_request(Reader in) { return finish(in, MouseModeRequest{.mode = in.u16("mode")}); }

Result<ClientMessage> agent_start(Reader in) { return finish(in, AgentStart{.tokens = in.u32("tokens")}); }

Result<ClientMessage> agent_data(Reader in) { return finish(in, AgentData{.bytes = in.rest()}); }

Result<ClientMessage> agent_token(Reader in) { return finish(in, ClientAgentToken{.tokens = in.u32("tokens")}); }

/// One row a type that clients may send: everything that is known of it.
struct Row {
    MessageType type;
    std::string_view name;
    std::size_t max_body;
    Result<ClientMessage> (*decode)(Reader in);  ///< nullptr: the body is nobody's
    bool migration = false;
};

constexpr std::array rows{
    Row{SPICE_MSGC_ACK_SYNC, "ack-sync", 4, nullptr},
    Row{SPICE_MSGC_ACK, "ack", 0, nullptr},
    Row{SPICE_MSGC_PONG, "pong", 12, pong},
    Row{SPICE_MSGC_MIGRATE_FLUSH_MARK, "migrate-flush-mark", 0, nullptr, true},
    Row{SPICE_MSGC_MIGRATE_DATA, "migrate-data", 0, nullptr, true},
    Row{SPICE_MSGC_DISCONNECTING, "disconnecting", 12, disconnecting},
    Row{SPICE_MSGC_MAIN_CLIENT_INFO, "client-info", 8, nullptr},
    Row{SPICE_MSGC_MAIN_MIGRATE_CONNECTED, "migrate-connected", 0, nullptr, true},
    Row{SPICE_MSGC_MAIN_MIGRATE_CONNECT_ERROR, "migrate-connect-error", 0, nullptr, true},
    Row{SPICE_MSGC_MAIN_ATTACH_CHANNELS, "attach-channels", 0, attach_channels},
    Row{SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST, "mouse-mode-request", 2, mouse_mode_request},
    Row{SPICE_MSGC_MAIN_AGENT_START, "agent-start", 4, agent_start},
    Row{SPICE_MSGC_MAIN_AGENT_DATA, "agent-data", agent_data_size, agent_data},
    Row{SPICE_MSGC_MAIN_AGENT_TOKEN, "agent-token", 4, agent_token},
    Row{SPICE_MSGC_MAIN_MIGRATE_END, "migrate-end", 0, nullptr, true},
    Row{SPICE_MSGC_MAIN_MIGRATE_DST_DO_SEAMLESS, "migrate-dst-do-seamless", 4, nullptr, true},
    Row{SPICE_MSGC_MAIN_MIGRATE_CONNECTED_SEAMLESS, "migrate-connected-seamless", 0, nullptr, true},
    Row{SPICE_MSGC_MAIN_QUALITY_INDICATOR, "quality-indicator", limits::spice_small, nullptr},
};

const Row* find(MessageType type) noexcept {
    const auto found = std::ranges::find(rows, type, &Row::type);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::size_t> client_message_limit(MessageType type) {
    const auto* row = find(type);
    return row ? std::optional{row->max_body} : std::nullopt;
}

std::string_view client_message_name(MessageType type) noexcept {
    const auto* row = find(type);
    return row ? row->name : "unknown";
}

Result<ClientMessage> decode_client(const Message& message) {
    const auto* row = find(message.type);
    if (!row) return ParseError{.fault = Fault::bad_value, .field = "type", .offset = 0};
    if (row->decode) return row->decode(Reader{message.body});
    if (row->migration) return ClientMessage{Migration{.type = message.type}};
    return ClientMessage{Idle{.type = message.type}};
}

}  // namespace vmcbridge::spice
