#include "proto/spice/compose.hpp"
#include "proto/spice/main_channel.hpp"
#include "proto/text.hpp"

namespace vmcbridge::spice {

void encode(const Init& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_INIT, header, out, [&](Writer& body) {
        body.u32(m.session);
        body.u32(m.display_channels_hint);
        body.u32(m.mouse_modes);
        body.u32(m.mouse_mode);
        body.u32(m.agent_connected ? 1 : 0);
        body.u32(m.agent_tokens);
        body.u32(m.multi_media_time);
        body.u32(m.ram_hint);
    });
}

void encode(const ChannelsList& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_CHANNELS_LIST, header, out, [&](Writer& body) {
        body.u32(static_cast<std::uint32_t>(m.channels.size()));
        for (const auto& channel : m.channels) {
            body.as(channel.type);
            body.u8(channel.id);
        }
    });
}

void encode(const MouseModes& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_MOUSE_MODE, header, out, [&](Writer& body) {
        body.u16(m.supported);
        body.u16(m.current);
    });
}

void encode(const MultiMediaTime& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_MULTI_MEDIA_TIME, header, out, [&](Writer& body) { body.u32(m.time); });
}

void encode(const Name& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_NAME, header, out, [&](Writer& body) {
        body.u32(static_cast<std::uint32_t>(m.text.size() + 1));
        body.bytes(as_bytes(m.text));
        body.u8(0);
    });
}

void encode(const Uuid& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_UUID, header, out, [&](Writer& body) { body.bytes(m.bytes); });
}

void encode(const Ping& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_PING, header, out, [&](Writer& body) {
        body.u32(m.id);
        body.u64(m.timestamp);
    });
}

void encode(const Notify& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_NOTIFY, header, out, [&](Writer& body) {
        body.u64(m.timestamp);
        body.u32(m.severity);
        body.u32(m.visibility);
        body.u32(0);
        body.u32(static_cast<std::uint32_t>(m.text.size()));
        body.bytes(as_bytes(m.text));
        body.u8(0);
    });
}

void encode(const Disconnecting& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_DISCONNECTING, header, out, [&](Writer& body) {
        body.u64(m.timestamp);
        body.u32(m.reason);
    });
}

void encode(const AgentConnected&, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_AGENT_CONNECTED, header, out, [](Writer&) {});
}

void encode(const AgentConnectedTokens& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS, header, out, [&](Writer& body) { body.u32(m.tokens); });
}

void encode(const AgentDisconnected& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_AGENT_DISCONNECTED, header, out, [&](Writer& body) { body.u32(m.error); });
}

void encode(const AgentToken& m, HeaderWriter& header, std::vector<std::byte>& out) {
    compose(SPICE_MSG_MAIN_AGENT_TOKEN, header, out, [&](Writer& body) { body.u32(m.tokens); });
}

}  // namespace vmcbridge::spice
