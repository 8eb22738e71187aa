// What every transport must do, said once; each kind passes it through a peer of its own.
#include "src/io/guest_transport.hpp"

#include "src/io/address.hpp"
#include "src/io/bounds.hpp"
#include "src/io/terminal.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>

namespace vmcbridge::io {
namespace {

using test::Folder;
using test::Loop;
using test::pattern;
using namespace std::chrono_literals;

/// The guest's side of a transport: QEMU, a terminal's master, a manager.
class Peer {
public:
    virtual ~Peer() = default;
    /// What the bridge is configured with.
    virtual Guest guest() = 0;
    /// Is there from now on; the bridge may reach it, or it reaches the bridge.
    virtual void appear() {}
    /// Its end of the next connection, if there is one by now.
    virtual std::optional<UniqueFd> try_connection() = 0;
    virtual bool is_socket() const { return true; }
};

std::optional<UniqueFd> connected(const Address& address) {
    // Blocking connect on loopback and unix sockets: at once there, or refused at once.
    std::optional<UniqueFd> out;
    Loop loop;
    bool done = false;
    const auto connect = [](const Address& to, std::optional<UniqueFd>& got, bool& ended) -> Task<> {
        auto fd = co_await connect_to(to, Clock::now() + test::patience);
        if (fd) got = std::move(*fd);
        ended = true;
    };
    loop.tasks.spawn("connect", connect(address, out, done));
    EXPECT_TRUE(loop.until([&] { return done; }));
    return out;
}

/// QEMU listens.
class ListeningPeer final : public Peer {
public:
    explicit ListeningPeer(Guest::Kind kind) : kind_{kind} {
        if (kind_ == Guest::Kind::unix_connect) {
            address_.path = folder_ / "guest.sock";
        } else {
            address_.host = "127.0.0.1";
            appear();  // to know the port
            address_ = listener_->address();
            listener_.reset();
        }
    }
    Guest guest() override { return {.kind = kind_, .address = address_, .text = "peer"}; }
    void appear() override {
        auto listener = Listener::open(address_);
        ASSERT_TRUE(listener.has_value()) << listener.error();
        listener_.emplace(std::move(*listener));
    }
    std::optional<UniqueFd> try_connection() override {
        if (!listener_) return std::nullopt;
        auto fd = listener_->try_accept();
        return fd ? std::optional{std::move(*fd)} : std::nullopt;
    }

private:
    Folder folder_;
    Guest::Kind kind_;
    Address address_;
    std::optional<Listener> listener_;
};

/// QEMU connects.
class ConnectingPeer final : public Peer {
public:
    explicit ConnectingPeer(Guest::Kind kind) : kind_{kind} {
        if (kind_ == Guest::Kind::unix_listen) {
            address_.path = folder_ / "bridge.sock";
        } else {
            auto free = Listener::open({.host = "127.0.0.1", .port = 0, .path = {}});
            address_ = free->address();
        }
    }
    Guest guest() override { return {.kind = kind_, .address = address_, .text = "peer"}; }
    void appear() override { here_ = true; }
    std::optional<UniqueFd> try_connection() override { return here_ ? connected(address_) : std::nullopt; }

private:
    Folder folder_;
    Guest::Kind kind_;
    Address address_;
    bool here_ = false;
};

UniqueFd open_master() {
    UniqueFd master{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    EXPECT_EQ(::grantpt(master.get()), 0);
    EXPECT_EQ(::unlockpt(master.get()), 0);
    return master;
}

std::string slave_name(const UniqueFd& master) {
    std::array<char, 64> name{};
    EXPECT_EQ(::ptsname_r(master.get(), name.data(), name.size()), 0);
    return name.data();
}

/// QEMU holds the master; the bridge opens /dev/pts/N, here through a link, since a new master has a new number.
class MasterPeer final : public Peer {
public:
    Guest guest() override {
        return {.kind = Guest::Kind::pty, .address = {.host = {}, .path = path_}, .text = "peer"};
    }
    void appear() override { here_ = true; }
    std::optional<UniqueFd> try_connection() override {
        if (!here_) return std::nullopt;
        auto master = open_master();
        std::filesystem::remove(path_);
        std::filesystem::create_symlink(slave_name(master), path_);
        return master;
    }
    bool is_socket() const override { return false; }

private:
    Folder folder_;
    std::string path_ = folder_ / "pty";
    bool here_ = false;
};

/// A character device that a manager has opened for us: the peer opens and closes its other side.
class InheritedPeer final : public Peer {
public:
    InheritedPeer() : master_{open_master()}, slave_{slave_name(master_)} {}
    Guest guest() override {
        // Hung up from the start, as a port whose guest is away.
        UniqueFd{::open(slave_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)}.reset();
        return {.kind = Guest::Kind::fd, .address = {}, .fd = ::dup(master_.get()), .text = "peer"};
    }
    void appear() override { here_ = true; }
    std::optional<UniqueFd> try_connection() override {
        if (!here_) return std::nullopt;
        UniqueFd slave{::open(slave_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
        EXPECT_FALSE(make_raw(slave.get()));
        return slave;
    }
    bool is_socket() const override { return false; }

private:
    UniqueFd master_;
    std::string slave_;
    bool here_ = false;
};

struct Kind {
    std::string name;
    std::function<std::unique_ptr<Peer>()> make;
    friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class GuestTransportTest : public testing::TestWithParam<Kind> {
protected:
    GuestTransportTest() { transport_ = make_guest_transport(loop_.context, peer_->guest(), {"vm", "peer"}); }
    ~GuestTransportTest() override { loop_.stop(); }

    static Task<> take_next(GuestTransport& transport, std::optional<Stream>& out) {
        out.emplace(co_await transport.next());
    }
    void ask() { loop_.tasks.spawn("next", take_next(*transport_, near_)); }
    /// Both ends of the next connection.
    void connect() {
        ask();
        std::optional<UniqueFd> fd;
        ASSERT_TRUE(loop_.until([&] {
            if (!fd) fd = peer_->try_connection();
            return fd && near_;
        }));
        auto far = Stream::open(loop_.context, std::move(*fd));
        ASSERT_TRUE(far.has_value()) << far.error().message();
        far_.emplace(std::move(*far));
    }
    void expect_bytes_both_ways() {
        const std::string all = pattern(700);  // every byte value, the terminal's special ones too
        for (const auto& [from, to] : {std::pair{&*near_, &*far_}, std::pair{&*far_, &*near_}}) {
            ASSERT_EQ(from->try_write(as_bytes(std::span{all})).bytes, all.size());
            std::string got;
            EXPECT_TRUE(loop_.until([&] { return (got += test::read_now(*to)).size() >= all.size(); }));
            EXPECT_EQ(got, all);
        }
    }
    bool near_has_ended() {
        std::array<std::byte, 16> bytes{};
        const auto state = near_->try_read(bytes).state;
        return state == IoResult::State::ended || state == IoResult::State::failed;
    }

    std::unique_ptr<Peer> peer_ = GetParam().make();
    Loop loop_;
    std::unique_ptr<GuestTransport> transport_;
    std::optional<Stream> near_;
    std::optional<Stream> far_;
};

TEST_P(GuestTransportTest, CarriesEveryByteBothWays) {
    peer_->appear();
    connect();
    expect_bytes_both_ways();
}

TEST_P(GuestTransportTest, ServesAGuestThatComesLate) {
    ask();
    loop_.run_for(250ms);
    EXPECT_FALSE(near_);
    peer_->appear();
    std::optional<UniqueFd> fd;
    EXPECT_TRUE(loop_.until([&] {
        if (!fd) fd = peer_->try_connection();
        return fd && near_;
    }));
}

TEST_P(GuestTransportTest, ServesAGuestThatWentAndCameBack) {
    peer_->appear();
    for (int round = 0; round < 3; ++round) {
        connect();
        expect_bytes_both_ways();
        far_.reset();
        EXPECT_TRUE(loop_.until([&] { return near_has_ended(); }));
        near_.reset();
    }
}

TEST_P(GuestTransportTest, ServesAGuestWhoseConnectionWeClosed) {
    peer_->appear();
    connect();
    near_.reset();
    far_.reset();
    connect();
    expect_bytes_both_ways();
}

TEST_P(GuestTransportTest, EndsAtOnceWhenStoppedWhileItWaits) {
    ask();
    loop_.run_for(50ms);
    const auto begun = Clock::now();
    loop_.tasks.request_stop();
    EXPECT_TRUE(loop_.until([&] { return loop_.tasks.size() == 0; }));
    EXPECT_LT(Clock::now() - begun, 1s);
    EXPECT_FALSE(near_);
}

TEST_P(GuestTransportTest, HoldsBackWhileTheGuestDoesNotReadAndLosesNothing) {
    peer_->appear();
    connect();
    std::string sent;
    for (;;) {
        const auto piece = pattern(16384, sent.size());
        const auto result = near_->try_write(as_bytes(std::span{piece}));
        if (result.state != IoResult::State::moved) break;
        sent += piece.substr(0, result.bytes);
        ASSERT_LT(sent.size(), 64U << 20U) << "no backpressure";
    }
    std::string got;
    EXPECT_TRUE(loop_.until([&] { return (got += test::read_now(*far_)).size() >= sent.size(); }));
    EXPECT_EQ(got, sent);
    bool writable = false;
    const auto wait = [](Stream& stream, bool& out) -> Task<> { out = co_await stream.writable(); };
    loop_.tasks.spawn("writable", wait(*near_, writable));
    EXPECT_TRUE(loop_.until([&] { return writable; }));
}

TEST_P(GuestTransportTest, HalfClosedGuestStillReads) {
    if (!peer_->is_socket()) GTEST_SKIP() << "terminals have no halves";
    peer_->appear();
    connect();
    far_->shutdown_write();
    EXPECT_TRUE(loop_.until([&] { return near_has_ended(); }));
    const std::string last = "last words";
    EXPECT_EQ(near_->try_write(as_bytes(std::span{last})).bytes, last.size());
    std::string got;
    EXPECT_TRUE(loop_.until([&] { return !(got += test::read_now(*far_)).empty(); }));
    EXPECT_EQ(got, last);
}

TEST_P(GuestTransportTest, LeavesAPauseBeforeItOpensAPortAgain) {
    const auto kind = peer_->guest().kind;
    if (kind == Guest::Kind::unix_listen || kind == Guest::Kind::tcp_listen) GTEST_SKIP() << "the guest opens it";
    peer_->appear();
    connect();
    near_.reset();
    far_.reset();
    const auto closed = Clock::now();
    connect();
    EXPECT_GE(Clock::now() - closed, bounds::reconnect_first);
    EXPECT_LT(Clock::now() - closed, 2s);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, GuestTransportTest,
    testing::Values(Kind{"unix", [] { return std::make_unique<ListeningPeer>(Guest::Kind::unix_connect); }},
                    Kind{"unix_listen", [] { return std::make_unique<ConnectingPeer>(Guest::Kind::unix_listen); }},
                    Kind{"tcp", [] { return std::make_unique<ListeningPeer>(Guest::Kind::tcp_connect); }},
                    Kind{"tcp_listen", [] { return std::make_unique<ConnectingPeer>(Guest::Kind::tcp_listen); }},
                    Kind{"pty", [] { return std::make_unique<MasterPeer>(); }},
                    Kind{"fd", [] { return std::make_unique<InheritedPeer>(); }}),
    [](const auto& kind) { return kind.param.name; });

// ---- What only one kind does

class UnixListen : public testing::Test {
protected:
    static Task<> take_next(GuestTransport& transport, std::optional<Stream>& out) {
        out.emplace(co_await transport.next());
    }
    std::unique_ptr<GuestTransport> make() {
        return make_guest_transport(loop_.context, {.kind = Guest::Kind::unix_listen, .address = address_, .text = {}},
                                    {"vm", "unix-listen:bridge.sock"});
    }

    Folder folder_;
    Address address_{.host = {}, .path = folder_ / "bridge.sock"};
    Loop loop_;
};

TEST_F(UnixListen, SocketIsThereFromTheStartForUsersOfItsGroupAndGoneAtTheEnd) {
    auto transport = make();
    struct stat status{};
    ASSERT_EQ(::stat(address_.path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
    transport.reset();
    EXPECT_NE(::stat(address_.path.c_str(), &status), 0);
}

TEST_F(UnixListen, SecondGuestIsToldOfAndServedAfterTheFirst) {
    const auto transport = make();
    auto first = connected(address_);
    std::optional<Stream> near;
    loop_.tasks.spawn("next", take_next(*transport, near));
    ASSERT_TRUE(loop_.until([&] { return near.has_value(); }));
    testing::internal::CaptureStderr();
    auto second = connected(address_);
    ASSERT_TRUE(second.has_value());
    loop_.run_for(50ms);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("event=guest-waits"));
    first.reset();
    near.reset();
    loop_.tasks.spawn("next", take_next(*transport, near));
    ASSERT_TRUE(loop_.until([&] { return near.has_value(); }));
    ASSERT_EQ(::write(second->get(), "2", 1), 1);
    std::string got;
    EXPECT_TRUE(loop_.until([&] { return !(got += test::read_now(*near)).empty(); }));
}

TEST_F(UnixListen, StaleSocketFileIsReplaced) {
    {
        auto left = Listener::open(address_);
        ASSERT_TRUE(left.has_value());
        // As after kill -9: the socket is gone, its file is not.
        std::filesystem::rename(address_.path, address_.path + ".kept");
    }
    std::filesystem::rename(address_.path + ".kept", address_.path);
    const auto transport = make();
    EXPECT_TRUE(connected(address_).has_value());
}

TEST_F(UnixListen, SocketOfAnotherProgramIsLeftAlone) {
    const auto other = Listener::open(address_);
    ASSERT_TRUE(other.has_value());
    testing::internal::CaptureStderr();
    auto transport = make();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("in use by another program"));
    transport.reset();
    EXPECT_TRUE(connected(address_).has_value());
    EXPECT_TRUE(other->try_accept().has_value());
}

TEST_F(UnixListen, ProblemIsKnownAsLongAsThereIsOne) {
    address_.path = folder_ / "missing/bridge.sock";
    const auto transport = make();
    EXPECT_THAT(transport->problem(), testing::HasSubstr("No such file or directory"));
    EXPECT_EQ(transport->is_linked(), std::nullopt);
    std::optional<Stream> near;
    loop_.tasks.spawn("next", take_next(*transport, near));
    std::filesystem::create_directory(folder_ / "missing");
    EXPECT_TRUE(loop_.until([&] { return transport->problem().empty(); }));
    loop_.stop();
}

TEST_F(UnixListen, ReasonIsLoggedOnceNotAtEachTry) {
    address_.path = folder_ / "missing/bridge.sock";
    testing::internal::CaptureStderr();
    const auto transport = make();
    std::optional<Stream> near;
    loop_.tasks.spawn("next", take_next(*transport, near));
    loop_.run_for(600ms);
    loop_.stop();
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, testing::HasSubstr("No such file or directory"));
    EXPECT_EQ(log.find("guest-unreachable"), log.rfind("guest-unreachable"));
}

TEST(InheritedSocket, ServesOneConnectionAndNoOther) {
    Loop loop;
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    UniqueFd far{pair[1]};
    const auto transport = make_guest_transport(
        loop.context, {.kind = Guest::Kind::fd, .address = {}, .fd = pair[0], .text = {}}, {"vm", "fd"});
    const auto take = [](GuestTransport& from, std::optional<Stream>& out) -> Task<> {
        out.emplace(co_await from.next());
    };
    std::optional<Stream> near;
    loop.tasks.spawn("next", take(*transport, near));
    ASSERT_TRUE(loop.until([&] { return near.has_value(); }));
    near.reset();
    std::array<char, 1> byte{};
    EXPECT_EQ(::read(far.get(), byte.data(), 1), 0) << "the socket is still held open";
    loop.tasks.spawn("next", take(*transport, near));
    loop.run_for(250ms);
    EXPECT_FALSE(near);
    loop.stop();
}

}  // namespace
}  // namespace vmcbridge::io
