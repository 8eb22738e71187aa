// Listeners -> accept -> http::serve_connection, all on the first context of the data plane.
#include "src/io/server.hpp"

#include "src/io/address.hpp"
#include "src/io/bounds.hpp"
#include "src/io/data_plane.hpp"
#include "src/io/http/service.hpp"
#include "src/io/peer.hpp"
#include "src/io/task_group.hpp"
#include "src/io/tls.hpp"
#include "src/log.hpp"

#include <boost/asio/post.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <future>

namespace vmcbridge::io {
namespace {

constexpr std::size_t accepted_a_turn = 64;  // then the connections of this context have theirs

/// Connections that may be half open: what the machines need of our descriptors stays free.
std::size_t most_pending() {
    rlimit descriptors{};
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return bounds::pending_connections;
    descriptors.rlim_cur = descriptors.rlim_max;  // the usual soft limit is for programs that use select()
    setrlimit(RLIMIT_NOFILE, &descriptors);
    getrlimit(RLIMIT_NOFILE, &descriptors);
    return std::min<std::size_t>(bounds::pending_connections, descriptors.rlim_cur / 4);
}

error_code would_block() noexcept { return {EAGAIN, boost::system::system_category()}; }

DoorRules rules_of(const ServerConfig& config, const std::vector<Address>& bound) {
    return {.auth = config.auth, .listen = bound, .allowed_origins = config.allowed_origins};
}

/// Null where none is configured. Error: a sentence.
Result<std::shared_ptr<const TlsServer>, std::string> tls_of(const ServerConfig& config) {
    if (!config.tls.is_set()) return std::shared_ptr<const TlsServer>{};
    auto tls = TlsServer::open(config.tls);
    if (!tls) return tls.error();
    return std::make_shared<const TlsServer>(std::move(*tls));
}

std::string_view service_of(const Listening& listening, bool tls) noexcept {
    if (listening.admin) return "admin";
    return tls && !listening.address.is_unix() ? "https" : "http";
}

}  // namespace

/// Shared with its tasks: whoever ends last takes it along.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(net::io_context& on, VmRegistry& vms, ServerConfig wanted)
        : context{on},
          config{std::move(wanted)},
          service{std::make_shared<http::Service>(http::Service{.vms = vms,
                                                                .pages = http::Pages{config.web_root},
                                                                .rules = {},
                                                                .pending = http::Pending{most_pending()},
                                                                .tls = {},
                                                                .spice = {},
                                                                .stopping = false})},
          accepting{on},
          connections{on},
          house{on} {}

    [[nodiscard]] Task<> accept(std::shared_ptr<Impl> self, Listener listener, bool admin);
    [[nodiscard]] Task<> stop(std::shared_ptr<Impl> self, milliseconds grace, std::promise<bool> done);
    void take(UniqueFd fd, const Listener& listener, bool admin);

    net::io_context& context;
    ServerConfig config;
    std::vector<Address> bound;
    std::shared_ptr<http::Service> service;
    TaskGroup accepting;
    TaskGroup connections;
    TaskGroup house;
};

Server::Server(DataPlane& plane, VmRegistry& vms, ServerConfig config)
    : impl_{std::make_shared<Impl>(plane.context(0), vms, std::move(config))} {}

Server::~Server() = default;

Result<std::vector<Listening>, std::string> Server::start() {
    auto tls = tls_of(impl_->config);
    if (!tls) return tls.error();
    std::vector<Listener> listeners;
    std::vector<Listening> listening;
    for (const auto& address : impl_->config.listen) {
        auto listener = Listener::open(address);
        if (!listener) return listener.error();
        listening.push_back({.admin = false, .address = listener->address()});
        impl_->bound.push_back(listener->address());
        listeners.push_back(std::move(*listener));
    }
    if (impl_->config.admin) {
        auto listener = Listener::open(*impl_->config.admin);
        if (!listener) return listener.error();
        listening.push_back({.admin = true, .address = listener->address()});
        listeners.push_back(std::move(*listener));
    }
    impl_->service->rules = rules_of(impl_->config, impl_->bound);
    impl_->service->tls = *tls;
    for (std::size_t each = 0; each < listeners.size(); ++each) {
        const auto& [admin, address] = listening[each];
        log::info("listening",
                  {{"service", service_of(listening[each], *tls != nullptr)}, {"address", to_text(address)}});
        net::post(impl_->context, [impl = impl_, admin = admin, listener = std::move(listeners[each])]() mutable {
            impl->accepting.spawn("accept", impl->accept(impl, std::move(listener), admin));
        });
    }
    return listening;
}

Result<void, std::string> Server::update(const Config& config) {
    auto tls = tls_of(config.server);
    if (!tls) return tls.error();
    net::post(impl_->context, [impl = impl_, config, tls = std::move(*tls)]() mutable {
        impl->service->rules = rules_of(config.server, impl->bound);
        impl->service->tls = std::move(tls);
        impl->service->spice.update(config);
    });
    return {};
}

bool Server::stop(milliseconds grace) {
    std::promise<bool> done;
    auto ended = done.get_future();
    net::post(impl_->context, [impl = impl_, grace, done = std::move(done)]() mutable {
        impl->house.spawn("stop", impl->stop(impl, grace, std::move(done)));
    });
    return ended.wait_for(grace + bounds::close_deadline) == std::future_status::ready && ended.get();
}

// The listener lives here: it closes, and its socket file goes, when this task is cancelled.
Task<> Server::Impl::accept(std::shared_ptr<Impl> self, Listener listener, bool admin) {
    net::posix::basic_stream_descriptor<Executor> waiting{self->context};
    const auto give_back = [](auto* descriptor) { static_cast<void>(descriptor->release()); };
    waiting.assign(listener.native());
    const std::unique_ptr<decltype(waiting), decltype(give_back)> borrowed{&waiting, give_back};
    bool exhausted = false;
    for (std::size_t taken = 0;; ++taken) {
        auto fd = taken < accepted_a_turn ? listener.try_accept() : Result<UniqueFd, error_code>{would_block()};
        if (fd) {
            exhausted = false;
            take(std::move(*fd), listener, admin);
        } else if (fd.error() == would_block()) {
            taken = 0;
            [[maybe_unused]] const auto [error] =
                co_await waiting.async_wait(net::posix::descriptor_base::wait_read, as_value);
        } else if (fd.error().value() != ECONNABORTED && fd.error().value() != EINTR) {
            // No descriptors, no memory: what is half open makes room, and all others go on.
            if (!std::exchange(exhausted, true)) log::error("accept-failed", {{"reason", fd.error().message()}});
            std::size_t ended = 0;
            while (ended < accepted_a_turn && service->pending.end_oldest()) ++ended;
            // Those that were ended give their descriptors back when their tasks have had their turn.
            Timer pause{context, Clock::now() + (ended > 0 ? milliseconds{1} : milliseconds{bounds::reconnect_first})};
            [[maybe_unused]] const auto [error] = co_await pause.async_wait(as_value);
        }
    }
}

void Server::Impl::take(UniqueFd fd, const Listener& listener, bool admin) {
    auto peer = peer_of(fd.get(), admin);
    if (admin && !may_administrate(fd.get(), listener.address().path)) {
        return log::warning("admin-refused", {{"peer", peer.text}});
    }
    auto stream = Stream::open(context, std::move(fd));
    if (!stream) return;
    connections.spawn("http", http::serve_connection(service, std::move(*stream), std::move(peer)));
}

Task<> Server::Impl::stop(std::shared_ptr<Impl> self, milliseconds grace, std::promise<bool> done) {
    service->stopping = true;
    accepting.request_stop();
    service->pending.end_idle();
    const bool clean = co_await connections.join(grace);
    connections.request_stop();
    const bool closed = co_await accepting.join(grace);
    done.set_value(clean && closed);
    static_cast<void>(self);
}

}  // namespace vmcbridge::io
