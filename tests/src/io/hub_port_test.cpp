// A hub behind its driver: a scripted guest on a socket pair, clients that are objects.
#include "src/io/hub_port.hpp"

#include "proto/text.hpp"
#include "src/io/bounds.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmcbridge::io {
namespace {

using test::Loop;
using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using namespace std::string_literals;

std::string u32(std::uint32_t value) {
    std::string out(4, '\0');
    for (auto& byte : out) {
        byte = static_cast<char>(value & 0xffU);
        value >>= 8U;
    }
    return out;
}

/// An agent message in one chunk of port 1.
std::string message(std::uint32_t type, const std::string& body) {
    const auto header = u32(1) + u32(type) + u32(0) + u32(0) + u32(static_cast<std::uint32_t>(body.size()));
    return u32(1) + u32(static_cast<std::uint32_t>(header.size() + body.size())) + header + body;
}
/// A current spice-vdagent's answer to our question.
std::string announce() { return message(6, u32(0) + u32(0x00038de7)); }
std::string grab_of_text() { return message(7, u32(0) + u32(0) + u32(1)); }

class FakeClient final : public ClientPort {
public:
    explicit FakeClient(HubPort& port, std::string token = {}, std::string_view resume = {}) : port_{port} {
        bridge::ClientProfile profile;
        profile.permissions = policy::PermissionSet::all_but_admin();
        profile.resume_token = std::move(token);
        const auto joined = port.join(std::move(profile), *this, resume);
        EXPECT_TRUE(joined.has_value());
        id = *joined;
        wake();
    }
    ~FakeClient() {
        if (closed.empty()) port_.leave(id);
    }
    void wake() override {
        ++wakes;
        while (reads && closed.empty()) {
            const auto frame = port_.poll(id);
            if (!frame) break;
            frames.emplace_back(as_text(frame->body.view()));
        }
    }
    void close(browser::CloseCode code, std::string reason) override {
        closed = std::to_string(static_cast<unsigned>(code)) + ' ' + reason;
    }
    [[nodiscard]] bool has(const std::string& part) const {
        return std::ranges::any_of(frames, [&](const auto& each) { return each.find(part) != std::string::npos; });
    }

    ClientId id{};
    bool reads = true;
    int wakes = 0;
    std::vector<std::string> frames;
    std::string closed;

private:
    HubPort& port_;
};

class HubPortTest : public testing::Test {
protected:
    HubPortTest() { loop_.tasks.spawn("clock", port_.run_clock()); }
    ~HubPortTest() override {
        port_.drop_guest("the test ends");
        loop_.stop();
    }

    static Task<> serve(HubPort& port, Stream stream, std::optional<std::string>& reason) {
        reason = co_await port.serve_guest(std::move(stream));
    }
    /// `send_buffer`: what the kernel holds of what we write, roughly; 0: as it is.
    void connect_guest(int send_buffer = 0) {
        std::array<int, 2> pair{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
        if (send_buffer > 0) ::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
        auto near = Stream::open(loop_.context, UniqueFd{pair[0]});
        auto far = Stream::open(loop_.context, UniqueFd{pair[1]});
        guest_.emplace(std::move(*far));
        reason_.reset();
        loop_.tasks.spawn("guest", serve(port_, std::move(*near), reason_));
    }
    void guest_writes(const std::string& bytes) {
        auto rest = as_bytes(std::span{bytes});
        ASSERT_TRUE(loop_.until([&] {
            rest = rest.subspan(guest_->try_write(rest).bytes);
            return rest.empty();
        }));
    }
    void expect_of_guest(std::string_view part) {
        EXPECT_TRUE(loop_.until([&] { return (heard_ += test::read_now(*guest_)).find(part) != std::string::npos; }));
    }

    Loop loop_;
    HubPort port_{loop_.context, "vm", {}, [] { return std::make_unique<bridge::MemorySpool>(); }};
    std::optional<Stream> guest_;
    std::optional<std::string> reason_;
    std::string heard_;  // by the guest
};

TEST_F(HubPortTest, AGuestsGrabReachesAClientAndItsRequestTheGuest) {
    FakeClient client{port_};
    EXPECT_THAT(client.frames, Contains(HasSubstr("\"welcome\"")));
    connect_guest();
    guest_writes(announce());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"connected\":true"); }));
    guest_writes(grab_of_text());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"clipboard-grab\""); }));
    port_.handle_text(client.id, R"({"type":"clipboard-request","id":1,"format":"text/plain"})");
    expect_of_guest(u32(1) + u32(8));  // protocol, VD_AGENT_CLIPBOARD_REQUEST
    guest_writes(message(4, u32(0) + u32(1) + "hello"));
    EXPECT_TRUE(loop_.until([&] { return client.has("hello"); }));
}

TEST_F(HubPortTest, ADeadlineOfTheHubIsKept) {
    FakeClient client{port_};
    bridge::HubSettings settings;
    settings.limits.request_deadline = 50ms;
    port_.apply(settings);
    connect_guest();
    guest_writes(announce() + grab_of_text());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"clipboard-grab\""); }));
    port_.handle_text(client.id, R"({"type":"clipboard-request","id":1,"format":"text/plain"})");
    EXPECT_TRUE(loop_.until([&] { return client.has("\"timeout\""); }));
}

TEST_F(HubPortTest, AGuestThatGoesAndComesBackIsServedAgain) {
    FakeClient client{port_};
    for (int round = 0; round < 3; ++round) {
        client.frames.clear();
        connect_guest();
        guest_writes(announce());
        EXPECT_TRUE(loop_.until([&] { return client.has("\"connected\":true"); }));
        static_cast<void>(test::read_now(*guest_));  // with bytes unread its end would be a reset
        guest_.reset();
        EXPECT_TRUE(loop_.until([&] { return reason_.has_value(); }));
        EXPECT_EQ(reason_, "closed by the guest's side");
        EXPECT_TRUE(client.has("\"connected\":false"));
    }
}

TEST_F(HubPortTest, AGuestThatIsNotUnderstoodIsDroppedByName) {
    connect_guest();
    guest_writes(u32(4711) + u32(8) + "rubbish!");
    EXPECT_TRUE(loop_.until([&] { return reason_.has_value(); }));
    EXPECT_FALSE(reason_->empty());
    EXPECT_NE(reason_, "closed by the guest's side");
}

TEST_F(HubPortTest, AStalledClientStopsTheGuestAndIsThenLetGo) {
    FakeClient client{port_};
    FakeClient other{port_};
    connect_guest();
    guest_writes(announce() + grab_of_text());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"clipboard-grab\"") && other.has("\"clipboard-grab\""); }));
    client.reads = false;
    port_.handle_text(client.id, R"({"type":"clipboard-request","id":1,"format":"text/plain"})");
    expect_of_guest(u32(1) + u32(8));
    const auto data = message(4, u32(0) + u32(1) + std::string(8U << 20U, 'x'));
    auto rest = as_bytes(std::span{data});
    // A client without credit of its own stops the guest's bytes; none of them is lost or kept without bound.
    loop_.run_for(0ms);
    const auto stalled = [&] {
        rest = rest.subspan(guest_->try_write(rest).bytes);
        return rest.empty() || !client.closed.empty();
    };
    EXPECT_TRUE(loop_.until(stalled)) << rest.size() << " bytes were never taken";
    EXPECT_TRUE(other.closed.empty());
}

TEST_F(HubPortTest, AClientThatResumesGetsWhatIsItsAndTheFormerConnectionNothingMore) {
    FakeClient former{port_, "first-token"};
    former.frames.clear();
    const FakeClient resumed{port_, "second-token", "first-token"};
    EXPECT_EQ(resumed.id, former.id);
    EXPECT_THAT(resumed.frames, Contains(HasSubstr("\"resumed\":true")));
    EXPECT_TRUE(resumed.closed.empty());
    EXPECT_THAT(former.closed, testing::StartsWith("4000"));
    EXPECT_THAT(former.frames, testing::IsEmpty());
}

/// Where the last whole chunk of `wire` ends.
std::size_t end_of_chunks(const std::string& wire) {
    std::size_t at = 0;
    while (at + 8 <= wire.size()) {
        std::uint32_t size = 0;
        for (std::size_t byte = 0; byte < 4; ++byte)
            size |= std::uint32_t{static_cast<unsigned char>(wire[at + 4 + byte])} << (8 * byte);
        at += 8 + size;
    }
    return at;
}

TEST_F(HubPortTest, AChunkOfContentsThatHasBegunIsFinishedBeforeWeClose) {
    FakeClient client{port_};
    connect_guest(4096);
    guest_writes(announce());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"connected\":true"); }));
    port_.handle_text(client.id, R"({"type":"clipboard-grab","formats":["text/plain"]})");
    expect_of_guest(u32(1) + u32(7));
    guest_writes(message(8, u32(0) + u32(1)));
    EXPECT_TRUE(loop_.until([&] { return client.has("\"clipboard-request\""); }));
    // A little more than one write toward the guest, which so ends in the middle of a chunk.
    port_.handle_text(client.id, R"({"type":"clipboard-data","id":1,"format":"text/plain","text":")" +
                                     std::string(bounds::guest_write, 'a') + "\"}");
    port_.drop_guest("enough");
    EXPECT_TRUE(loop_.until([&] {
        heard_ += test::read_now(*guest_);
        return reason_.has_value();
    }));
    heard_ += test::read_now(*guest_);
    EXPECT_GT(heard_.size(), bounds::guest_write / 2);
    EXPECT_EQ(end_of_chunks(heard_), heard_.size());
}

TEST_F(HubPortTest, WhatWasBegunIsWrittenBeforeWeClose) {
    FakeClient client{port_};
    connect_guest();
    guest_writes(announce());
    EXPECT_TRUE(loop_.until([&] { return client.has("\"connected\":true"); }));
    port_.handle_text(client.id, R"({"type":"clipboard-grab","formats":["text/plain"]})");
    port_.drop_guest("enough");
    std::string all;
    EXPECT_TRUE(loop_.until([&] {
        all += test::read_now(*guest_);
        return reason_.has_value();
    }));
    all += test::read_now(*guest_);
    EXPECT_EQ(reason_, "enough");
    EXPECT_EQ(end_of_chunks(all), all.size());
}

TEST_F(HubPortTest, ClientsAreClosedWithTheCode) {
    FakeClient client{port_};
    port_.close_clients(browser::CloseCode::stopping, "stopping");
    EXPECT_EQ(client.closed, "1001 stopping");
}

}  // namespace
}  // namespace vmcbridge::io
