#pragma once

#include "proto/agent/message.hpp"
#include "src/bridge/guest_writer.hpp"
#include "src/bridge/world.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmcbridge::bridge {

/// The conversation with one guest's agent: is it there, what can it do, what is written to it.
///
///   gone -> (connection) -> asking -> (its answer, or its own announcement and a second's silence) -> there
///
/// ANNOUNCE(request) makes a Linux agent drop clipboards and transfers, so it is sent once for each agent that comes,
/// never for a client; an agent that announces itself again has been restarted behind a port that did not close.
class GuestSession {
public:
    GuestSession(World& world, FileSource& files) noexcept : world_{world}, writer_{files} {}

    enum class Change : std::uint8_t { none, came, went, came_back, capabilities };

    void connected();
    /// Returns went where an agent had been there.
    [[nodiscard]] Change gone();
    /// came_back: everything that the old agent knew is void, as after went and came.
    [[nodiscard]] Change announced(const agent::AnnounceCapabilities& message, Time now);
    [[nodiscard]] Change handle_timeout(Time now);
    [[nodiscard]] std::optional<Time> poll_timeout() const noexcept { return deadline_; }
    /// Policy changed: the agent is told what we can do now, and what it may send.
    void settings_changed();

    [[nodiscard]] bool has_connection() const noexcept { return state_ != State::gone; }
    [[nodiscard]] bool is_there() const noexcept { return state_ == State::there; }
    [[nodiscard]] bool can(agent::Capability c) const noexcept { return is_there() && capabilities_.has(c); }
    [[nodiscard]] agent::CapabilitySet capabilities() const noexcept { return capabilities_; }
    /// How both ends write to each other now.
    [[nodiscard]] agent::Dialect dialect() const noexcept;
    /// Guest text has CRLF line ends (Windows).
    [[nodiscard]] bool wants_crlf() const noexcept { return can(agent::Capability::guest_lineend_crlf); }

    /// Queues a message; nothing without a connection.
    void send(const agent::AgentMessage& message, ChunkPort port = ChunkPort::client);
    [[nodiscard]] GuestWriter& writer() noexcept { return writer_; }
    [[nodiscard]] const GuestWriter& writer() const noexcept { return writer_; }

private:
    enum class State : std::uint8_t { gone, asking, there };
    void ask();
    Change settle(agent::CapabilitySet capabilities);
    void tell_maximum();
    [[nodiscard]] agent::CapabilitySet our_capabilities() const noexcept;

    World& world_;
    GuestWriter writer_;
    State state_ = State::gone;
    agent::CapabilitySet ours_;          ///< as we announced them
    agent::CapabilitySet capabilities_;  ///< theirs
    std::optional<Time> deadline_;       ///< of the answer to our question
    std::int32_t told_maximum_ = 0;      ///< MAX_CLIPBOARD of this agent; 0: not told
};

/// The most likely agent behind an announced word: "spice-vdagent 0.20 or newer". Empty: no guess.
[[nodiscard]] std::string guess_agent(agent::CapabilitySet capabilities);

}  // namespace vmcbridge::bridge
