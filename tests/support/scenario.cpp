#include "tests/support/scenario.hpp"

#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "proto/limits.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace vmcbridge::support {

namespace {

void require(bool holds, const std::string& rule) {
    if (!holds) throw BrokenRule{rule};
}

std::size_t index_of(Selection selection) { return static_cast<std::size_t>(selection); }

}  // namespace

std::string long_text(std::size_t size) {
    std::string made;
    made.reserve(size + 32);
    while (made.size() < size) made += "line " + std::to_string(made.size()) + "\n";
    made.resize(size);
    return made;
}

// ---- The guest ------------------------------------------------------------------------------------------------------

void FakeGuest::comes() {
    if (is_open) goes();
    is_open = true;
    scenario_.hub.handle_guest_connected(scenario_.now);
    announces(true);  // written before anything was read
}

void FakeGuest::opens() {
    if (is_open) goes();
    is_open = true;
    scenario_.hub.handle_guest_connected(scenario_.now);
    scenario_.settle();
}

void FakeGuest::goes() {
    is_open = false;
    in_.clear();
    ports_.clear();
    out_.clear();
    out_at_ = 0;
    bytes_unread = 0;
    scenario_.hub.handle_guest_gone(scenario_.now);
    scenario_.settle();
}

void FakeGuest::says(const agent::AgentMessage& message, ChunkPort port) {
    ByteVector body;
    agent::encode(message, dialect(), body);
    says(agent::type_of(message), body, port);
}

void FakeGuest::says(AgentType type, Bytes body, ChunkPort port) {
    ByteVector stream(limits::agent_header);
    agent::store(stream.data(), agent::MessageHeader{.type = type, .size = static_cast<std::uint32_t>(body.size())});
    stream.insert(stream.end(), body.begin(), body.end());
    ByteVector wire;
    for (Bytes left = stream; !left.empty();) {
        const auto piece = left.first(std::min(left.size(), chunk));
        left = left.subspan(piece.size());
        std::array<std::byte, limits::chunk_header> header;
        agent::store(header.data(), agent::ChunkHeader{.port = static_cast<std::uint32_t>(port),
                                                       .size = static_cast<std::uint32_t>(piece.size())});
        wire.insert(wire.end(), header.begin(), header.end());
        wire.insert(wire.end(), piece.begin(), piece.end());
    }
    writes(wire);
}

void FakeGuest::writes(Bytes raw) {
    if (!is_open) return;
    out_.insert(out_.end(), raw.begin(), raw.end());
    bytes_unread = unread().size();
    scenario_.settle();
}

void FakeGuest::lets_read(std::size_t count) {
    const auto piece = copy_of(unread().first(count));
    hub_read(count);
    scenario_.hub.handle_guest_bytes(piece, scenario_.now);
    scenario_.settle();
}

void FakeGuest::hub_read(std::size_t count) {
    out_at_ += count;
    if (out_at_ == out_.size()) {
        out_.clear();
        out_at_ = 0;
    }
    bytes_unread = unread().size();
}

void FakeGuest::announces(bool request) {
    says(agent::AnnounceCapabilities{.request = request, .capabilities = capabilities});
}

void FakeGuest::grabs(const FormatList& formats, Selection selection) {
    auto& serial = serials.at(index_of(selection));
    const agent::ClipboardGrab grab{.selection = selection, .serial = GrabSerial{serial}, .formats = formats};
    if (dialect().grab_serial) ++serial;
    says(grab);
}

std::string FakeGuest::next_file_data(TransferId id) {
    std::string data;
    std::erase_if(inbox, [&](const Heard& heard) {
        const auto* piece = std::get_if<agent::FileTransferData>(&heard.message);
        if (!piece || piece->id != id) return false;
        data += as_text(piece->data);
        return true;
    });
    return data;
}

void FakeGuest::take(Bytes wire) {
    bytes_heard += wire.size();
    in_.insert(in_.end(), wire.begin(), wire.end());
    Bytes left = in_;
    while (left.size() >= limits::chunk_header) {
        const auto header = agent::load_chunk_header(left.data());
        require(header.port == 1 || header.port == 2, "a chunk for port 1 or 2");
        require(header.size > 0 && header.size <= limits::chunk_to_guest, "a chunk of 1 to 2048 bytes");
        if (left.size() < limits::chunk_header + header.size) break;
        take_chunk(static_cast<ChunkPort>(header.port), left.subspan(limits::chunk_header, header.size));
        left = left.subspan(limits::chunk_header + header.size);
    }
    in_.erase(in_.begin(), in_.end() - static_cast<std::ptrdiff_t>(left.size()));
}

void FakeGuest::take_chunk(ChunkPort number, Bytes body) {
    auto& port = ports_[number];
    if (port.left == 0) {
        require(body.size() >= limits::agent_header, "a message's header whole in its first chunk");
        const auto header = agent::load_message_header(body.data());
        require(header.protocol == VD_AGENT_PROTOCOL, "protocol 1");
        port = {.type = header.type, .left = header.size, .body = {}};
        body = body.subspan(limits::agent_header);
        require(body.size() == std::min<std::size_t>(port.left, limits::chunk_to_guest - limits::agent_header),
                "a chunk filled as far as its message goes");
    }
    require(body.size() <= port.left, "no chunk with parts of two messages");
    port.body.insert(port.body.end(), body.begin(), body.end());
    port.left -= body.size();
    if (port.left == 0) take_message(number, port.type, std::exchange(port.body, {}));
}

void FakeGuest::take_message(ChunkPort port, AgentType type, ByteVector bytes) {
    const auto body = std::make_shared<const ByteVector>(std::move(bytes));
    const auto message = agent::decode(type, *body, dialect());
    require(message.has_value(), "a message that the guest can read");
    inbox.push_back({.port = port, .body = body, .message = *message});
    if (const auto* announce = std::get_if<agent::AnnounceCapabilities>(&*message)) {
        told = announce->capabilities;
        if (announce->request) serials = {};
        if (announce->request && answers_announce) announces(false);
    }
    const auto* grab = std::get_if<agent::ClipboardGrab>(&*message);
    if (grab && dialect().grab_serial) {
        auto& serial = serials.at(index_of(grab->selection));
        require(grab->serial.raw() == serial || grab->serial.raw() + 1 == serial, "a serial that vdagentd accepts");
        serial = grab->serial.raw() + 1;
    }
}

// ---- A frame --------------------------------------------------------------------------------------------------------

Frame::Frame(std::string_view json)
    : object_{std::make_shared<const boost::json::object>(boost::json::parse(json).as_object())} {}

bool Frame::has(std::string_view member) const { return object_->contains(member); }

std::string Frame::string(std::string_view member) const {
    const auto* value = object_->if_contains(member);
    return value && value->is_string() ? std::string{value->as_string()} : std::string{};
}

std::uint64_t Frame::number(std::string_view member) const { return object_->at(member).to_number<std::uint64_t>(); }

bool Frame::flag(std::string_view member) const { return object_->at(member).as_bool(); }

std::string Frame::list(std::string_view member, std::string_view key) const {
    std::string joined;
    for (const auto& item : object_->at(member).as_array()) {
        const auto& value = key.empty() ? item : item.as_object().at(key);
        if (!joined.empty()) joined += ' ';
        joined += value.is_string() ? std::string{value.as_string()} : boost::json::serialize(value);
    }
    return joined;
}

Frame Frame::object(std::string_view member) const { return Frame{boost::json::serialize(object_->at(member))}; }

std::string Frame::json() const { return boost::json::serialize(*object_); }

// ---- A client -------------------------------------------------------------------------------------------------------

void FakeClient::says(std::string_view json) {
    scenario_.hub.handle_client_text(id, json, scenario_.now);
    scenario_.settle();
}

void FakeClient::sends(std::uint32_t stream, std::string_view bytes) {
    const auto number = browser::encode_stream_id(stream);
    ByteVector frame{number.begin(), number.end()};
    const auto payload = as_bytes(bytes);
    frame.insert(frame.end(), payload.begin(), payload.end());
    may_send[stream] -= std::min<std::uint64_t>(may_send[stream], bytes.size());
    scenario_.hub.handle_client_binary(id, frame, scenario_.now);
    scenario_.settle();
}

std::size_t FakeClient::streams(std::uint32_t stream, std::string_view bytes) {
    const auto all = bytes.size();
    while (!bytes.empty() && may_send[stream] > 0) {
        const auto count = std::min<std::uint64_t>({may_send[stream], bytes.size(), limits::frame_payload});
        sends(stream, bytes.substr(0, static_cast<std::size_t>(count)));
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return all - bytes.size();
}

void FakeClient::grabs(const FormatList& formats, Selection selection) {
    boost::json::array list;
    for (const auto format : formats) list.emplace_back(browser::mime_of(format));
    says(boost::json::serialize(boost::json::object{
        {"type", "clipboard-grab"}, {"selection", browser::name(selection)}, {"formats", std::move(list)}}));
}

void FakeClient::releases(Selection selection) {
    says(boost::json::serialize(
        boost::json::object{{"type", "clipboard-release"}, {"selection", browser::name(selection)}}));
}

void FakeClient::requests(std::uint64_t request, ClipboardFormat format, Selection selection) {
    says(boost::json::serialize(boost::json::object{{"type", "clipboard-request"},
                                                    {"id", request},
                                                    {"selection", browser::name(selection)},
                                                    {"format", browser::mime_of(format)}}));
}

void FakeClient::answers(std::uint64_t fetch, std::string_view contents) {
    says(boost::json::serialize(
        boost::json::object{{"type", "clipboard-data"}, {"id", fetch}, {"format", "text/plain"}, {"text", contents}}));
}

void FakeClient::answers(std::uint64_t fetch, ClipboardFormat format, std::uint32_t stream, std::uint64_t size) {
    may_send[stream] = limits::initial_credit;
    says(boost::json::serialize(boost::json::object{{"type", "clipboard-data"},
                                                    {"id", fetch},
                                                    {"format", browser::mime_of(format)},
                                                    {"stream", stream},
                                                    {"size", size}}));
}

void FakeClient::fails(std::uint64_t fetch, std::string_view code) {
    says(boost::json::serialize(
        boost::json::object{{"type", "clipboard-error"}, {"id", fetch}, {"code", code}, {"message", "no"}}));
}

void FakeClient::credit(std::uint32_t stream, std::uint64_t bytes) {
    if (const auto found = in_.find(stream); found != in_.end()) found->second.credit += bytes;
    says(boost::json::serialize(boost::json::object{{"type", "credit"}, {"stream", stream}, {"bytes", bytes}}));
}

void FakeClient::resizes(std::uint64_t request, std::uint32_t width, std::uint32_t height) {
    says(boost::json::serialize(boost::json::object{
        {"type", "monitors"}, {"id", request}, {"monitors", {{{"width", width}, {"height", height}}}}}));
}

void FakeClient::starts_file(std::uint64_t file, std::string_view name, std::uint64_t size, std::uint32_t stream) {
    may_send[stream] = limits::initial_credit;
    says(boost::json::serialize(
        boost::json::object{{"type", "file-start"}, {"id", file}, {"name", name}, {"size", size}, {"stream", stream}}));
}

void FakeClient::cancels_file(std::uint64_t file) {
    says(boost::json::serialize(boost::json::object{{"type", "file-cancel"}, {"id", file}}));
}

void FakeClient::goes() {
    scenario_.hub.handle_client_gone(id, scenario_.now);
    reads = false;
    scenario_.settle();
}

void FakeClient::is_lost() {
    scenario_.hub.handle_client_lost(id, scenario_.now);
    reads = false;
    scenario_.settle();
}

Frame FakeClient::next(std::string_view type) {
    const auto found = std::ranges::find_if(inbox, [&](const Frame& frame) { return frame.type() == type; });
    if (found == inbox.end()) throw BrokenRule{"the client heard no " + std::string{type}};
    auto frame = *found;
    inbox.erase(found);
    return frame;
}

Frame FakeClient::next(std::string_view type, std::uint64_t number) {
    const auto found = std::ranges::find_if(inbox, [&](const Frame& frame) {
        return frame.type() == type && frame.has("id") && frame.number("id") == number;
    });
    if (found == inbox.end())
        throw BrokenRule{"the client heard no " + std::string{type} + " " + std::to_string(number)};
    auto frame = *found;
    inbox.erase(found);
    return frame;
}

std::size_t FakeClient::count(std::string_view type) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(inbox, [&](const Frame& frame) { return frame.type() == type; }));
}

bool FakeClient::has_contents(std::uint64_t request) const {
    return texts_.contains(request) || std::ranges::any_of(in_, [&](const auto& entry) {
               return entry.second.request == request && entry.second.bytes.size() == entry.second.size;
           });
}

std::string FakeClient::contents(std::uint64_t request) {
    if (auto whole = texts_.extract(request)) return whole.mapped();
    for (auto stream = in_.begin(); stream != in_.end(); ++stream)
        if (stream->second.request == request && stream->second.bytes.size() == stream->second.size)
            return in_.extract(stream).mapped().bytes;
    throw BrokenRule{"the client has no whole answer to request " + std::to_string(request)};
}

std::size_t FakeClient::bytes_of_streams() const {
    std::size_t bytes = 0;
    for (const auto& [number, stream] : in_) bytes += stream.bytes.size();
    return bytes;
}

void FakeClient::take(const bridge::OutFrame& frame) {
    if (!frame.binary) return take_text(as_text(frame.body.view()));
    ByteVector message{frame.stream.begin(), frame.stream.end()};
    message.insert(message.end(), frame.body.view().begin(), frame.body.view().end());
    take_bytes(message);
}

void FakeClient::take_bytes(Bytes message) {
    const auto frame = browser::decode_binary(message);
    require(frame.has_value() && !frame->payload.empty(), "a binary frame of 1 byte to 256 KiB");
    const auto found = in_.find(frame->stream);
    require(found != in_.end() && !found->second.is_over, "a stream that was announced");
    auto& stream = found->second;
    const auto size = frame->payload.size();
    require(stream.bytes.size() + size <= stream.size, "no more bytes than announced");
    require(size <= stream.credit, "no more bytes than credit");
    stream.credit -= size;
    stream.bytes += as_text(frame->payload);
    stream.is_over = stream.bytes.size() == stream.size;
    log.push_back("bytes " + std::to_string(frame->stream) + " " + std::to_string(size));
    if (grants && !stream.is_over) credit(frame->stream, size);
}

void FakeClient::take_text(std::string_view json) {
    log.emplace_back(json);
    const auto& frame = inbox.emplace_back(json);
    const auto type = frame.type();
    if (type == "welcome" && frame.has("resume")) resume_token = frame.object("resume").string("token");
    if (type == "credit") may_send[static_cast<std::uint32_t>(frame.number("stream"))] += frame.number("bytes");
    if (type == "clipboard-data" && frame.has("text")) texts_[frame.number("id")] = frame.string("text");
    if (type == "clipboard-data" && frame.has("stream")) {
        const auto number = static_cast<std::uint32_t>(frame.number("stream"));
        require(!in_.contains(number) || in_.at(number).is_over, "a stream number that is not in use");
        in_[number] = {.request = frame.number("id"),
                       .size = frame.number("size"),
                       .credit = limits::initial_credit,
                       .bytes = {},
                       .is_over = frame.number("size") == 0};
    }
    if (type == "clipboard-error")
        for (auto& [number, stream] : in_)
            if (stream.request == frame.number("id")) stream.is_over = true;
}

// ---- All of them ----------------------------------------------------------------------------------------------------

Scenario::Scenario(bridge::HubSettings settings, agent::CapabilitySet capabilities)
    : Scenario{NoAgent{}, std::move(settings)} {
    guest.capabilities = capabilities;
    guest.comes();
    guest.inbox.clear();
}

Scenario::Scenario(NoAgent, bridge::HubSettings settings) : hub{"web1", std::move(settings), nullptr} {}

Scenario::Scenario(bridge::HubSettings settings, bridge::SpoolFactory spools)
    : hub{"web1", std::move(settings), std::move(spools)} {
    guest.comes();
    guest.inbox.clear();
}

FakeClient& Scenario::joins(policy::PermissionSet permissions, std::string user) {
    const auto id = hub.handle_client_joined(profile(permissions, std::move(user)), now);
    if (!id) throw BrokenRule{"refused at the door: " + std::string{browser::name(id.error())}};
    auto& client = clients.emplace_back(*this, *id);
    settle();
    return client;
}

FakeClient& Scenario::resumes(FakeClient& former, std::string user) {
    const auto everything = policy::PermissionSet::all_but_admin();
    const auto id = hub.handle_client_joined(profile(everything, std::move(user)), now, former.resume_token);
    if (!id) throw BrokenRule{"refused at the door: " + std::string{browser::name(id.error())}};
    take_events();  // a former connection that still stands is closed first
    if (former.id == *id) former.id = ClientId{};
    auto& client = clients.emplace_back(*this, *id);
    settle();
    return client;
}

bridge::ClientProfile Scenario::profile(policy::PermissionSet permissions, std::string user) {
    return {.kind = bridge::ClientKind::web,
            .user = std::move(user),
            .permissions = permissions,
            .resume_token = "secret-" + std::to_string(++profiles_)};
}

std::optional<browser::Code> Scenario::refused() {
    const auto id = hub.handle_client_joined({}, now);
    settle();
    return id ? std::nullopt : std::optional{id.error()};
}

void Scenario::settings(bridge::HubSettings settings) {
    hub.handle_settings(std::move(settings), now);
    settle();
}

void Scenario::advance(std::chrono::milliseconds by) {
    const auto until = now + by;
    auto calls_at_once = 0;
    for (auto due = hub.poll_timeout(); due && *due <= until; due = hub.poll_timeout()) {
        calls_at_once = *due > now ? 0 : calls_at_once + 1;
        require(calls_at_once < 10, "a timer that ends when it was served");
        now = std::max(now, *due);
        hub.handle_timeout(now);
        settle();
    }
    now = until;
}

void Scenario::settle() {
    again_ = true;
    if (std::exchange(is_settling_, true)) return;
    try {
        while (std::exchange(again_, false)) {
            take_events();
            again_ |= move_clients();
            for (const auto& other : others) again_ |= other();
            again_ |= move_guest();
        }
    } catch (...) {
        is_settling_ = false;
        throw;
    }
    is_settling_ = false;
}

void Scenario::take_events() {
    while (auto event = hub.poll_event()) {
        if (const auto* drop = std::get_if<bridge::DropGuest>(&*event)) {
            dropped.push_back(drop->reason);
            guest.goes();
        } else if (const auto* close = std::get_if<bridge::CloseClient>(&*event)) {
            for (auto& client : clients)
                if (client.id == close->client) client.closed = *close;
            closes.push_back(*close);
        } else if (const auto* review = std::get_if<bridge::ReviewChannels>(&*event)) {
            reviews.push_back(review->client);
        } else if (const auto* want = std::get_if<bridge::WantMouseMode>(&*event)) {
            mouse_modes.push_back(want->mode);
        } else {
            notes.push_back(std::get<bridge::Note>(*event));
        }
    }
}

bool Scenario::move_clients() {
    for (const auto id : hub.take_ready_clients())
        for (auto& client : clients)
            if (client.id == id) client.woken_ = true;
    bool moved = false;
    for (auto& client : clients) {
        if (!client.woken_ || !client.reads) continue;
        client.woken_ = false;
        while (const auto frame = hub.poll_client(client.id)) {
            moved = true;
            client.take(*frame);
        }
    }
    return moved;
}

bool Scenario::move_guest() {
    bool moved = false;
    if (guest.reads && hub.has_guest_output()) {
        ByteVector buffer(guest.room);
        const auto count = hub.poll_guest(buffer, now);
        require(count > 0, "has_guest_output() means that there is some");
        guest.take(Bytes{buffer}.first(count));
        moved = true;
    }
    if (guest.is_open && !guest.is_held && !guest.unread().empty() && hub.guest_is_readable()) {
        const auto piece = copy_of(guest.unread().first(std::min(guest.unread().size(), guest.cut)));
        guest.hub_read(piece.size());
        hub.handle_guest_bytes(piece, now);
        moved = true;
    }
    return moved;
}

}  // namespace vmcbridge::support
