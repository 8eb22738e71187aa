#include "src/policy/policy.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace vmcbridge::policy {
namespace {

TEST(Within, APolicyIsWithinItself) { EXPECT_TRUE(is_within(Policy{}, Policy{})); }

TEST(Within, EachRuleCanBeNarrowedAndNotBack) {
    const std::vector<std::function<void(Policy&)>> narrowings{
        [](Policy& policy) { policy.to_guest.formats = {ClipboardFormat::text}; },
        [](Policy& policy) { policy.from_guest.formats = {}; },
        [](Policy& policy) { policy.to_guest.max_bytes -= 1; },
        [](Policy& policy) { policy.from_guest.max_bytes -= 1; },
        [](Policy& policy) { policy.primary_selection = false; },
        [](Policy& policy) { policy.share_between_clients = false; },
        [](Policy& policy) { policy.files_to_guest = false; },
        [](Policy& policy) { policy.file_max -= 1; },
        [](Policy& policy) { policy.resize = ResizeRule::off; },
        [](Policy& policy) { policy.several_clients = SeveralClients::take_over; },
        [](Policy& policy) { policy.several_clients = SeveralClients::refuse; },
        [](Policy& policy) { policy.spice_session = SpiceSession::refuse; },
        [](Policy& policy) { policy.inputs = InputsRule::lead; },
        [](Policy& policy) { policy.spice_channels.remove(spice::ChannelType::usbredir); },
        [](Policy& policy) { policy.guest_agent = GuestAgentRule::info; },
        [](Policy& policy) { policy.guest_agent = GuestAgentRule::off; },
    };
    Policy outer;
    outer.primary_selection = outer.share_between_clients = true;
    outer.guest_agent = GuestAgentRule::power;
    for (std::size_t each = 0; each < narrowings.size(); ++each) {
        auto inner = outer;
        narrowings[each](inner);
        EXPECT_TRUE(is_within(inner, outer)) << each;
        EXPECT_FALSE(is_within(outer, inner)) << each;
    }
}

TEST(Within, OtherFormatsAreWiderThoughTheyAreFewer) {
    Policy inner;
    inner.to_guest.formats = {ClipboardFormat::file_list};
    EXPECT_FALSE(is_within(inner, Policy{}));
}

}  // namespace
}  // namespace vmcbridge::policy
