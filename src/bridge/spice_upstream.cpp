#include "src/bridge/spice_upstream.hpp"

#include "proto/agent/header.hpp"
#include "proto/limits.hpp"
#include "proto/match.hpp"
#include "proto/text.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

namespace {

/// Far more than a machine has. All of them are told to each viewer that asks, again and again if it does.
constexpr std::size_t channels_most = 256;

/// Moves as much of `from` as fits to `out`; what was moved is forgotten once it is all, or most.
std::size_t drain(std::vector<std::byte>& from, std::size_t& at, MutableBytes out) {
    const auto piece = Bytes{from}.subspan(at);
    const auto count = std::min(piece.size(), out.size());
    std::ranges::copy(piece.first(count), out.begin());
    at += count;
    if (at >= from.size() / 2) {
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(at));
        at = 0;
    }
    return count;
}

}  // namespace

// ---- The server

std::optional<std::string> SpiceUpstream::handle_server(Bytes bytes) {
    for (;;) {
        const auto message = reader_.next(bytes);
        if (!message) return "the server's main channel: " + to_text(message.error());
        if (!*message) return std::nullopt;
        acknowledge();
        const auto decoded = spice::decode_server(**message);
        if (!decoded) return "message " + std::to_string((*message)->type) + ": " + to_text(decoded.error());
        if (auto fault = handle(*decoded)) return fault;
    }
}

std::optional<std::string> SpiceUpstream::handle(const spice::ServerMessage& message) {
    using Fault = std::optional<std::string>;
    if (!has_begun_ && !std::holds_alternative<spice::Init>(message)) return "the server does not begin with INIT";
    return std::visit(match{
                          [&](const spice::Init& m) -> Fault {
                              if (std::exchange(has_begun_, true)) return "the server begins twice";
                              tokens_ = m.agent_tokens;
                              if (m.agent_connected) agent_came(std::nullopt);
                              begin_session(m);
                              return {};
                          },
                          [&](const spice::ChannelsList& m) -> Fault {
                              if (m.channels.size() > channels_most) return "the server lists too many channels";
                              session_.channels = m.channels;
                              session_is_news_ = true;
                              return {};
                          },
                          // Names come before the list of channels, with which they are told.
                          [&](const spice::Name& m) -> Fault {
                              if (m.text.size() <= limits::spice_name && is_utf8(m.text)) session_.name = m.text;
                              return {};
                          },
                          [&](const spice::Uuid& m) -> Fault {
                              session_.uuid = m.bytes;
                              return {};
                          },
                          [&](const spice::MouseModes& m) -> Fault {
                              session_.mouse_modes = m.supported;
                              session_.mouse_mode = m.current;
                              session_is_news_ = true;
                              return {};
                          },
                          [&](const spice::MultiMediaTime& m) -> Fault {
                              session_.multi_media_time = m.time;
                              session_is_news_ = true;
                              return {};
                          },
                          [&](const spice::Ping& m) -> Fault {
                              encode(spice::Pong{.id = m.id, .timestamp = m.timestamp}, header_, to_server_);
                              return {};
                          },
                          [&](const spice::SetAck& m) -> Fault {
                              ack_window_ = m.window;
                              unacknowledged_ = 0;
                              encode(spice::AckSync{.generation = m.generation}, header_, to_server_);
                              return {};
                          },
                          [&](const spice::AgentConnected&) -> Fault {
                              agent_came(std::nullopt);
                              return {};
                          },
                          [&](const spice::AgentConnectedTokens& m) -> Fault {
                              agent_came(m.tokens);
                              return {};
                          },
                          [&](const spice::AgentDisconnected&) -> Fault {
                              agent_went();
                              return {};
                          },
                          [&](const spice::AgentData& m) -> Fault {
                              agent_said(m.bytes);
                              return {};
                          },
                          [&](const spice::AgentToken& m) -> Fault {
                              tokens_ += m.tokens;
                              return pass_on();
                          },
                          [&](const spice::SwitchHost& m) -> Fault {
                              moved_ = Moved{.host = std::string{m.host},
                                             .port = m.port,
                                             .tls_port = m.tls_port,
                                             .subject = std::string{m.subject}};
                              return "the machine has moved to another host";
                          },
                          [&](const spice::Disconnecting&) -> Fault { return "the server ends the connection"; },
                          [&](const spice::ServerOther&) -> Fault { return {}; },
                      },
                      message);
}

// The session is told with its channels, which come only to who asks for them.
void SpiceUpstream::begin_session(const spice::Init& init) {
    session_ = {.id = init.session,
                .display_channels_hint = init.display_channels_hint,
                .mouse_modes = static_cast<std::uint16_t>(init.mouse_modes),
                .mouse_mode = static_cast<std::uint16_t>(init.mouse_mode),
                .multi_media_time = init.multi_media_time,
                .ram_hint = init.ram_hint,
                .channels = {},
                .name = {},
                .uuid = {}};
    encode(spice::AttachChannels{}, header_, to_server_);
}

std::optional<UpstreamSession> SpiceUpstream::take_session() {
    if (!std::exchange(session_is_news_, false)) return std::nullopt;
    return session_;
}

void SpiceUpstream::want_mouse_mode(std::uint16_t mode) {
    if (has_begun_) wanted_mode_ = mode;
}

void SpiceUpstream::acknowledge() {
    if (ack_window_ == 0 || ++unacknowledged_ < ack_window_) return;
    unacknowledged_ = 0;
    encode(spice::Ack{}, header_, to_server_);
}

std::size_t SpiceUpstream::poll_server(MutableBytes out) {
    if (const auto mode = std::exchange(wanted_mode_, std::nullopt))
        encode(spice::MouseModeRequest{.mode = *mode}, header_, to_server_);
    return drain(to_server_, to_server_at_, out);
}

// ---- The agent

void SpiceUpstream::agent_came(std::optional<std::uint32_t> tokens) {
    agent_went();
    if (tokens) tokens_ = *tokens;
    has_agent_ = true;
    ++agents_;
    encode(spice::AgentStart{.tokens = limits::spice_grant}, header_, to_server_);
}

void SpiceUpstream::agent_went() {
    has_agent_ = false;
    owed_ = pieces_ = 0;
    from_port_.clear();
    to_port_.clear();
    to_port_at_ = 0;
}

void SpiceUpstream::agent_said(Bytes bytes) {
    if (!has_agent_) return;
    std::array<std::byte, limits::chunk_header> head{};
    agent::store(head.data(), agent::ChunkHeader{.port = static_cast<std::uint32_t>(ChunkPort::client),
                                                 .size = static_cast<std::uint32_t>(bytes.size())});
    to_port_.insert(to_port_.end(), head.begin(), head.end());
    to_port_.insert(to_port_.end(), bytes.begin(), bytes.end());
    ++pieces_;
}

std::size_t SpiceUpstream::poll_port(MutableBytes out) {
    const auto count = drain(to_port_, to_port_at_, out);
    if (!has_port_output()) owed_ += std::exchange(pieces_, 0);
    if (owed_ >= limits::spice_grant / 4)
        encode(spice::ClientAgentToken{.tokens = std::exchange(owed_, 0)}, header_, to_server_);
    return count;
}

std::optional<std::string> SpiceUpstream::handle_port(Bytes bytes) {
    if (!has_agent_) return std::nullopt;
    from_port_.insert(from_port_.end(), bytes.begin(), bytes.end());
    return pass_on();
}

/// Whole chunks, as far as tokens go. What is for the server's port is the agent's all the same: it looks at no port.
std::optional<std::string> SpiceUpstream::pass_on() {
    std::size_t at = 0;
    while (tokens_ > 0 && from_port_.size() - at >= limits::chunk_header) {
        const auto head = agent::load_chunk_header(from_port_.data() + at);
        if (head.size > limits::chunk_to_guest) return "a chunk for the agent is too large";
        if (from_port_.size() - at - limits::chunk_header < head.size) break;
        const auto body = Bytes{from_port_}.subspan(at + limits::chunk_header, head.size);
        encode(spice::AgentData{.bytes = body}, header_, to_server_);
        --tokens_;
        at += limits::chunk_header + head.size;
    }
    from_port_.erase(from_port_.begin(), from_port_.begin() + static_cast<std::ptrdiff_t>(at));
    return std::nullopt;
}

}  // namespace vmcbridge::bridge
