// A guest agent's port on a unix socket, with the test as the agent.
#include "src/io/qga_port.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <regex>

namespace vmcbridge::io {
namespace {

using browser::Code;
using test::Loop;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr qga::Command question{"guest-info", {}};

class QgaPortTest : public testing::Test {
protected:
    QgaPortTest() {
        Guest channel;
        channel.kind = Guest::Kind::unix_listen;
        channel.address.path = folder_ / "ga.sock";
        channel.text = "unix-listen:" + channel.address.path;
        path_ = channel.address.path;
        port_ = std::make_shared<QgaPort>(
            loop_.context, "vm",
            Port{.name = "org.qemu.guest_agent.0", .channel = channel, .problem = {}, .facts = {}});
        loop_.tasks.spawn("port", port_->run(port_));
    }
    ~QgaPortTest() override {
        port_->stop();
        EXPECT_TRUE(loop_.until([&] { return loop_.tasks.size() == 0; })) << "run() ends by itself";
        loop_.stop();
    }

    void connect() {
        UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::memcpy(to.sun_path, path_.c_str(), path_.size() + 1);
        ASSERT_EQ(::connect(fd.get(), static_cast<const sockaddr*>(static_cast<const void*>(&to)), sizeof to), 0);
        auto stream = Stream::open(loop_.context, std::move(fd));
        agent_.emplace(std::move(*stream));
        ASSERT_TRUE(loop_.until([&] { return port_->is_connected(); }));
    }
    static Task<> run(QgaPort& port, qga::Command command, milliseconds patience, std::optional<qga::Answer>& answer) {
        auto found = co_await port.ask(command, Clock::now() + patience);
        answer.emplace(std::move(found));
    }
    void ask(qga::Command command, milliseconds patience = 10s) {
        answer_.reset();
        loop_.tasks.spawn("ask", run(*port_, command, patience, answer_));
    }
    /// Waits until the agent has heard this, and gives what it captures.
    std::string hears(const std::string& pattern) {
        std::smatch match;
        EXPECT_TRUE(loop_.until([&] {
            heard_ += test::read_now(*agent_);
            return std::regex_search(heard_, match, std::regex{pattern});
        })) << pattern;
        auto capture = match.size() > 1 ? match[1].str() : std::string{};
        heard_ = match.suffix().str();
        return capture;
    }
    void says(const std::string& text) {
        auto rest = as_bytes(text);
        ASSERT_TRUE(loop_.until([&] {
            rest = rest.subspan(agent_->try_write(rest).bytes);
            return rest.empty() || !port_->is_connected();
        }));
    }
    void syncs() { says("\xFF{\"return\": " + hears(R"(guest-sync-delimited.*"id":(\d+))") + "}\n"); }
    /// The code of the failure that comes; "none": an answer comes.
    std::string failure() {
        EXPECT_TRUE(loop_.until([&] { return answer_.has_value(); }));
        if (!answer_ || *answer_) return "none";
        return std::string{browser::name(answer_->error().code)};
    }

    Loop loop_;
    test::Folder folder_;
    std::string path_;
    std::shared_ptr<QgaPort> port_;
    std::optional<Stream> agent_;
    std::optional<qga::Answer> answer_;
    std::string heard_;
};

TEST_F(QgaPortTest, AsksAndHasTheAnswer) {
    connect();
    ask(question);
    syncs();
    hears("\"guest-info\"");
    says("{\"return\": 7}\n");
    EXPECT_EQ(failure(), "none");
    EXPECT_EQ((*answer_)->value(), 7);
}

TEST_F(QgaPortTest, NobodyThereIsToldAtOnce) {
    ask(question);
    EXPECT_EQ(failure(), "no-agent");
}

TEST_F(QgaPortTest, ASilentAgentIsTheDeadlinesMatter) {
    connect();
    ask(question, 50ms);
    EXPECT_EQ(failure(), "timeout");
    ask(question);
    syncs();  // the first question's
    syncs();
    hears("\"guest-info\"");
    says("{\"return\": 8}\n");
    EXPECT_EQ(failure(), "none");
}

TEST_F(QgaPortTest, AnAgentThatClosesMidwayComesAgain) {
    connect();
    ask(question);
    syncs();
    says("{\"ret");
    agent_->close();
    EXPECT_EQ(failure(), "agent-gone");
    ASSERT_TRUE(loop_.until([&] { return !port_->is_connected(); }));
    heard_.clear();
    connect();
    ask(question);
    syncs();
    says("{\"return\": 9}\n");
    EXPECT_EQ(failure(), "none");
}

TEST_F(QgaPortTest, AFloodEndsTheConnection) {
    connect();
    says(std::string(2 * limits::qga_unasked, 'x'));
    EXPECT_TRUE(loop_.until([&] { return !port_->is_connected(); }));
}

TEST_F(QgaPortTest, StopEndsWhatIsAsked) {
    connect();
    ask(question);
    hears("guest-sync-delimited");
    port_->stop();
    EXPECT_EQ(failure(), "agent-gone");
}

}  // namespace
}  // namespace vmcbridge::io
