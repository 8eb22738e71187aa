// spice:, spice+tls:, spice+unix: a SPICE server holds the guest's port, and the bridge is its client.
//
// connect -> TLS -> link -> main channel, until it ends; for each agent that comes on it, one connection to the hub:
//     server <-> SpiceUpstream <-> a pair of sockets <-> hub
#include "proto/spice/link.hpp"
#include "proto/text.hpp"
#include "src/bridge/spice_upstream.hpp"
#include "src/io/address.hpp"
#include "src/io/backoff.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/io/guest_transport.hpp"
#include "src/io/signal.hpp"
#include "src/io/spice/client_link.hpp"
#include "src/io/task_group.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <sys/socket.h>

#include <utility>

namespace vmcbridge::io {

using namespace net::experimental::awaitable_operators;

namespace {

/// One connection to the server. Shared with its tasks: whoever ends last takes it along.
class Upstream : public std::enable_shared_from_this<Upstream> {
public:
    using OnSession = std::function<void(std::optional<bridge::UpstreamSession>)>;

    /// `on_settled`: it has stood for a while; not called after stop().
    Upstream(net::io_context& context, spice::ClientLink link, OnSession on_session, std::function<void()> on_settled)
        : context_{context},
          on_session_{std::move(on_session)},
          on_settled_{std::move(on_settled)},
          settling_{context, bounds::link_settled},
          server_{std::move(link.stream)},
          up_{link.header},
          early_{std::move(link.early)},
          changed_{context},
          server_work_{context},
          server_room_{context},
          port_work_{context},
          port_room_{context},
          tasks_{context} {}

    void start() {
        tasks_.spawn("spice-upstream", run(shared_from_this()));
        tasks_.spawn("spice-settled", settle(shared_from_this()));
    }
    /// Ends it; its tasks go when they have their turn. Its session is nobody's news any more.
    void stop() {
        on_session_ = nullptr;
        on_settled_ = nullptr;
        finish("dropped");
        changed_.notify();
    }
    /// nullopt: it has ended, or its session has not begun.
    [[nodiscard]] std::optional<std::uint32_t> session() const noexcept {
        return has_session_ && !ended_ ? std::optional{up_.session_id()} : std::nullopt;
    }
    void want_mouse_mode(std::uint16_t mode) {
        if (ended_) return;
        up_.want_mouse_mode(mode);
        look();
    }
    /// Another agent has come, or the connection has ended; one waiter.
    [[nodiscard]] Task<> news() { return changed_.wait(); }
    [[nodiscard]] bool has_ended() const noexcept { return ended_; }
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// The server closed the connection, or went; what it said was in order.
    [[nodiscard]] bool was_closed_by_server() const noexcept { return by_server_; }
    [[nodiscard]] const std::optional<bridge::SpiceUpstream::Moved>& moved() const noexcept { return up_.moved(); }
    /// The hub's end of the port of an agent that nobody was given yet.
    [[nodiscard]] std::optional<Stream> take_agent();

private:
    [[nodiscard]] Task<> run(std::shared_ptr<Upstream> self);
    [[nodiscard]] Task<> settle(std::shared_ptr<Upstream> self);
    [[nodiscard]] Task<> read_server();
    [[nodiscard]] Task<> write_server();
    [[nodiscard]] Task<> serve_port(std::shared_ptr<Upstream> self, std::uint64_t agent);
    [[nodiscard]] Task<> read_port(std::uint64_t agent);
    [[nodiscard]] Task<> write_port(std::uint64_t agent);
    void take(Bytes bytes);
    void look();
    void finish(std::string reason);
    void finish_by_server(std::string reason);

    net::io_context& context_;
    OnSession on_session_;
    std::function<void()> on_settled_;
    Timer settling_;
    bool has_session_ = false;
    Stream server_;
    bridge::SpiceUpstream up_;
    std::string early_;
    std::optional<Stream> port_;  // our end, while an agent is there
    std::uint64_t given_ = 0;     // the agent whose port was given away
    Signal changed_;
    Signal server_work_;
    Signal server_room_;
    Signal port_work_;
    Signal port_room_;
    TaskGroup tasks_;
    bool ended_ = false;
    bool by_server_ = false;
    std::string reason_;
};

std::optional<Stream> Upstream::take_agent() {
    const auto agent = up_.agent();
    if (ended_ || agent == 0 || agent == given_) return std::nullopt;
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        finish("no descriptors are left");
        return std::nullopt;
    }
    auto ours = Stream::open(context_, UniqueFd{ends[0]});
    auto hubs = Stream::open(context_, UniqueFd{ends[1]});
    if (!ours || !hubs) return std::nullopt;
    given_ = agent;
    port_.emplace(std::move(*ours));
    tasks_.spawn("spice-port", serve_port(shared_from_this(), agent));
    return std::move(*hubs);
}

Task<> Upstream::run(std::shared_ptr<Upstream> self) {
    take(as_bytes(early_));
    co_await (read_server() || write_server());
    finish("the connection has ended");
    changed_.notify();
    static_cast<void>(self);
}

Task<> Upstream::settle(std::shared_ptr<Upstream> self) {
    [[maybe_unused]] const auto [aborted] = co_await settling_.async_wait(as_value);
    if (!ended_ && on_settled_) on_settled_();
    static_cast<void>(self);
}

void Upstream::finish_by_server(std::string reason) {
    if (!ended_) by_server_ = true;
    finish(std::move(reason));
}

void Upstream::finish(std::string reason) {
    if (std::exchange(ended_, true)) return;
    reason_ = std::move(reason);
    settling_.cancel();
    server_.close();
    if (port_) port_->close();
    if (std::exchange(has_session_, false) && on_session_) on_session_(std::nullopt);
    server_work_.notify();
    server_room_.notify();
    port_work_.notify();
    port_room_.notify();
}

// What the server said reaches whom it concerns.
void Upstream::take(Bytes bytes) {
    const auto before = up_.agent();
    if (auto fault = up_.handle_server(bytes)) return finish(std::move(*fault));
    if (port_ && up_.agent() != given_) port_->close();  // the agent of this port is gone
    if (up_.agent() != before) changed_.notify();
    if (auto session = up_.take_session()) {
        has_session_ = true;
        if (on_session_) on_session_(std::move(session));
    }
    look();
}

void Upstream::look() {
    if (up_.has_server_output()) server_work_.notify();
    if (up_.has_port_output()) port_work_.notify();
    if (up_.port_is_readable()) port_room_.notify();
    if (up_.server_is_readable()) server_room_.notify();
}

Task<> Upstream::read_server() {
    while (!ended_) {
        if (!up_.server_is_readable()) {
            co_await server_room_.wait();
            continue;
        }
        const bool open = co_await server_.readable();
        if (!open) co_return finish("the connection has ended");
        const auto buffer = Buffer::borrow();
        const auto result = server_.try_read(buffer.bytes());
        if (result.state == IoResult::State::ended) co_return finish_by_server("closed by the server");
        if (result.state == IoResult::State::failed) co_return finish_by_server(result.error.message());
        take(buffer.bytes().first(result.bytes));
    }
}

Task<> Upstream::write_server() {
    while (!ended_) {
        if (!up_.has_server_output()) {
            co_await server_work_.wait();
            continue;
        }
        const auto buffer = Buffer::borrow();
        const auto count = up_.poll_server(buffer.bytes());
        look();  // who waited for room has it
        const bool written = co_await server_.write_all(buffer.bytes().first(count), bounds::silence);
        if (!written) co_return finish("the server takes nothing");
    }
}

Task<> Upstream::serve_port(std::shared_ptr<Upstream> self, std::uint64_t agent) {
    co_await (read_port(agent) || write_port(agent));
    if (up_.agent() == agent) {
        finish("the bridge has closed the port");  // the conversation can't be taken up in its middle
        changed_.notify();
    }
    static_cast<void>(self);
}

Task<> Upstream::read_port(std::uint64_t agent) {
    while (!ended_ && up_.agent() == agent) {
        if (!up_.port_is_readable()) {
            co_await port_room_.wait();
            continue;
        }
        const bool open = co_await port_->readable();
        if (!open || up_.agent() != agent) co_return;
        const auto buffer = Buffer::borrow();
        const auto result = port_->try_read(buffer.bytes().first(bounds::guest_write));
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return;
        if (auto fault = up_.handle_port(buffer.bytes().first(result.bytes))) co_return finish(std::move(*fault));
        look();
    }
}

Task<> Upstream::write_port(std::uint64_t agent) {
    while (!ended_ && up_.agent() == agent) {
        if (!up_.has_port_output()) {
            co_await port_work_.wait();
            continue;
        }
        const auto buffer = Buffer::borrow();
        auto rest = Bytes{buffer.bytes().first(up_.poll_port(buffer.bytes()))};
        look();
        while (!rest.empty()) {  // the hub may pause for as long as it likes
            const auto result = port_->try_write(rest);
            if (result.state == IoResult::State::failed) co_return;
            rest = rest.subspan(result.bytes);
            if (result.state != IoResult::State::would_block) continue;
            const bool open = co_await port_->writable();
            if (!open || up_.agent() != agent) co_return;
        }
    }
}

class SpiceTransport final : public GuestTransport {
public:
    SpiceTransport(net::io_context& context, Guest guest, TransportOwner owner)
        : context_{context}, guest_{std::move(guest)}, owner_{std::move(owner)} {}
    ~SpiceTransport() override {
        if (upstream_) upstream_->stop();
    }

    std::optional<SpiceServer> server() const override {
        const auto session = upstream_ ? upstream_->session() : std::nullopt;
        if (!session) return std::nullopt;
        return SpiceServer{.guest = guest_, .session = *session};
    }

    void want_mouse_mode(std::uint16_t mode) override {
        if (upstream_) upstream_->want_mouse_mode(mode);
    }

    std::string problem() const override { return state_.state(); }
    std::optional<bool> is_linked() const override { return upstream_ && !upstream_->has_ended(); }

    // An agent comes and goes as fast as its server says so: here it does at the pace of other ports.
    Task<Stream> next() override {
        Timer timer{context_, given_at_ + bounds::reconnect_first};
        [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
        for (;;) {
            if (!upstream_) co_await connect();
            if (auto stream = upstream_->take_agent()) {
                given_at_ = Clock::now();
                co_return std::move(*stream);
            }
            if (upstream_->has_ended()) {
                handle_end(*upstream_);
                upstream_.reset();
                continue;
            }
            co_await upstream_->news();
        }
    }

private:
    /// Links in a row that the server ended soon: of the next ones the log says no more.
    static constexpr unsigned thrown_out_logged = 2;

    Task<> pause(Clock::duration time) {
        Timer timer{context_, time};
        [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
    }

    /// Waits as long as is due. A server that threw us out is asked soon whether it is there at all: one that ended
    /// then and is started again has not been taken by anybody, and is met without that wait.
    Task<> wait() {
        if (wait_ > bounds::reconnect_last) {
            co_await pause(bounds::reconnect_first);
            const auto there = co_await connect_to(guest_.address, Clock::now() + connect_patience(guest_.address));
            if (!there) {
                report(there.error());
                wait_ = pace_.after_failure();
            }
        }
        if (wait_ > Clock::duration::zero()) co_await pause(wait_);
    }

    Task<> connect() {
        for (;;) {
            co_await wait();
            auto link =
                co_await spice::link_as_client(context_, guest_, Clock::now() + connect_patience(guest_.address));
            if (!link) {
                report(link.error());
                wait_ = pace_.after_failure();
                continue;
            }
            linked_at_ = Clock::now();
            if (pace_.thrown_out() < thrown_out_logged) note_linked();
            upstream_ =
                std::make_shared<Upstream>(context_, std::move(*link), owner_.on_session, [this] { handle_settled(); });
            upstream_->start();
            co_return;
        }
    }

    void note_linked() {
        static_cast<void>(state_.is_news({}));
        log::info("spice-server-linked", {{"vm", owner_.vm}, {"guest", owner_.guest}});
    }

    void handle_settled() {
        if (!state_.state().empty()) note_linked();
        pace_.settled();
    }

    void handle_end(const Upstream& ended) {
        const auto stood = Clock::now() - linked_at_;
        wait_ = pace_.after_link(stood, ended.was_closed_by_server());
        if (follow(ended.moved(), stood >= bounds::reconnect_last)) return;
        const bool is_taken = ended.was_closed_by_server() && pace_.thrown_out() > 0;
        report(ended.reason() + (is_taken
                                     ? " soon after the link; it has one client at a time, and another one may have "
                                       "taken it"
                                     : ""));
    }

    /// The next connection goes to where the machine is now: at once where the last one stood a while, so that a
    /// machine that moves in circles is not chased. false: it has not moved.
    [[nodiscard]] bool follow(const std::optional<bridge::SpiceUpstream::Moved>& moved, bool at_once) {
        if (!moved || moved->host.empty()) return false;
        guest_.address.path.clear();
        guest_.address.opener.reset();  // of the former host
        guest_.address.host = moved->host;
        const bool tls = guest_.kind == Guest::Kind::spice_tls;
        guest_.address.port = tls ? moved->tls_port : moved->port;
        if (!moved->subject.empty()) guest_.host_subject = moved->subject;
        if (at_once) wait_ = Clock::duration::zero();
        log::info("guest-moved", {{"vm", owner_.vm}, {"guest", owner_.guest}, {"to", to_text(guest_.address)}});
        return true;
    }

    void report(const std::string& reason) {
        if (!state_.is_news(reason)) return;
        log::warning("guest-unreachable", {{"vm", owner_.vm}, {"guest", owner_.guest}, {"reason", reason}});
    }

    net::io_context& context_;
    Guest guest_;
    TransportOwner owner_;
    LinkPace pace_;
    StateLog state_;
    Clock::duration wait_{};         // before the next try
    Clock::time_point given_at_{};   // an agent's port
    Clock::time_point linked_at_{};  // to the server
    std::shared_ptr<Upstream> upstream_;
};

}  // namespace

std::unique_ptr<GuestTransport> make_spice_transport(net::io_context& context, const Guest& guest,
                                                     TransportOwner owner) {
    return std::make_unique<SpiceTransport>(context, guest, std::move(owner));
}

}  // namespace vmcbridge::io
