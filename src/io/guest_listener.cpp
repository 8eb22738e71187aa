// unix-listen: and tcp-listen:, where QEMU or spice-vdagentd connects to us.
//
// The socket stands from start to stop, also between two connections: spice-vdagentd quits when its connection is
// refused. One guest at a time; who comes meanwhile waits in the backlog, is told of in the log, and is served as soon
// as the first has ended. QEMU that was started again is such a one: its old connection has ended by then.
#include "src/io/address.hpp"
#include "src/io/backoff.hpp"
#include "src/io/guest_transport.hpp"
#include "src/log.hpp"

#include <cerrno>
#include <optional>

namespace vmcbridge::io {
namespace {

class ListeningTransport final : public GuestTransport {
public:
    ListeningTransport(net::io_context& context, Address address, TransportOwner owner)
        : context_{context},
          address_{std::move(address)},
          owner_{std::move(owner)},
          waiting_{context},
          watch_{std::make_shared<bool>(false)} {
        // At once if it can be: who starts a guest after the bridge finds the socket there.
        if (const auto error = try_listen(); !error.empty()) report(error);
    }

    ~ListeningTransport() override {
        // The descriptor is the listener's.
        if (waiting_.is_open()) static_cast<void>(waiting_.release());
    }

    Task<Stream> next() override {
        *watch_ = false;
        for (;;) {
            if (!listener_) co_await listen();
            auto fd = listener_->try_accept();
            if (fd) {
                auto stream = Stream::open(context_, std::move(*fd));
                if (!stream) continue;
                static_cast<void>(state_.is_news({}));
                watch();
                co_return std::move(*stream);
            }
            if (fd.error().value() == EAGAIN) {
                [[maybe_unused]] const auto [aborted] =
                    co_await waiting_.async_wait(net::posix::descriptor_base::wait_read, as_value);
            } else {
                co_await pause("can't accept: " + fd.error().message());
            }
        }
    }

    std::string problem() const override { return state_.state(); }

private:
    using Waiting = net::posix::basic_stream_descriptor<Executor>;

    // Empty: it stands. Else why not.
    std::string try_listen() {
        auto listener = Listener::open(address_);
        if (!listener) return listener.error();
        error_code error;
        waiting_.assign(listener->native(), error);
        if (error) return "can't wait for connections: " + error.message();
        listener_.emplace(std::move(*listener));
        static_cast<void>(state_.is_news({}));
        log::info("guest-listening", {{"vm", owner_.vm}, {"address", to_text(listener_->address())}});
        return {};
    }

    Task<> listen() {
        for (;;) {
            const auto error = try_listen();
            if (error.empty()) break;
            co_await pause(error);
        }
        backoff_.reset();
    }

    Task<> pause(std::string reason) {
        report(reason);
        Timer timer{context_, backoff_.next()};
        [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
    }

    void report(const std::string& reason) {
        if (!state_.is_news(reason)) return;
        log::warning("guest-unreachable", {{"vm", owner_.vm}, {"guest", owner_.guest}, {"reason", reason}});
    }

    // Says so when somebody else connects while a guest has the port. Captures values only: it may run after us.
    void watch() {
        *watch_ = true;
        waiting_.async_wait(net::posix::descriptor_base::wait_read, [watch = watch_, vm = owner_.vm,
                                                                     guest = owner_.guest](const error_code& error) {
            if (error || !*watch) return;
            log::warning(
                "guest-waits",
                {{"vm", vm}, {"guest", guest}, {"reason", "another connection has this port; the new one is next"}});
        });
    }

    net::io_context& context_;
    Address address_;
    TransportOwner owner_;
    std::optional<Listener> listener_;
    Waiting waiting_;
    Backoff backoff_;
    StateLog state_;
    std::shared_ptr<bool> watch_;  // a guest has the port
};

}  // namespace

std::unique_ptr<GuestTransport> make_listening_transport(net::io_context& context, const Guest& guest,
                                                         TransportOwner owner) {
    return std::make_unique<ListeningTransport>(context, guest.address, std::move(owner));
}

}  // namespace vmcbridge::io
