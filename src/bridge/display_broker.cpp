#include "src/bridge/display_broker.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;
using browser::MonitorsStatus;
using policy::Permission;
using policy::ResizeRule;

namespace {

/// Guests take a new layout about once a frame at best; a window being dragged sends dozens.
constexpr std::chrono::milliseconds debounce{100};

using Hop = TraceStep::Hop;

TraceStep step(Hop hop, ClientId client) {
    return {.topic = TraceStep::Topic::display, .hop = hop, .what = "layout", .client = client};
}

/// Agents check nothing of it. Both zero: it is off.
bool is_sane(const browser::Monitor& m) {
    constexpr std::uint32_t pixels = 65535;
    constexpr std::uint32_t depth = 32;
    return m.width <= pixels && m.height <= pixels && m.depth <= depth;
}

/// "1280x720+0+0, 800x600+1280+0"
std::string to_text(const std::vector<browser::Monitor>& layout) {
    std::string out;
    for (const auto& m : layout) {
        if (!out.empty()) out += ", ";
        out += std::to_string(m.width) + 'x' + std::to_string(m.height) + '+' + std::to_string(m.x) + '+' +
               std::to_string(m.y);
    }
    return out;
}

agent::MonitorsConfig encode(const std::vector<browser::Monitor>& layout, bool sparse) {
    // Physical sizes stay here: vdagentd drops a message that has them, and no agent uses them.
    agent::MonitorsConfig config{.positions = true, .physical_sizes = false, .monitors = {}};
    config.monitors.reserve(layout.size());
    for (const auto& m : layout) {
        // One that is switched off is left out, or zeros with a depth of 0: else Windows takes it for one that is on.
        const bool off = m.width == 0 || m.height == 0;
        if (off && !sparse) continue;
        config.monitors.push_back({.width = off ? 0 : m.width,
                                   .height = off ? 0 : m.height,
                                   .depth = off ? 0 : m.depth,
                                   .x = m.x,
                                   .y = m.y,
                                   .width_mm = 0,
                                   .height_mm = 0});
    }
    return config;
}

}  // namespace

std::optional<Code> DisplayBroker::refuse(const Client& client) const {
    const auto rule = world_.settings.policy.resize;
    if (rule == ResizeRule::off) return Code::disabled;
    if (!client.may(Permission::resize)) return Code::forbidden;
    if (rule == ResizeRule::lead && lead_ != client.id()) return Code::not_lead;
    return std::nullopt;
}

void DisplayBroker::layout_wanted(Client& client, const browser::Monitors& frame, Time now) {
    const auto refuse = [&](Code code, std::string_view why) {
        world_.trace.stopped(step(Hop::from_client, client.id()), code, why);
        client.monitors_done(frame.id, MonitorsStatus::refused, code, why);
    };
    const auto code = this->refuse(client);
    if (code == Code::disabled) return refuse(*code, "resizing is switched off on this machine");
    if (code == Code::forbidden) return refuse(*code, "you may not resize this machine's display");
    if (!std::ranges::all_of(frame.monitors, is_sane))
        return refuse(Code::bad_frame, "a monitor has up to 65535 pixels each way, and up to 32 bits a pixel");
    layouts_[client.id()] = frame.monitors;
    if (code == Code::not_lead)
        return refuse(*code, "another client has the lead; the layout is kept until you get it");
    if (!guest_.is_there()) return refuse(Code::no_agent, "the layout is kept until an agent is there");
    if (!guest_.can(Capability::monitors_config)) return refuse(Code::not_supported, "the agent can't resize");
    world_.trace.passed(step(Hop::from_client, client.id()), to_text(frame.monitors));
    apply(client.id(), frame.id, true, now);
}

void DisplayBroker::apply(ClientId client, std::optional<RequestId> request, bool wants_result, Time now) {
    auto due = now + debounce;
    if (pending_) {
        due = pending_->due;
        tell(*pending_, MonitorsStatus::superseded, std::nullopt, "a newer layout took its place");
    }
    pending_ = Asked{.client = client, .request = request, .due = due, .answered = !wants_result};
}

void DisplayBroker::send_pending(Time now) {
    auto asked = *std::exchange(pending_, std::nullopt);
    const auto layout = layouts_.find(asked.client);
    if (layout == layouts_.end()) return;
    world_.trace.passed(step(Hop::to_guest, asked.client), to_text(layout->second));
    guest_.send(encode(layout->second, guest_.can(Capability::sparse_monitors_config)));
    if (!guest_.can(Capability::reply)) {
        tell(asked, MonitorsStatus::unanswered, Code::not_supported, "this agent does not say whether it applied it");
        return;
    }
    asked.due = now + world_.settings.limits.request_deadline;
    sent_.push_back(asked);
}

void DisplayBroker::guest_replied(const agent::Reply& reply) {
    if (reply.type != AgentType::monitors_config || sent_.empty()) return;
    const auto asked = sent_.front();
    sent_.pop_front();
    if (reply.success) {
        tell(asked, MonitorsStatus::applied, std::nullopt, "");
    } else {
        tell(asked, MonitorsStatus::refused, Code::guest_error, "the agent refused the layout");
    }
}

void DisplayBroker::excuse_guest(Time now) {
    for (auto& asked : sent_) asked.due = now + world_.settings.limits.request_deadline;
}

void DisplayBroker::handle_timeout(Time now) {
    if (pending_ && pending_->due <= now) send_pending(now);
    while (!sent_.empty() && sent_.front().due <= now) {
        tell(sent_.front(), MonitorsStatus::unanswered, Code::timeout, "the agent did not answer");
        sent_.pop_front();
    }
}

std::optional<Time> DisplayBroker::poll_timeout() const {
    std::optional<Time> next;
    if (pending_) next = pending_->due;
    if (!sent_.empty()) next = earlier(next, sent_.front().due);
    return next;
}

void DisplayBroker::tell(const Asked& asked, MonitorsStatus status, std::optional<Code> code,
                         std::string_view message) {
    const bool applied = status == MonitorsStatus::applied;
    const auto last = step(Hop::to_client, asked.client);
    if (applied || status == MonitorsStatus::superseded)
        world_.trace.passed(last, applied ? "applied" : message);
    else
        world_.trace.stopped(last, code.value_or(Code::guest_error), message);
    if (asked.answered) return;
    if (auto* client = world_.find(asked.client)) client->monitors_done(asked.request, status, code, message);
}

// ---- The lead

void DisplayBroker::lead_wanted(Client& client, Time now) {
    if (world_.settings.policy.resize == ResizeRule::off)
        return client.refused(Code::disabled, "lead", "resizing is switched off on this machine");
    if (!client.may(Permission::resize))
        return client.refused(Code::forbidden, "lead", "you may not resize this machine's display");
    set_lead(client.id(), now);
}

bool DisplayBroker::client_came(const Client& client) {
    if (lead_ || !client.may(Permission::resize)) return false;
    lead_ = client.id();
    for (const auto& [id, each] : world_.clients)
        if (id != client.id()) each->lead_changed(lead_);
    return true;
}

void DisplayBroker::client_gone(ClientId client, Time now) {
    layouts_.erase(client);
    if (pending_ && pending_->client == client) pending_.reset();
    if (lead_ == client) pass_lead_on(now);
}

void DisplayBroker::settings_changed(Time now) {
    const auto* asked = pending_ ? world_.find(pending_->client) : nullptr;
    if (asked && !asked->may(Permission::resize)) {
        tell(*pending_, MonitorsStatus::refused, Code::disabled, "resizing was switched off on this machine");
        pending_.reset();
    }
    const auto* lead = lead_ ? world_.find(*lead_) : nullptr;
    if (!lead || !lead->may(Permission::resize)) pass_lead_on(now);
}

void DisplayBroker::pass_lead_on(Time now) {
    const Client* next = nullptr;
    for (const auto& [id, client] : world_.clients)
        if (client->may(Permission::resize) && (!next || client->last_active > next->last_active)) next = client.get();
    set_lead(next ? std::optional{next->id()} : std::nullopt, now);
}

void DisplayBroker::set_lead(std::optional<ClientId> client, Time now) {
    const auto changed = std::exchange(lead_, client) != client;
    for (const auto& [id, each] : world_.clients)
        if (changed || id == client) each->lead_changed(lead_);
    if (changed) apply_lead_layout(now);
}

void DisplayBroker::apply_lead_layout(Time now) {
    if (lead_ && layouts_.contains(*lead_) && guest_.can(Capability::monitors_config))
        apply(*lead_, std::nullopt, false, now);
}

// ---- The agent

void DisplayBroker::agent_came(Time now) { apply_lead_layout(now); }

void DisplayBroker::agent_went() {
    if (pending_) tell(*pending_, MonitorsStatus::refused, Code::agent_gone, "the agent went; the layout is kept");
    for (const auto& asked : sent_)
        tell(asked, MonitorsStatus::unanswered, Code::agent_gone, "the agent went before it answered");
    pending_.reset();
    sent_.clear();
}

}  // namespace vmcbridge::bridge
