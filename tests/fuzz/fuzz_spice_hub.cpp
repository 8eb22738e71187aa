// SPICE clients, a browser and a guest on one hub, by operations: [kind of the first client u8], then
// [operation u8] [arguments] again and again; World knows them. Whatever they do, the hub throws nothing, and no client
// gets what SPICE does not allow: AGENT_DATA over 2048 bytes, beyond its tokens, or with parts of two messages.
#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "proto/agent/key_file.hpp"
#include "proto/wire.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/scenario.hpp"
#include "tests/support/spice_peer.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace vmcbridge::fuzz {
namespace {

using support::ByteVector;
using support::Scenario;

constexpr std::size_t rounds = 100;
constexpr std::size_t most_peers = 3;
constexpr std::size_t most_contents = 70'000;
constexpr std::array kinds{support::spice_gtk.link, support::pure_spice.link, support::spice_html5.link,
                           spice::Capabilities{.common = 0x05, .channel = 0x0F},  // full headers
                           spice::Capabilities{}};
constexpr std::array formats{ClipboardFormat::text, ClipboardFormat::png, ClipboardFormat::bmp};

std::optional<std::size_t> any_message(spice::MessageType) { return limits::mib; }

spice::HeaderKind header_of(const spice::Capabilities& link) {
    return link.has_common(SPICE_COMMON_CAP_MINI_HEADER) ? spice::HeaderKind::mini : spice::HeaderKind::full;
}

/// A client that sends whatever the input says, and holds the bridge to the rules.
class Peer {
public:
    Peer(Scenario& scenario, const spice::Capabilities& link)
        : scenario_{scenario}, kind_{header_of(link)}, reader_{kind_, any_message} {
        const auto joined =
            scenario.hub.handle_spice_joined({.kind = bridge::ClientKind::spice,
                                              .user = {},
                                              .permissions = policy::PermissionSet::all_but_admin(),
                                              .resume_token = {}},
                                             {.capabilities = link, .session = 1, .uuid = {}}, scenario.now);
        require(joined.has_value(), "a few clients have place");
        id_ = *joined;
        scenario.others.emplace_back([this] { return read(); });
        scenario.settle();
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    bool reads = true;

    void writes(Bytes raw) {
        scenario_.hub.handle_spice_bytes(id_, raw, scenario_.now);
        scenario_.settle();
    }
    void says(spice::MessageType type, Bytes body) {
        spice::HeaderWriter header{kind_};
        ByteVector wire(header.size());
        header.write(wire.data(), type, static_cast<std::uint32_t>(body.size()));
        wire.insert(wire.end(), body.begin(), body.end());
        if (type == SPICE_MSGC_MAIN_AGENT_START) tokens_ = 0;
        if (type == SPICE_MSGC_MAIN_AGENT_START || type == SPICE_MSGC_MAIN_AGENT_TOKEN)
            if (body.size() == sizeof(std::uint32_t)) tokens_ += load_le<std::uint32_t>(body.data());
        writes(wire);
    }
    void grants(spice::MessageType type, std::uint32_t tokens) {
        ByteVector body(sizeof tokens);
        store_le(body.data(), tokens);
        says(type, body);
    }
    /// A message of the agent in AGENT_DATA of `cut` bytes.
    void says(AgentType type, Bytes body, std::size_t cut) {
        ByteVector whole(limits::agent_header);
        agent::store(whole.data(), agent::MessageHeader{.type = type, .size = static_cast<std::uint32_t>(body.size())});
        whole.insert(whole.end(), body.begin(), body.end());
        for (Bytes left = whole; !left.empty();) {
            const auto piece = left.first(std::min(left.size(), cut));
            left = left.subspan(piece.size());
            says(SPICE_MSGC_MAIN_AGENT_DATA, piece);
        }
    }
    void says(const agent::AgentMessage& message, agent::Dialect dialect, std::size_t cut) {
        ByteVector body;
        agent::encode(message, dialect, body);
        says(agent::type_of(message), body, cut);
    }
    void goes() {
        scenario_.hub.handle_client_gone(id_, scenario_.now);
        scenario_.settle();
    }
    void is_asked() {
        scenario_.hub.handle_spice_silence(id_, scenario_.now);
        scenario_.settle();
    }

private:
    bool read() {
        if (!reads) return false;
        ByteVector buffer(8 * limits::kib);
        const auto count = scenario_.hub.poll_spice(id_, buffer, scenario_.now);
        for (Bytes bytes = Bytes{buffer}.first(count);;) {
            const auto message = reader_.next(bytes);
            require(message.has_value(), "what the bridge sends is messages");
            if (!*message) return count > 0;
            if (!std::exchange(begun_, true)) require((*message)->type == SPICE_MSG_MAIN_INIT, "INIT comes first");
            if ((*message)->type == SPICE_MSG_MAIN_AGENT_DATA) take((*message)->body);
            if ((*message)->type == SPICE_MSG_MAIN_AGENT_DISCONNECTED) left_ = 0;
        }
    }
    void take(Bytes piece) {
        require(!piece.empty() && piece.size() <= spice::agent_data_size, "AGENT_DATA has 1 to 2048 bytes");
        require(tokens_ > 0, "AGENT_DATA has a token");
        --tokens_;
        if (left_ == 0) {
            require(piece.size() >= limits::agent_header, "a header comes whole");
            left_ = limits::agent_header + agent::load_message_header(piece.data()).size;
        }
        require(piece.size() <= left_, "AGENT_DATA holds parts of one message");
        left_ -= piece.size();
    }

    Scenario& scenario_;
    spice::HeaderKind kind_;
    spice::MessageReader reader_;
    ClientId id_{};
    bool begun_ = false;
    std::uint64_t tokens_ = 0;  // the most that the bridge may have
    std::size_t left_ = 0;      // of the message under way
};

class World {
public:
    explicit World(Input& input) : input_{input}, browser_{scenario_.joins()} { joins(); }

    void act() {
        const auto operation = input_.u8() % 32;
        if (operation < 16) return client_acts(operation, *peers_.at(input_.u8() % peers_.size()));
        if (operation < 24) return others_act(operation);
        if (scenario_.guest.is_open) guest_acts(operation, scenario_.guest);
    }
    /// Everybody reads, time passes: what waits comes, or is given up.
    void end() {
        for (const auto& each : peers_) each->reads = true;
        scenario_.guest.reads = true;
        scenario_.settle();
        scenario_.advance(std::chrono::minutes{2});
    }

private:
    void joins() {
        const auto& link = kinds.at(input_.u8() % kinds.size());
        if (peers_.size() < most_peers) peers_.push_back(std::make_unique<Peer>(scenario_, link));
    }
    void client_acts(int operation, Peer& peer) {
        switch (operation) {
            case 0: return peer.writes(input_.take(input_.u8()));
            case 1: return one_message(peer);
            case 2: return peer.says(SPICE_MSGC_MAIN_AGENT_DATA, input_.take(input_.u8()));
            case 3: return any_agent_message(peer);
            case 4: return peer.grants(SPICE_MSGC_MAIN_AGENT_START, tokens());
            case 5: return peer.grants(SPICE_MSGC_MAIN_AGENT_TOKEN, tokens());
            case 6: return announces(peer);
            case 7: return grabs(peer);
            case 8: return requests(peer);
            case 9: return answers(peer);
            case 10: return starts_file(peer);
            case 11: return file_data(peer);
            case 12: return peer.is_asked();
            case 13: return toggle(peer.reads);
            case 14: return peer.says(SPICE_MSGC_MAIN_ATTACH_CHANNELS, {});
            default: return peer.goes();
        }
    }
    void others_act(int operation) {
        switch (operation) {
            case 16: return joins();
            case 17: return scenario_.advance(std::chrono::milliseconds{100 * input_.u8()});
            case 18: return toggle(scenario_.guest.reads);
            case 19: return scenario_.guest.is_open ? scenario_.guest.goes() : scenario_.guest.comes();
            case 20: return changes();
            case 21: return browser_.grabs({format()});
            case 22: return browser_.requests(++browser_request_, format());
            default: return;
        }
    }
    void guest_acts(int operation, support::FakeGuest& guest) {
        const auto selection = this->selection();
        const auto format = this->format();
        // What crosses a grab or an announcement of its own is vdagentd's to drop, which this guest does not.
        if (!guest.reads && operation != 26 && operation != 27) return;
        switch (operation) {
            case 24: return guest.grabs({format}, selection);
            case 25: return guest.grabs({format, ClipboardFormat::text}, selection);
            case 26: return guest.requests(format, selection);
            case 27: return guest.answers(contents(), format, selection);
            case 28: return guest.releases(selection);
            case 29: return file_status(guest);
            case 30: return guest.announces(true);
            default: return guest.replies();
        }
    }
    void toggle(bool& flag) {
        flag = !flag;
        scenario_.settle();
    }

    std::uint32_t tokens() {
        const auto value = static_cast<std::uint32_t>(input_.u16());
        return value == 0xffff ? 0xffffffff : value;
    }
    std::size_t cut() { return 1 + 8 * std::size_t{input_.u8()}; }
    Selection selection() { return static_cast<Selection>(input_.u8() % selection_count); }
    ClipboardFormat format() { return formats.at(input_.u8() % formats.size()); }
    agent::Dialect dialect() {
        const auto flags = input_.u8();
        return {.selection = (flags & 1) != 0, .grab_serial = (flags & 2) != 0};
    }
    std::string contents() { return std::string(input_.u16() % most_contents, 'x'); }

    void one_message(Peer& peer) {
        const auto type = static_cast<spice::MessageType>(input_.u8());
        peer.says(type, input_.take(input_.u8()));
    }
    void any_agent_message(Peer& peer) {
        const auto type = static_cast<AgentType>(input_.u8() % 20);
        const auto cut = this->cut();
        peer.says(type, input_.take(input_.u8()), cut);
    }
    void announces(Peer& peer) {
        const auto low = static_cast<std::uint32_t>(input_.u16());
        const auto flags = input_.u8();
        const agent::CapabilitySet set{low + ((flags & 6U) << 15U)};
        peer.says(agent::AnnounceCapabilities{.request = (flags & 1) != 0, .capabilities = set}, {}, cut());
    }
    void grabs(Peer& peer) {
        const agent::ClipboardGrab grab{
            .selection = selection(), .serial = GrabSerial{input_.u8()}, .formats = {format(), format()}};
        const auto dialect = this->dialect();
        peer.says(grab, dialect, cut());
    }
    void requests(Peer& peer) {
        const agent::ClipboardRequest request{selection(), format()};
        const auto dialect = this->dialect();
        peer.says(request, dialect, cut());
    }
    void answers(Peer& peer) {
        const auto data = contents();
        const agent::ClipboardData answer{selection(), format(), std::as_bytes(std::span{data})};
        peer.says(answer, dialect(), spice::agent_data_size);
    }
    void starts_file(Peer& peer) {
        const auto file = agent::write_key_file({.name = "a", .size = input_.u16()});
        const agent::FileTransferStart start{.id = TransferId{input_.u8() % 4U}, .key_file = file};
        peer.says(start, {}, cut());
    }
    void file_data(Peer& peer) {
        const auto data = contents();
        const agent::FileTransferData part{.id = TransferId{input_.u8() % 4U}, .data = std::as_bytes(std::span{data})};
        peer.says(part, {}, spice::agent_data_size);
    }
    void file_status(support::FakeGuest& guest) {
        const auto status = static_cast<agent::FileStatus>(input_.u8() % 8);
        guest.file_status(TransferId{input_.u8() % 8U}, status);
    }
    void changes() {
        const auto flags = input_.u8();
        scenario_.settings(support::with_policy([&](auto& policy) {
            policy.primary_selection = (flags & 1) != 0;
            policy.files_to_guest = (flags & 2) == 0;
            policy.share_between_clients = (flags & 4) != 0;
        }));
    }

    Input& input_;
    Scenario scenario_;
    support::FakeClient& browser_;
    std::uint64_t browser_request_ = 0;
    std::vector<std::unique_ptr<Peer>> peers_;
};

void run(Input input) {
    World world{input};
    for (std::size_t round = 0; round < rounds && !input.rest().empty(); ++round) world.act();
    world.end();
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
