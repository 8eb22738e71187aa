#include "tests/support/spice_peer.hpp"

#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "proto/agent/key_file.hpp"
#include "proto/wire.hpp"

#include <algorithm>

namespace vmcbridge::support {
namespace {

void require(bool holds, const std::string& rule) {
    if (!holds) throw BrokenRule{rule};
}

std::optional<std::size_t> any_message(spice::MessageType) { return limits::mib; }

std::uint32_t number_at(const ByteVector& body, std::size_t offset) {
    return load_le<std::uint32_t>(body.data() + offset);
}

constexpr bool has_mini_header(const SpiceKind& kind) { return kind.link.has_common(SPICE_COMMON_CAP_MINI_HEADER); }

}  // namespace

SpicePeer::SpicePeer(Scenario& scenario, SpiceKind kind, policy::PermissionSet permissions, std::string companion_of)
    : scenario_{scenario},
      kind_{kind},
      reader_{has_mini_header(kind) ? spice::HeaderKind::mini : spice::HeaderKind::full, any_message} {
    const auto joined = scenario.hub.handle_spice_joined(
        {.kind = bridge::ClientKind::spice, .user = {}, .permissions = permissions, .resume_token = {}},
        {.capabilities = kind.link, .session = 0x11223344, .uuid = {}, .companion_of = std::move(companion_of)},
        scenario.now);
    if (!joined) throw BrokenRule{"refused: " + std::string{browser::name(joined.error())}};
    id = *joined;
    scenario.others.emplace_back([this] { return move(); });
    scenario.settle();
}

// ---- What it says

void SpicePeer::writes(Bytes raw) {
    const auto copy = copy_of(raw);
    scenario_.hub.handle_spice_bytes(id, copy, scenario_.now);
    scenario_.settle();
}

void SpicePeer::says(spice::MessageType type, Bytes body) {
    spice::HeaderWriter header{has_mini_header(kind_) ? spice::HeaderKind::mini : spice::HeaderKind::full};
    ByteVector wire(header.size());
    header.write(wire.data(), type, static_cast<std::uint32_t>(body.size()));
    wire.insert(wire.end(), body.begin(), body.end());
    writes(wire);
}

void SpicePeer::starts(std::uint32_t grant) {
    tokens = grant;
    ByteVector body(sizeof grant);
    store_le(body.data(), grant);
    says(SPICE_MSGC_MAIN_AGENT_START, body);
    announces(true);
}

void SpicePeer::announces(bool request) {
    if (request) serials = {};
    says(agent::AnnounceCapabilities{.request = request, .capabilities = kind_.agent});
}

void SpicePeer::agent_data(Bytes payload) {
    if (may_send > 0) --may_send;
    says(SPICE_MSGC_MAIN_AGENT_DATA, payload);
}

void SpicePeer::says(const agent::AgentMessage& message, std::size_t cut) {
    ByteVector body;
    agent::encode(message, dialect(), body);
    says(agent::type_of(message), body, cut);
}

void SpicePeer::says(AgentType type, Bytes body, std::size_t cut) {
    ByteVector stream(limits::agent_header);
    agent::store(stream.data(), agent::MessageHeader{.type = type, .size = static_cast<std::uint32_t>(body.size())});
    stream.insert(stream.end(), body.begin(), body.end());
    for (Bytes left = stream; !left.empty();) {
        const auto piece = left.first(std::min(left.size(), cut));
        left = left.subspan(piece.size());
        agent_data(piece);
    }
}

void SpicePeer::grabs(const FormatList& formats, Selection selection) {
    auto& serial = serials.at(static_cast<std::size_t>(selection));
    const agent::ClipboardGrab grab{.selection = selection, .serial = GrabSerial{serial}, .formats = formats};
    if (dialect().grab_serial) ++serial;
    says(grab);
}

void SpicePeer::starts_file(std::uint32_t file, std::string_view name, std::uint64_t size) {
    const auto key_file = agent::write_key_file({.name = std::string{name}, .size = size});
    says(agent::FileTransferStart{.id = TransferId{file}, .key_file = key_file});
}

void SpicePeer::file_data(std::uint32_t file, std::string_view bytes) {
    says(agent::FileTransferData{.id = TransferId{file}, .data = as_bytes(bytes)});
}

void SpicePeer::grants(std::uint32_t more) {
    tokens += more;
    ByteVector body(sizeof more);
    store_le(body.data(), more);
    says(SPICE_MSGC_MAIN_AGENT_TOKEN, body);
}

void SpicePeer::goes() {
    scenario_.hub.handle_client_gone(id, scenario_.now);
    scenario_.settle();
}

// ---- What it hears

ByteVector SpicePeer::next(spice::MessageType type) {
    const auto found = std::ranges::find(inbox, type, &Heard::type);
    if (found == inbox.end()) throw BrokenRule{"the client heard no message " + std::to_string(type)};
    auto body = std::move(found->body);
    inbox.erase(found);
    return body;
}

bool SpicePeer::heard(spice::MessageType type) const {
    return std::ranges::find(inbox, type, &Heard::type) != inbox.end();
}

std::optional<std::string> SpicePeer::closed() const {
    const auto found = std::ranges::find(scenario_.closes, id, &bridge::CloseClient::client);
    return found == scenario_.closes.end() ? std::nullopt : std::optional{found->reason};
}

bool SpicePeer::move() {
    if (!reads) return false;
    ByteVector buffer(64 * limits::kib);
    const auto count = scenario_.hub.poll_spice(id, buffer, scenario_.now);
    Bytes bytes = Bytes{buffer}.first(count);
    for (;;) {
        const auto message = reader_.next(bytes);
        require(message.has_value(), "a message that can't be read");
        if (!*message) return count > 0;
        take(**message);
    }
}

void SpicePeer::take(const spice::Message& message) {
    if (message.type == SPICE_MSG_MAIN_AGENT_DATA) return take_piece(message.body);
    auto& heard = inbox.emplace_back(Heard{.type = message.type, .body = copy_of(message.body)});
    switch (message.type) {
        case SPICE_MSG_MAIN_INIT: may_send = number_at(heard.body, 20); break;
        case SPICE_MSG_MAIN_AGENT_TOKEN: may_send += number_at(heard.body, 0); break;
        case SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS: may_send = number_at(heard.body, 0); break;
        case SPICE_MSG_MAIN_AGENT_DISCONNECTED:
            message_.clear();
            message_size_ = 0;
            serials = {};
            told = {};
            break;
        default: break;
    }
}

void SpicePeer::take_piece(Bytes piece) {
    require(piece.size() <= spice::agent_data_size, "AGENT_DATA over 2048 bytes");
    require(tokens > 0, "AGENT_DATA without a token");
    --tokens;
    ++pieces;
    if (message_.empty()) {
        require(piece.size() >= limits::agent_header, "a header in parts");
        message_size_ = limits::agent_header + agent::load_message_header(piece.data()).size;
    }
    message_.insert(message_.end(), piece.begin(), piece.end());
    require(message_.size() <= message_size_, "AGENT_DATA with parts of two messages");
    if (message_.size() < message_size_) return;
    const auto type = agent::load_message_header(message_.data()).type;
    const auto body = std::make_shared<const ByteVector>(message_.begin() + limits::agent_header, message_.end());
    message_.clear();
    if (type == AgentType::announce_capabilities)
        told = std::get<agent::AnnounceCapabilities>(*agent::decode(type, *body, {})).capabilities;
    const auto message = agent::decode(type, *body, dialect());
    require(message.has_value(), "a message that can't be decoded");
    if (const auto* grab = std::get_if<agent::ClipboardGrab>(&*message); grab && dialect().grab_serial)
        serials.at(static_cast<std::size_t>(grab->selection)) = grab->serial.raw() + 1;
    agent_inbox.push_back({.body = body, .message = *message});
}

}  // namespace vmcbridge::support
