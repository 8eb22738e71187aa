#include "src/bridge/trace.hpp"

#include "proto/limits.hpp"
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::bridge {
namespace {

using namespace support;
using policy::Permission;

constexpr TraceStep a_step{
    .topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::from_guest, .what = "grab", .client = {}};

/// One line an event: "guest to bridge: grab (text/plain)", and "client 2" and the code where there are such.
std::string story(const Scenario& s) {
    std::string out;
    for (const auto& event : s.hub.trace()) {
        out += std::string{name(event.step.hop)} + ": " + std::string{event.step.what};
        if (event.step.client) out += " of " + std::to_string(event.step.client->raw());
        if (event.code) out += ", " + std::string{browser::name(*event.code)};
        if (!event.code && !event.detail.empty()) out += " (" + event.detail + ')';
        out += '\n';
    }
    return out;
}

TEST(Trace, ForgetsTheOldestAndGoesOnCounting) {
    Trace trace;
    for (std::size_t i = 0; i < limits::trace_events + 10; ++i) trace.passed(a_step);
    EXPECT_EQ(trace.events().size(), limits::trace_events);
    EXPECT_EQ(trace.events().front().number, 11U);
    EXPECT_EQ(trace.events().back().number, limits::trace_events + 10);
}

TEST(Trace, CutsLongWordsBetweenCharacters) {
    Trace trace;
    std::string words;
    while (words.size() < 2 * limits::trace_detail) words += "\xE6\xBC\xA2";  // three bytes each
    trace.passed(a_step, words);
    EXPECT_EQ(trace.events().back().detail.size(), limits::trace_detail / 3 * 3);
}

TEST(Trace, StampsWhatHappensWithTheTimeOfTheCall) {
    Scenario s;
    s.guest.grabs({text});
    const auto first = s.hub.trace().back().at;
    s.advance(3s);
    s.guest.grabs({text});
    EXPECT_EQ(s.hub.trace().back().at - first, 3s);
}

TEST(Trace, TellsTheWayOfACopyFromGuestToClient) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.requests(1, text);
    s.guest.answers("hello");
    EXPECT_EQ(story(s),
              "guest to bridge: grab (text/plain)\n"
              "bridge to client: offer of 1 (text/plain)\n"
              "client to bridge: request of 1 (text/plain)\n"
              "bridge to guest: request (text/plain)\n"
              "guest to bridge: data (text/plain, 5 bytes)\n"
              "bridge to client: data of 1 (text/plain, 5 bytes)\n");
}

TEST(Trace, TellsTheWayOfACopyFromClientToGuest) {
    Scenario s;
    auto& alice = s.joins();
    alice.grabs({text});
    s.guest.requests(text);
    alice.answers(alice.asked(), "hello");
    EXPECT_EQ(story(s),
              "client to bridge: grab of 1 (text/plain)\n"
              "bridge to guest: grab of 1 (text/plain)\n"
              "guest to bridge: request (text/plain)\n"
              "bridge to client: request of 1 (text/plain)\n"
              "client to bridge: data of 1 (text/plain, 5 bytes)\n"
              "bridge to guest: data of 1 (text/plain, 5 bytes)\n");
}

TEST(Trace, SaysWhichRuleKeptAnOfferFromAClient) {
    Scenario s{with_policy([](auto& p) { p.from_guest.formats = {text}; })};
    s.joins();
    s.joins({Permission::clipboard_to_guest});
    s.guest.grabs({png});
    EXPECT_EQ(story(s),
              "guest to bridge: grab (image/png)\n"
              "bridge to client: offer of 1, policy-format\n"
              "bridge to client: offer of 2, forbidden\n");
}

TEST(Trace, SaysWhyACopyDidNotReachTheGuest) {
    Scenario s{with_policy([](auto& p) { p.to_guest.formats = {}; })};
    auto& alice = s.joins();
    alice.grabs({text});
    EXPECT_EQ(story(s), "client to bridge: grab of 1, policy-direction\n");
}

TEST(Trace, SaysThatNoAgentIsThereToBeTold) {
    Scenario s;
    s.guest.goes();
    auto& alice = s.joins();
    alice.grabs({text});
    EXPECT_EQ(story(s), "client to bridge: grab of 1 (text/plain)\nbridge to guest: grab of 1, no-agent\n");
}

TEST(Trace, SaysWhoseAnswerDidNotComeInTime) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.requests(1, text);
    s.advance(6s);
    EXPECT_TRUE(story(s).ends_with("guest to bridge: data, timeout\nbridge to client: data of 1, timeout\n"));
    s.guest.answers("late");
    EXPECT_TRUE(story(s).ends_with("guest to bridge: data, not-owner\n")) << story(s);
}

TEST(Trace, TellsWhatBecameOfAFile) {
    Scenario s;
    auto& alice = s.joins();
    alice.starts_file(1, "a.txt", 3, 1);
    const auto id = s.guest.next<agent::FileTransferStart>().id;
    s.guest.file_status(id, agent::FileStatus::can_send_data);
    alice.sends(1, "abc");
    s.guest.file_status(id, agent::FileStatus::success);
    alice.starts_file(2, "..", 3, 2);
    EXPECT_EQ(story(s),
              "client to bridge: start of 1 (a.txt, 3 bytes)\n"
              "bridge to guest: start of 1 (a.txt)\n"
              "guest to bridge: accepted of 1 (a.txt)\n"
              "bridge to client: status of 1 (a.txt, done)\n"
              "client to bridge: start of 1, bad-name\n");
}

TEST(Trace, TellsWhatBecameOfALayout) {
    Scenario s;
    auto& alice = s.joins();
    auto& bob = s.joins();
    alice.resizes(1, 800, 600);
    s.advance(100ms);
    s.guest.replies();
    bob.resizes(1, 640, 480);
    EXPECT_EQ(story(s),
              "client to bridge: layout of 1 (800x600+0+0)\n"
              "bridge to guest: layout of 1 (800x600+0+0)\n"
              "bridge to client: layout of 1 (applied)\n"
              "client to bridge: layout of 2, not-lead\n");
}

TEST(Trace, NeverHoldsContents) {
    Scenario s;
    auto& alice = s.joins();
    s.guest.grabs({text});
    alice.requests(1, text);
    s.guest.answers("canary in a coal mine");
    alice.grabs({text});
    s.guest.requests(text);
    alice.answers(alice.asked(), "canary in a coal mine");
    for (const auto& event : s.hub.trace()) EXPECT_EQ(event.detail.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace vmcbridge::bridge
