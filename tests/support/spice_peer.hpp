#pragma once

#include "proto/spice/main_channel.hpp"
#include "tests/support/scenario.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmcbridge::support {

/// What stock clients link with and announce.
struct SpiceKind {
    spice::Capabilities link;
    agent::CapabilitySet agent;
};
inline constexpr SpiceKind spice_gtk{.link = {.common = 0x0D, .channel = 0x0F},
                                     .agent = agent::CapabilitySet{0x35077U}};
inline constexpr SpiceKind pure_spice{.link = {.common = 0x0B, .channel = 0x06}, .agent = agent::CapabilitySet{0x60U}};
inline constexpr SpiceKind spice_html5{.link = {.common = 0x09, .channel = 0x04}, .agent = agent::CapabilitySet{0x7U}};
/// Its fork that has a clipboard.
inline constexpr SpiceKind spice_html5_fork{.link = {.common = 0x09, .channel = 0x04},
                                            .agent = agent::CapabilitySet{0x867U}};

/// A client on the main channel of a Scenario's hub, that does as a test says. It throws BrokenRule where the bridge
/// sends what no stock client takes: AGENT_DATA over 2048 bytes or beyond its tokens, or with parts of two messages.
class SpicePeer {
public:
    explicit SpicePeer(Scenario& scenario, SpiceKind kind = spice_gtk,
                       policy::PermissionSet permissions = policy::PermissionSet::all_but_admin(),
                       std::string companion_of = {});

    // ---- What it is like
    bool reads = true;
    std::uint64_t tokens = 0xffffffff;  ///< AGENT_DATA that it takes still

    // ---- What it says
    void writes(Bytes raw);
    void says(spice::MessageType type, Bytes body);
    void says(std::string_view hex, spice::MessageType type) { says(type, from_hex(hex)); }
    /// AGENT_START and its announcement: what stock clients do when an agent is there.
    void starts(std::uint32_t grant = 0xffffffff);
    void announces(bool request);
    void agent_data(Bytes payload);
    /// In AGENT_DATA of `cut` bytes, the header alone first where `header_alone`.
    void says(const agent::AgentMessage& message, std::size_t cut = spice::agent_data_size);
    void says(AgentType type, Bytes body, std::size_t cut = spice::agent_data_size);
    void grabs(const FormatList& formats, Selection selection = Selection::clipboard);
    void requests(ClipboardFormat format, Selection selection = Selection::clipboard) {
        says(agent::ClipboardRequest{selection, format});
    }
    void answers(std::string_view contents, ClipboardFormat format = text) {
        says(agent::ClipboardData{Selection::clipboard, format, as_bytes(contents)});
    }
    void starts_file(std::uint32_t id, std::string_view name, std::uint64_t size);
    void file_data(std::uint32_t id, std::string_view bytes);
    void grants(std::uint32_t more);
    void goes();

    // ---- What it heard and nobody looked at yet
    struct Heard {
        spice::MessageType type = 0;
        ByteVector body;
    };
    std::deque<Heard> inbox;  ///< AGENT_DATA excluded
    struct HeardAgent {
        std::shared_ptr<const ByteVector> body;
        agent::AgentMessage message;
    };
    std::deque<HeardAgent> agent_inbox;
    HeardAgent last;

    /// The body of the next message of this type. Throws where there is none.
    ByteVector next(spice::MessageType type);
    [[nodiscard]] bool heard(spice::MessageType type) const;
    template <class Message>
    Message next() {
        for (auto heard = agent_inbox.begin(); heard != agent_inbox.end(); ++heard)
            if (auto* message = std::get_if<Message>(&heard->message)) {
                const auto taken = *message;
                last = *heard;
                agent_inbox.erase(heard);
                return taken;
            }
        throw BrokenRule{"the client heard no such message of the agent"};
    }
    template <class Message>
    [[nodiscard]] bool heard() const {
        for (const auto& each : agent_inbox)
            if (std::holds_alternative<Message>(each.message)) return true;
        return false;
    }
    [[nodiscard]] std::string next_data() { return std::string{as_text(next<agent::ClipboardData>().data)}; }
    /// Why it was closed; nullopt: it was not.
    [[nodiscard]] std::optional<std::string> closed() const;

    ClientId id{};
    std::size_t may_send = 0;   ///< AGENT_DATA that the bridge takes still
    agent::CapabilitySet told;  ///< what the bridge announced last
    std::size_t pieces = 0;     ///< AGENT_DATA that came
    [[nodiscard]] agent::Dialect dialect() const { return agent::dialect_of(told, kind_.agent); }
    std::array<std::uint32_t, selection_count> serials{};

private:
    bool move();
    void take(const spice::Message& message);
    void take_piece(Bytes piece);

    Scenario& scenario_;
    SpiceKind kind_;
    spice::MessageReader reader_;
    ByteVector message_;  ///< of the agent, under way
    std::size_t message_size_ = 0;
};

}  // namespace vmcbridge::support
