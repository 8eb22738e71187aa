#include "src/bridge/session_broker.hpp"

#include "src/bridge/spice_client.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

using policy::InputsRule;

void SessionBroker::session_changed(std::optional<UpstreamSession> session, Time now) {
    const auto before = std::exchange(session_, std::move(session));
    if (!session_) return review();
    const bool has_other_clock = !before || before->multi_media_time != session_->multi_media_time;
    if (has_other_clock) told_ = now;
    for (auto* viewer : world_.spice_clients()) {
        viewer->mouse_changed({.supported = session_->mouse_modes, .current = session_->mouse_mode});
        if (has_other_clock) viewer->clock_changed(session_->multi_media_time);
    }
    const bool has_other_channels = !before || before->id != session_->id || before->channels != session_->channels;
    if (!has_other_channels) return;
    review();
    auto* const owner = owner_ ? world_.find_spice(*owner_) : nullptr;
    if (owner) return give_to(*owner);
    pass_on();
}

std::optional<UpstreamSession> SessionBroker::view(Time now) const {
    auto view = session_;
    if (view)
        view->multi_media_time +=
            static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now - told_).count());
    return view;
}

std::vector<spice::ChannelId> SessionBroker::channels_for(const SpiceClient& viewer) const {
    std::vector<spice::ChannelId> channels;
    if (!session_) return channels;
    const auto permitted = policy::permitted_channels(world_.settings.policy, viewer.rights);
    std::ranges::copy_if(session_->channels, std::back_inserter(channels),
                         [&](const auto& each) { return permitted.has(each.type); });
    return channels;
}

bool SessionBroker::is_permitted(const SpiceClient& viewer) const {
    return !policy::permitted_channels(world_.settings.policy, viewer.rights).empty();
}

void SessionBroker::channels_wanted(SpiceClient& viewer) {
    if (owner_ == viewer.id()) return give_to(viewer);
    std::erase(waiting_, viewer.id());
    if (!is_permitted(viewer)) {
        waiting_.push_back(viewer.id());  // until it is
        viewer.channels({});
        return tell_left_out(viewer);
    }
    if (owner_ && world_.settings.policy.spice_session == policy::SpiceSession::refuse) {
        waiting_.push_back(viewer.id());
        viewer.channels({});
        note("session-refused", viewer);
        return viewer.tell("somebody else has this machine's display; the clipboard and files are shared");
    }
    if (owner_) take_from(*owner_, "somebody else has taken this machine's display over");
    give_to(viewer);
}

// Where there is no session yet the list comes with it; some clients wait for one before anything else.
void SessionBroker::give_to(SpiceClient& viewer) {
    if (owner_ != viewer.id()) note("session-given", viewer);
    owner_ = viewer.id();
    viewer.channels(channels_for(viewer));
    tell_left_out(viewer);
}

void SessionBroker::tell_left_out(SpiceClient& viewer) {
    if (!session_) return;
    const auto permitted = policy::permitted_channels(world_.settings.policy, viewer.rights);
    policy::ChannelSet left_out;
    std::string names;
    for (const auto type : policy::session_channels) {
        if (permitted.has(type) || std::ranges::count(session_->channels, type, &spice::ChannelId::type) == 0) continue;
        left_out.add(type);
        (names += names.empty() ? "" : ", ") += spice::name(type);
    }
    if (left_out == std::exchange(left_out_[viewer.id()], left_out) || left_out.empty()) return;
    const bool is_dark = left_out.has(spice::ChannelType::display);
    viewer.tell("not allowed on this machine: " + names,
                is_dark ? SPICE_NOTIFY_SEVERITY_WARN : SPICE_NOTIFY_SEVERITY_INFO);
    note("channels-left-out", viewer, {{"channels", names}});
}

void SessionBroker::input_held(SpiceClient& viewer) {
    if (owner_ != viewer.id()) return;
    const bool is_off = world_.settings.policy.inputs == InputsRule::off;
    viewer.tell(is_off ? "keys and clicks are not allowed on this machine"
                       : "somebody else has the lead on this machine: only their keys and clicks reach it",
                SPICE_NOTIFY_SEVERITY_INFO);
    note("inputs-held", viewer, {{"rule", is_off ? "off" : "lead"}});
}

void SessionBroker::take_from(ClientId viewer, std::string_view why) {
    review();
    owner_.reset();
    auto* const client = world_.find_spice(viewer);
    if (!client) return;
    waiting_.push_back(viewer);
    client->tell(why);
}

void SessionBroker::pass_on() {
    const auto may_have_it = [&](ClientId id) {
        const auto* const viewer = world_.find_spice(id);
        return viewer && is_permitted(*viewer);
    };
    const auto last = std::find_if(waiting_.rbegin(), waiting_.rend(), may_have_it);
    if (last == waiting_.rend()) return;
    auto& viewer = *world_.find_spice(*last);
    std::erase(waiting_, viewer.id());
    give_to(viewer);
}

void SessionBroker::review() {
    if (owner_) world_.events.emplace_back(ReviewChannels{.client = *owner_});
}

void SessionBroker::note(std::string_view event, const SpiceClient& viewer, Fields more) {
    const auto now = world_.trace.now();
    const auto left_out = notes_.take_surplus(now);
    if (!notes_.take(now)) return;
    more.insert(more.begin(), {"client", std::to_string(viewer.id().raw())});
    if (left_out > 0) more.emplace_back("left-out", std::to_string(left_out));
    world_.note(event, std::move(more));
}

void SessionBroker::viewer_gone(ClientId viewer) {
    std::erase(waiting_, viewer);
    left_out_.erase(viewer);
    if (owner_ != viewer) return;
    review();
    owner_.reset();
    pass_on();
}

void SessionBroker::settings_changed() {
    if (!owner_) return pass_on();
    auto* const owner = world_.find_spice(*owner_);
    if (owner && !is_permitted(*owner)) {
        take_from(*owner_, "this machine's display was switched off for you");
        pass_on();
    } else {
        review();
        if (owner) tell_left_out(*owner);
    }
}

void SessionBroker::mouse_mode_wanted(const SpiceClient& viewer, std::uint16_t mode) {
    if (owner_ == viewer.id() && session_) world_.events.emplace_back(WantMouseMode{.mode = mode});
}

bool SessionBroker::may_open(const SpiceClient& viewer, spice::ChannelId channel) const {
    return owner_ == viewer.id() && std::ranges::count(channels_for(viewer), channel) > 0;
}

bool SessionBroker::may_input(const SpiceClient& viewer, std::optional<ClientId> lead) const {
    if (owner_ != viewer.id()) return false;
    switch (world_.settings.policy.inputs) {
        case InputsRule::off: return false;
        case InputsRule::lead: return lead == viewer.agent_client();
        case InputsRule::any: return true;
    }
    return false;
}

}  // namespace vmcbridge::bridge
