#include "src/io/open_by.hpp"

#include "src/io/address.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

namespace vmcbridge::io {
namespace {

using test::Folder;
using test::Loop;
using namespace std::chrono_literals;
using Outcome = Result<UniqueFd, std::string>;

constexpr uid_t nobody = 65534;

/// Answers when the test says so.
class FakeOpener final : public Opener {
public:
    void open(Done done) override { asked.push_back(std::move(done)); }
    std::vector<Done> asked;
};

std::array<UniqueFd, 2> socket_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

bool has_ended(const UniqueFd& fd) {
    char byte = 0;
    return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

class OpenByTest : public testing::Test {
protected:
    void connect(Address address, Clock::duration patience = test::patience) {
        const auto run = [](Address to, Clock::duration wait, std::optional<Outcome>& out) -> Task<> {
            out.emplace(co_await connect_to(to, Clock::now() + wait));
        };
        loop_.tasks.spawn("connect", run(std::move(address), patience, outcome_));
    }
    [[nodiscard]] bool is_asked() {
        return loop_.until([&] { return !opener_->asked.empty(); });
    }
    [[nodiscard]] bool is_done() {
        return loop_.until([&] { return outcome_.has_value(); });
    }

    std::shared_ptr<FakeOpener> opener_ = std::make_shared<FakeOpener>();
    std::optional<Outcome> outcome_;
    Loop loop_;
};

TEST_F(OpenByTest, GivesWhatTheOpenerHasOpened) {
    auto [ours, theirs] = socket_pair();
    connect({.opener = opener_});
    ASSERT_TRUE(is_asked());
    opener_->asked[0](ours.release(), {});
    ASSERT_TRUE(is_done());
    ASSERT_TRUE(outcome_->has_value());
    EXPECT_EQ(::write(theirs.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read((*outcome_)->get(), &byte, 1), 1);
}

TEST_F(OpenByTest, GivesItsReason) {
    connect({.opener = opener_});
    ASSERT_TRUE(is_asked());
    opener_->asked[0](-1, "the domain is not running");
    ASSERT_TRUE(is_done());
    EXPECT_EQ(outcome_->error(), "the domain is not running");
}

TEST_F(OpenByTest, ClosesWhatComesTooLate) {
    connect({.opener = opener_}, 20ms);
    ASSERT_TRUE(is_done());
    EXPECT_FALSE(outcome_->has_value());
    auto [ours, theirs] = socket_pair();
    opener_->asked.at(0)(ours.release(), {});
    EXPECT_TRUE(loop_.until([&] { return has_ended(theirs); }));
}

TEST_F(OpenByTest, ClosesWhatComesWhenNobodyWaitsAnyMore) {
    connect({.opener = opener_});
    ASSERT_TRUE(is_asked());
    loop_.stop();
    auto [ours, theirs] = socket_pair();
    opener_->asked[0](ours.release(), {});
    EXPECT_TRUE(loop_.until([&] { return has_ended(theirs); }));
}

TEST_F(OpenByTest, AsksNobodyWhereItCanConnectItself) {
    const Folder folder;
    auto listener = Listener::open({.path = folder / "x.sock"});
    ASSERT_TRUE(listener) << listener.error();
    connect({.path = folder / "x.sock", .opener = opener_});
    ASSERT_TRUE(is_done());
    EXPECT_TRUE(outcome_->has_value());
    EXPECT_TRUE(opener_->asked.empty());
}

TEST_F(OpenByTest, AsksNobodyWhereNothingIs) {
    const Folder folder;
    connect({.path = folder / "x.sock", .opener = opener_});
    ASSERT_TRUE(is_done());
    EXPECT_FALSE(outcome_->has_value());
    EXPECT_TRUE(opener_->asked.empty());
}

TEST_F(OpenByTest, AsksWhereItMayNotConnect) {
    const Folder folder;
    auto listener = Listener::open({.path = folder / "x.sock"}, 0);
    ASSERT_TRUE(listener) << listener.error();
    if (::geteuid() == 0) {  // who may do all may do nothing as somebody else
        ASSERT_EQ(::chmod((folder / ".").c_str(), 0711), 0);
        ::setfsuid(nobody);
    }
    connect({.path = folder / "x.sock", .opener = opener_});
    const bool asked = is_asked();
    ::setfsuid(::geteuid());
    ASSERT_TRUE(asked);
    opener_->asked[0](-1, "libvirt may not either");
    ASSERT_TRUE(is_done());
    EXPECT_EQ(outcome_->error(), "libvirt may not either");
}

}  // namespace
}  // namespace vmcbridge::io
