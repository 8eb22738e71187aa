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
        return viewer.channels({});
    }
    if (owner_ && world_.settings.policy.spice_session == policy::SpiceSession::refuse) {
        waiting_.push_back(viewer.id());
        viewer.channels({});
        return viewer.tell("somebody else has this machine's display; the clipboard and files are shared");
    }
    if (owner_) take_from(*owner_, "somebody else has taken this machine's display over");
    give_to(viewer);
}

// Where there is no session yet the list comes with it; some clients wait for one before anything else.
void SessionBroker::give_to(SpiceClient& viewer) {
    if (owner_ != viewer.id()) note_given(viewer);
    owner_ = viewer.id();
    viewer.channels(channels_for(viewer));
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

void SessionBroker::note_given(const SpiceClient& viewer) {
    const auto now = world_.trace.now();
    const auto left_out = notes_.take_surplus(now);
    if (!notes_.take(now)) return;
    std::vector<std::pair<std::string_view, std::string>> fields{{"client", std::to_string(viewer.id().raw())}};
    if (left_out > 0) fields.emplace_back("left-out", std::to_string(left_out));
    world_.note("session-given", std::move(fields));
}

void SessionBroker::viewer_gone(ClientId viewer) {
    std::erase(waiting_, viewer);
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
