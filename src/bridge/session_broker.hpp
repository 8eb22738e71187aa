#pragma once

#include "src/bridge/rate.hpp"
#include "src/bridge/upstream_session.hpp"
#include "src/bridge/world.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

/// Who has the session of the SPICE server behind the machine: its picture, its keys, its sound. One viewer at a time.
///
/// A viewer that asks for channels takes the session over from who has it, or is refused, as policy says; it is told
/// in a NOTIFY, and who lost the session loses its channels. When the viewer goes, or may not have it any more, who
/// asked last and may gets it.
class SessionBroker {
public:
    explicit SessionBroker(World& world) noexcept : world_{world} {}

    /// What the server says now; nullopt: there is none, or it can't be reached.
    void session_changed(std::optional<UpstreamSession> session, Time now);
    /// For the INIT of a viewer that comes.
    [[nodiscard]] std::optional<UpstreamSession> view(Time now) const;
    /// It asks for the list of channels.
    void channels_wanted(SpiceClient& viewer);
    void mouse_mode_wanted(const SpiceClient& viewer, std::uint16_t mode);
    /// It is gone from the world already.
    void viewer_gone(ClientId viewer);
    void settings_changed();

    /// May it open this channel now, and what it said on it before go on?
    [[nodiscard]] bool may_open(const SpiceClient& viewer, spice::ChannelId channel) const;
    /// Do its keys and clicks reach the guest?
    [[nodiscard]] bool may_input(const SpiceClient& viewer, std::optional<ClientId> lead) const;
    /// A press of it did not reach the guest.
    void input_held(SpiceClient& viewer);

private:
    using Fields = std::vector<std::pair<std::string_view, std::string>>;

    [[nodiscard]] bool is_permitted(const SpiceClient& viewer) const;
    [[nodiscard]] std::vector<spice::ChannelId> channels_for(const SpiceClient& viewer) const;
    void give_to(SpiceClient& viewer);
    void take_from(ClientId viewer, std::string_view why);
    void pass_on();
    /// What the owner has open is looked at again.
    void review();
    /// Says which of the server's channels the rules keep from it, once until that changes.
    void tell_left_out(SpiceClient& viewer);
    /// In the log, unless there was too much of it lately.
    void note(std::string_view event, const SpiceClient& viewer, Fields more = {});

    World& world_;
    std::optional<UpstreamSession> session_;
    Time told_{};  ///< when the server's clock was what session_ says
    std::optional<ClientId> owner_;
    std::vector<ClientId> waiting_;                    ///< who asked and has it not, the last one last
    std::map<ClientId, policy::ChannelSet> left_out_;  ///< what each was told of
    /// Two viewers can take it from each other as fast as they write.
    Rate notes_{60, std::chrono::minutes{1}};
};

}  // namespace vmcbridge::bridge
