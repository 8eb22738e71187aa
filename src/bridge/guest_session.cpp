#include "src/bridge/guest_session.hpp"

#include "proto/agent/codec.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using agent::CapabilitySet;

namespace {

/// An agent that announced itself and does not answer our question within this time is taken at its first word.
constexpr std::chrono::milliseconds answer_time{1000};

constexpr CapabilitySet announced_to_guests{
    Capability::mouse_state,
    Capability::monitors_config,
    Capability::reply,
    Capability::display_config,
    Capability::clipboard_by_demand,
    Capability::clipboard_selection,
    Capability::monitors_config_position,
    Capability::file_xfer_detailed_errors,
    Capability::clipboard_no_release_on_regrab,
    Capability::clipboard_grab_serial,
};

/// Agents answer a copy over MAX_CLIPBOARD with nothing, which nobody can tell from an empty copy. So the guest is told
/// far more than what the policy lets through, and what is too large is refused by its announced size.
std::int32_t told_maximum(std::uint64_t limit) {
    constexpr std::uint64_t least = 256 * policy::mebibyte;
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(limit > most / 8 ? most : limit * 8, least, most));
}

}  // namespace

void GuestSession::connected() {
    writer_.reset();
    ask();
}

void GuestSession::ask() {
    state_ = State::asking;
    deadline_.reset();
    capabilities_ = {};
    told_maximum_ = 0;
    ours_ = our_capabilities();
    send(agent::AnnounceCapabilities{.request = true, .capabilities = ours_});
}

CapabilitySet GuestSession::our_capabilities() const noexcept {
    auto set = announced_to_guests;
    const auto& policy = world_.settings.policy;
    if (policy.to_guest.formats.empty() && policy.from_guest.formats.empty()) {
        set.remove(Capability::clipboard_by_demand);
        set.remove(Capability::clipboard_selection);
        set.remove(Capability::clipboard_grab_serial);
        set.remove(Capability::clipboard_no_release_on_regrab);
    }
    return set;
}

GuestSession::Change GuestSession::gone() {
    const auto was_there = is_there();
    state_ = State::gone;
    capabilities_ = {};
    deadline_.reset();
    writer_.reset();
    return was_there ? Change::went : Change::none;
}

GuestSession::Change GuestSession::announced(const agent::AnnounceCapabilities& message, Time now) {
    if (state_ == State::gone) return Change::none;
    if (!message.request) return settle(message.capabilities);
    const auto was_there = is_there();
    if (was_there) {
        writer_.drop_queued();
        ask();
    }
    capabilities_ = message.capabilities;
    deadline_ = now + answer_time;
    if (was_there) return Change::came_back;
    send(agent::AnnounceCapabilities{.request = false, .capabilities = ours_});
    return Change::none;
}

GuestSession::Change GuestSession::settle(CapabilitySet capabilities) {
    const auto before = std::exchange(capabilities_, capabilities);
    if (state_ == State::there) return before == capabilities ? Change::none : Change::capabilities;
    state_ = State::there;
    deadline_.reset();
    tell_maximum();
    return Change::came;
}

void GuestSession::tell_maximum() {
    const auto bytes = told_maximum(world_.settings.policy.from_guest.max_bytes);
    if (can(Capability::max_clipboard) && std::exchange(told_maximum_, bytes) != bytes)
        send(agent::MaxClipboard{.bytes = bytes});
}

void GuestSession::settings_changed() {
    // Without a question: one would make the agent drop its clipboards and transfers.
    if (std::exchange(ours_, our_capabilities()) != our_capabilities())
        send(agent::AnnounceCapabilities{.request = false, .capabilities = ours_});
    tell_maximum();
}

GuestSession::Change GuestSession::handle_timeout(Time now) {
    if (!deadline_ || now < *deadline_) return Change::none;
    return settle(capabilities_);
}

agent::Dialect GuestSession::dialect() const noexcept { return agent::dialect_of(ours_, capabilities_); }

void GuestSession::send(const agent::AgentMessage& message, ChunkPort port) {
    if (state_ != State::gone) writer_.send(port, message, dialect());
}

std::string guess_agent(CapabilitySet capabilities) {
    static constexpr std::array<std::pair<std::uint32_t, std::string_view>, 9> known{{
        {0x000000E7, "spice-vdagent 0.14"},
        {0x000001E7, "spice-vdagent 0.15"},
        {0x00000DE7, "spice-vdagent 0.16 to 0.18"},
        {0x00008DE7, "spice-vdagent 0.19"},
        {0x00038DE7, "spice-vdagent 0.20 or newer"},
        {0x000006B7, "Windows vd_agent 0.9 or 0.10"},
        {0x00020061, "QEMU qemu-vdagent"},
        {0x00000001, "QEMU qemu-vdagent (mouse only)"},
        {0x00000060, "tart-guest-agent"},
    }};
    auto word = capabilities;
    word.remove(Capability::file_xfer_disabled);
    const auto found = std::ranges::find(known, word.word(), &std::pair<std::uint32_t, std::string_view>::first);
    if (found != known.end()) return std::string{found->second};
    if (capabilities.has(Capability::guest_lineend_crlf)) return "a Windows agent";
    if (capabilities.has(Capability::guest_lineend_lf)) return "a Linux agent";
    return {};
}

}  // namespace vmcbridge::bridge
