// The connection, the agent that comes and goes, display and files. The clipboard is in spice_client_clipboard.cpp.
#include "src/bridge/spice_client.hpp"

#include "src/bridge/spice_habits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using agent::CapabilitySet;
using browser::Code;
using policy::Permission;

namespace {

/// A client that lets this much wait is not read until it took some, or gets no more tokens where it waits for those of
/// the client itself, which must be read: what it asks for is what waits.
constexpr std::size_t small_before_pause = 64 * 1024;
/// The same thing is said to a client once in this time.
constexpr std::chrono::seconds notify_interval{30};
spice::HeaderKind header_of(const SpiceLink& link) {
    return link.capabilities.has_common(SPICE_COMMON_CAP_MINI_HEADER) ? spice::HeaderKind::mini
                                                                      : spice::HeaderKind::full;
}

/// What a person in front of a stock client may want to know; the rest is between programs.
bool concerns_people(Code code) {
    switch (code) {
        case Code::policy_direction:
        case Code::policy_format:
        case Code::policy_name:
        case Code::policy_rate:
        case Code::policy_content:
        case Code::forbidden:
        case Code::disabled:
        case Code::not_lead:
        case Code::too_large: return true;
        default: return false;
    }
}

agent::FileStatus status_of(const browser::FileStatus& status) {
    switch (status.status) {
        case browser::FileState::accepted: return agent::FileStatus::can_send_data;
        case browser::FileState::done: return agent::FileStatus::success;
        case browser::FileState::cancelled: return agent::FileStatus::cancelled;
        case browser::FileState::progress:
        case browser::FileState::error: break;
    }
    switch (status.code.value_or(Code::guest_error)) {
        case Code::no_space: return agent::FileStatus::not_enough_space;
        case Code::session_locked: return agent::FileStatus::session_locked;
        case Code::no_session: return agent::FileStatus::agent_not_connected;
        case Code::disabled:
        case Code::forbidden: return agent::FileStatus::disabled;
        default: return agent::FileStatus::error;
    }
}

void remove_clipboard(CapabilitySet& set) {
    for (const auto each :
         {Capability::clipboard, Capability::clipboard_by_demand, Capability::clipboard_selection,
          Capability::clipboard_grab_serial, Capability::clipboard_no_release_on_regrab, Capability::max_clipboard})
        set.remove(each);
}

}  // namespace

SpiceClient::SpiceClient(ClientId id, ClientProfile profile, World& world, SpiceLink link)
    : Client{id, std::move(profile)},
      world_{world},
      link_{link},
      out_{header_of(link)},
      reader_{header_of(link), spice::client_message_limit} {}

// ---- The connection

void SpiceClient::mark_ready() { world_.ready.push_back(id()); }

void SpiceClient::welcome(const AgentView& agent, const std::optional<UpstreamSession>& session) {
    agent_ = agent;
    talk_ = agent.connected ? Talk::offered : Talk::away;
    spice::Init init{.session = link_.session, .agent_connected = agent.connected, .agent_tokens = tokens_.window()};
    if (session) {
        init.display_channels_hint = session->display_channels_hint;
        init.mouse_modes = mouse_.supported = session->mouse_modes;
        init.mouse_mode = mouse_.current = session->mouse_mode;
        init.multi_media_time = session->multi_media_time;
        init.ram_hint = session->ram_hint;
    }
    out_.send(init);
    if (link_.capabilities.has_channel(SPICE_MAIN_CAP_NAME_AND_UUID)) {
        out_.send(spice::Name{.text = session && !session->name.empty() ? session->name : world_.vm});
        out_.send(spice::Uuid{.bytes = session && session->uuid && !link_.has_own_uuid ? *session->uuid : link_.uuid});
    }
    mark_ready();
}

void SpiceClient::ping() {
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(world_.trace.now().time_since_epoch());
    out_.send(spice::Ping{.id = ++pings_, .timestamp = static_cast<std::uint64_t>(now.count())});
    mark_ready();
}

void SpiceClient::mouse_changed(spice::MouseModes modes) {
    if (std::exchange(mouse_, modes) == modes) return;
    out_.send(modes);
    mark_ready();
}

void SpiceClient::clock_changed(std::uint32_t multi_media_time) {
    out_.send(spice::MultiMediaTime{.time = multi_media_time});
    mark_ready();
}

void SpiceClient::channels(std::vector<spice::ChannelId> channels) {
    out_.send(spice::ChannelsList{.channels = std::move(channels)});
    mark_ready();
}

bool SpiceClient::is_readable() const noexcept { return out_.channel_bytes() < small_before_pause; }

std::size_t SpiceClient::poll(MutableBytes out) {
    if (out_.can_send_agent() && talk_ == Talk::announced) {
        if (std::exchange(announce_due_, false)) announce();
        tell_offers();
    }
    const auto was_readable = is_readable();
    const auto count = out_.poll(out, world_.trace.now());
    if (!was_readable && is_readable()) mark_ready();
    refund();
    if (const auto failed = out_.take_failed())
        answer_failed(*failed, Code::no_space, "the contents could not be read back");
    std::erase_if(requests_, [&](const auto& each) { return each.second.opened && !out_.has(each.first); });
    return count;
}

void SpiceClient::tell(std::string_view text, std::uint32_t severity) {
    out_.send(spice::Notify{.severity = severity, .text = text});
    mark_ready();
}

void SpiceClient::refused(Code code, std::string_view about, std::string_view message) {
    if (!concerns_people(code)) return;
    const auto now = world_.trace.now();
    auto& last = notified_[std::string{about} + ' ' + std::string{browser::name(code)}];
    if (last != Time{} && now - last < notify_interval) return;
    last = now;
    tell(message);
}

// ---- The agent comes and goes

void SpiceClient::agent_changed(const AgentView& agent) {
    const auto before = std::exchange(agent_, agent);
    if (agent.connected && talk_ == Talk::away) return connect_agent();
    if (!agent.connected && talk_ != Talk::away) {
        out_.finish_small();  // how its files ended: spice-html5 waits for that even longer than for the agent
        out_.send(spice::AgentDisconnected{});
        forget_conversation();
        talk_ = Talk::away;
        return mark_ready();
    }
    if (before != agent && talk_ == Talk::announced) announce_due_ = true;
    mark_ready();
}

void SpiceClient::rights_changed(const policy::Policy&) {
    if (talk_ == Talk::announced) announce_due_ = true;
    mark_ready();
}

void SpiceClient::connect_agent() {
    talk_ = Talk::offered;
    if (link_.capabilities.has_channel(SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS)) {
        tokens_.count_anew();
        out_.send(spice::AgentConnectedTokens{.tokens = tokens_.window()});
    } else {
        out_.send(spice::AgentConnected{});
    }
    mark_ready();
}

void SpiceClient::forget_conversation() {
    out_.clear_agent();
    drops_rest_ |= habits::is_purespice(link_.capabilities, theirs_);
    theirs_ = {};
    announce_due_ = false;
    most_.reset();
    for (auto& each : offers_) each = {.formats = each.formats, .grabs = each.grabs};
    incoming = {};
    stale_ = assembler_.is_amid_message();
    requests_.clear();
    questions_.clear();
    restarted_ = true;
}

void SpiceClient::restart() {
    out_.send(spice::AgentDisconnected{});
    forget_conversation();
    connect_agent();
}

void SpiceClient::agent_started(std::uint32_t tokens) {
    if (talk_ == Talk::away) return;  // it has not read yet that the agent went
    out_.set_tokens(tokens);
    tokens_.started();
    mark_ready();
    if (talk_ != Talk::offered) return;
    talk_ = Talk::started;
    if (std::exchange(drops_rest_, false)) assembler_.reset();
    stale_ = assembler_.is_amid_message();
}

void SpiceClient::granted(std::uint32_t tokens) {
    if (talk_ < Talk::started) return;
    out_.add_tokens(tokens);
    mark_ready();
}

bool SpiceClient::take_token() noexcept {
    if (talk_ < Talk::started) return true;  // thrown away; the next AGENT_CONNECTED counts anew
    return tokens_.take();
}

void SpiceClient::refund() {
    if (talk_ < Talk::started || out_.agent_bytes() >= small_before_pause) return;
    const auto tokens = tokens_.take_refund();
    if (tokens == 0) return;
    out_.send(spice::AgentToken{.tokens = tokens});
    mark_ready();
}

Result<std::optional<vdi::PortEvent>> SpiceClient::next_event(Bytes& bytes) {
    for (;;) {
        auto event = assembler_.next(bytes, dialect());
        if (!event || !*event) return event;
        const auto is_stale = stale_ || talk_ < Talk::started;
        if (!assembler_.is_amid_message()) stale_ = false;
        if (!is_stale) return event;
    }
}

// ---- Capabilities

agent::Dialect SpiceClient::dialect() const noexcept {
    return {
        .selection = theirs_.has(Capability::clipboard_selection) && !habits::is_purespice(link_.capabilities, theirs_),
        .grab_serial = theirs_.has(Capability::clipboard_grab_serial)};
}

/// The guest's agent, as far as this client may use it, in the newest dialect: the bridge speaks that for any guest.
CapabilitySet SpiceClient::shown() const {
    auto set = agent_.capabilities;
    if (!may(Permission::clipboard_to_guest) && !may(Permission::clipboard_from_guest)) remove_clipboard(set);
    if (set.has(Capability::clipboard_by_demand)) {
        set.add(Capability::clipboard_selection);
        set.add(Capability::clipboard_grab_serial);
        set.add(Capability::max_clipboard);
        if (habits::is_purespice(link_.capabilities, theirs_)) set.remove(Capability::clipboard_selection);
    }
    if (set.has(Capability::guest_lineend_crlf)) {  // the bridge converts
        set.remove(Capability::guest_lineend_crlf);
        set.add(Capability::guest_lineend_lf);
    }
    if (!may(Permission::files_to_guest)) set.add(Capability::file_xfer_disabled);
    if (!may(Permission::volume)) set.remove(Capability::audio_volume_sync);
    if (!may(Permission::mouse)) set.remove(Capability::mouse_state);
    if (!may(Permission::resize)) {
        set.remove(Capability::monitors_config);
        set.remove(Capability::sparse_monitors_config);
    }
    return set;
}

void SpiceClient::send_agent(const agent::AgentMessage& message) {
    out_.send_agent(message, dialect());
    mark_ready();
}

void SpiceClient::announce() { send_agent(agent::AnnounceCapabilities{.request = false, .capabilities = shown()}); }

bool SpiceClient::announced(const agent::AnnounceCapabilities& message) {
    const bool is_first = talk_ == Talk::started;
    theirs_ = message.capabilities;
    talk_ = Talk::announced;
    if (message.request)
        for (auto& each : offers_) each.serial = 0;
    if (is_first || message.request) announce();
    for (auto& each : offers_) each.pending |= !each.formats.empty();
    mark_ready();
    return is_first;
}

// ---- Display and files

void SpiceClient::monitors_done(std::optional<RequestId>, browser::MonitorsStatus status, std::optional<Code> code,
                                std::string_view message) {
    if (status == browser::MonitorsStatus::unanswered || talk_ != Talk::announced) return;
    const bool success = status != browser::MonitorsStatus::refused;
    if (theirs_.has(Capability::reply) &&
        !habits::reads_one_piece(link_.capabilities))  // spice-html5 says so and knows none
        send_agent(agent::Reply{.type = AgentType::monitors_config, .success = success});
    if (!success && code) refused(*code, "monitors", message);
}

void SpiceClient::file_changed(const browser::FileStatus& status) {
    if (status.status == browser::FileState::progress) return;
    if (status.status != browser::FileState::accepted) {
        tokens_.forget(status.id);
        refund();
        if (status.code) refused(*status.code, "file", status.message);
    }
    if (talk_ < Talk::started || given_up_ == status.id) return;
    agent::FileTransferStatus message{.id = TransferId{static_cast<std::uint32_t>(status.id)},
                                      .status = status_of(status)};
    const bool is_detailed = theirs_.has(Capability::file_xfer_detailed_errors);
    if (!is_detailed && message.status > agent::FileStatus::success) message.status = agent::FileStatus::error;
    if (is_detailed) message.free_bytes = status.free_bytes.value_or(0);
    send_agent(message);
}

void SpiceClient::holds(RequestId file, std::size_t bytes) { tokens_.hold(file, bytes); }

void SpiceClient::file_consumed(RequestId file, std::size_t bytes) {
    tokens_.release(file, bytes);
    refund();
}

}  // namespace vmcbridge::bridge
