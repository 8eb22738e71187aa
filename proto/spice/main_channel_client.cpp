// The main channel as its client reads and writes it: for a server that holds the guest's port.
#include "proto/spice/compose.hpp"
#include "proto/spice/main_channel.hpp"
#include "proto/text.hpp"

namespace vmcbridge::spice {

namespace {

/// SPICE's server measures a new connection with 256000 bytes of padding.
constexpr std::size_t ping_body = 300 * 1000;

template <class T>
Result<ServerMessage> finish(Reader& in, T value) {
    static_cast<void>(in.rest());  // what later servers add
    auto checked = in.finish(value);
    if (!checked) return checked.error();
    return ServerMessage{*checked};
}

Result<ServerMessage> init(Reader in) {
    Init m;
    m.session = in.u32("session");
    m.display_channels_hint = in.u32("displays hint");
    m.mouse_modes = in.u32("mouse modes");
    m.mouse_mode = in.u32("mouse mode");
    m.agent_connected = in.u32("agent") != 0;
    m.agent_tokens = in.u32("agent tokens");
    m.multi_media_time = in.u32("multimedia time");
    m.ram_hint = in.u32("RAM hint");
    return finish(in, m);
}

/// A list has at most as many channels as its message has bytes for.
Result<ServerMessage> channels_list(Reader in) {
    const std::size_t count = in.u32("count");
    if (count * 2 > in.left()) in.reject("count");
    ChannelsList m;
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        const auto type = ChannelType{in.u8("type")};
        m.channels.push_back({.type = type, .id = in.u8("id")});
    }
    return finish(in, m);
}

Result<ServerMessage> server_name(Reader in) {
    const std::size_t size = in.u32("length");
    auto text = as_text(in.take(size, "text"));
    while (text.ends_with('\0')) text.remove_suffix(1);
    return finish(in, Name{.text = text});
}

Result<ServerMessage> uuid(Reader in) {
    Uuid m;
    const auto bytes = in.take(m.bytes.size(), "uuid");
    std::ranges::copy(bytes, m.bytes.begin());
    return finish(in, m);
}

Result<ServerMessage> mouse_modes(Reader in) {
    MouseModes m;
    m.supported = in.u16("supported");
    m.current = in.u16("current");
    return finish(in, m);
}

Result<ServerMessage> ping(Reader in) {
    Ping m;
    m.id = in.u32("id");
    m.timestamp = in.u64("timestamp");
    return finish(in, m);
}

Result<ServerMessage> set_ack(Reader in) {
    SetAck m;
    m.generation = in.u32("generation");
    m.window = in.u32("window");
    return finish(in, m);
}

Result<ServerMessage> disconnecting(Reader in) {
    Disconnecting m;
    m.timestamp = in.u64("timestamp");
    m.reason = in.u32("reason");
    return finish(in, m);
}

/// A text that lies in the body, without its NUL.
std::string_view text_at(Reader& in, Bytes body, std::size_t offset, std::size_t size, std::string_view field) {
    if (offset > body.size() || size > body.size() - offset) {
        in.reject(field);
        return {};
    }
    auto text = as_text(body.subspan(offset, size));
    while (text.ends_with('\0')) text.remove_suffix(1);
    return text;
}

Result<ServerMessage> switch_host(Bytes body) {
    Reader in{body};
    SwitchHost m;
    m.port = in.u16("port");
    m.tls_port = in.u16("TLS port");
    const std::size_t host_size = in.u32("host size");
    const std::size_t host_offset = in.u32("host offset");
    const std::size_t subject_size = in.u32("subject size");
    const std::size_t subject_offset = in.u32("subject offset");
    m.host = text_at(in, body, host_offset, host_size, "host");
    if (subject_size > 0) m.subject = text_at(in, body, subject_offset, subject_size, "subject");
    return finish(in, m);
}

}  // namespace

std::optional<std::size_t> server_message_limit(MessageType type) {
    switch (type) {
        case SPICE_MSG_PING: return ping_body;
        case SPICE_MSG_MAIN_AGENT_DATA: return agent_data_size;
        default: return limits::spice_main_body;
    }
}

Result<ServerMessage> decode_server(const Message& m) {
    Reader in{m.body};
    switch (m.type) {
        case SPICE_MSG_PING: return ping(in);
        case SPICE_MSG_SET_ACK: return set_ack(in);
        case SPICE_MSG_DISCONNECTING: return disconnecting(in);
        case SPICE_MSG_MAIN_INIT: return init(in);
        case SPICE_MSG_MAIN_CHANNELS_LIST: return channels_list(in);
        case SPICE_MSG_MAIN_MOUSE_MODE: return mouse_modes(in);
        case SPICE_MSG_MAIN_NAME: return server_name(in);
        case SPICE_MSG_MAIN_UUID: return uuid(in);
        case SPICE_MSG_MAIN_MULTI_MEDIA_TIME: {
            const MultiMediaTime value{.time = in.u32("time")};
            return finish(in, value);
        }
        case SPICE_MSG_MAIN_AGENT_CONNECTED: return finish(in, AgentConnected{});
        case SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS: {
            const AgentConnectedTokens value{.tokens = in.u32("tokens")};
            return finish(in, value);
        }
        case SPICE_MSG_MAIN_AGENT_DISCONNECTED: {
            const AgentDisconnected value{.error = in.u32("error")};
            return finish(in, value);
        }
        case SPICE_MSG_MAIN_AGENT_DATA: return ServerMessage{AgentData{.bytes = m.body}};
        case SPICE_MSG_MAIN_AGENT_TOKEN: {
            const AgentToken value{.tokens = in.u32("tokens")};
            return finish(in, value);
        }
        case SPICE_MSG_MAIN_MIGRATE_SWITCH_HOST: return switch_host(m.body);
        default: return ServerMessage{ServerOther{.type = m.type}};
    }
}

void encode(const Pong& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_PONG, header, out, [&](Writer& body) {
        body.u32(m.id);
        body.u64(m.timestamp);
    });
}

void encode(const AttachChannels&, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_MAIN_ATTACH_CHANNELS, header, out, [](Writer&) {});
}

void encode(const MouseModeRequest& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST, header, out, [&](Writer& body) { body.u16(m.mode); });
}

void encode(const AgentStart& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_MAIN_AGENT_START, header, out, [&](Writer& body) { body.u32(m.tokens); });
}

void encode(const AgentData& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_MAIN_AGENT_DATA, header, out, [&](Writer& body) { body.bytes(m.bytes); });
}

void encode(const ClientAgentToken& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_MAIN_AGENT_TOKEN, header, out, [&](Writer& body) { body.u32(m.tokens); });
}

void encode(const AckSync& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_ACK_SYNC, header, out, [&](Writer& body) { body.u32(m.generation); });
}

void encode(const Ack&, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSGC_ACK, header, out, [](Writer&) {});
}

}  // namespace vmcbridge::spice
