// Listeners -> accept -> http::serve_connection or spice::serve_port, all on the first context of the data plane.
#include "src/io/server.hpp"

#include "src/io/address.hpp"
#include "src/io/bounds.hpp"
#include "src/io/data_plane.hpp"
#include "src/io/http/service.hpp"
#include "src/io/peer.hpp"
#include "src/io/spice/link.hpp"
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

DoorRules rules_of(const ServerConfig& config, const std::vector<Listening>& bound) {
    DoorRules rules{.auth = config.auth, .listen = {}, .allowed_origins = config.allowed_origins};
    for (const auto& each : bound)
        if (each.service != Listening::Service::admin) rules.listen.push_back(each.address);
    return rules;
}

/// Null where none is configured. Error: a sentence.
Result<std::shared_ptr<const TlsServer>, std::string> tls_of(const ServerConfig& config) {
    if (!config.tls.is_set()) return std::shared_ptr<const TlsServer>{};
    auto tls = TlsServer::open(config.tls);
    if (!tls) return tls.error();
    return std::make_shared<const TlsServer>(std::move(*tls));
}

std::string_view name_of(const Listening& listening, bool tls) noexcept {
    switch (listening.service) {
        case Listening::Service::admin: return "admin";
        case Listening::Service::spice: return "spice";
        case Listening::Service::http: break;
    }
    return tls && !listening.address.is_unix() ? "https" : "http";
}

/// What is to be listened on.
std::vector<Listening> listeners_of(const Config& config) {
    std::vector<Listening> all;
    const auto add = [&](Listening::Service service, const std::vector<Address>& addresses,
                         const std::string& vm = {}) {
        for (const auto& address : addresses) all.push_back({.service = service, .vm = vm, .address = address});
    };
    add(Listening::Service::http, config.server.listen);
    if (config.server.admin) add(Listening::Service::admin, {*config.server.admin});
    add(Listening::Service::spice, config.server.spice_listen);
    for (const auto& [name, vm] : config.vms) add(Listening::Service::spice, vm.spice_listen, name);
    return all;
}

/// The same configuration with the addresses that are listened on: of a port 0 the one that was chosen.
Config as_bound(Config config, const std::vector<Listening>& bound) {
    config.server.spice_listen.clear();
    for (auto& [name, vm] : config.vms) vm.spice_listen.clear();
    for (const auto& each : bound) {
        if (each.service != Listening::Service::spice) continue;
        const auto vm = config.vms.find(each.vm);
        if (each.vm.empty()) config.server.spice_listen.push_back(each.address);
        if (vm != config.vms.end()) vm->second.spice_listen.push_back(each.address);
    }
    return config;
}

}  // namespace

/// Shared with its tasks: whoever ends last takes it along.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(net::io_context& on, VmRegistry& vms, const Config& wanted)
        : context{on},
          config{wanted},
          service{std::make_shared<http::Service>(http::Service{.vms = vms,
                                                                .pages = http::Pages{config.server.web_root},
                                                                .rules = {},
                                                                .pending = Pending{most_pending()},
                                                                .tls = {},
                                                                .spice = {},
                                                                .links = {},
                                                                .stopping = false})},
          accepting{on},
          connections{on},
          house{on} {
        service->links = std::make_shared<spice::LinkService>(on, vms, *service->spice.tickets, most_pending());
    }

    [[nodiscard]] Task<> accept(std::shared_ptr<Impl> self, Listener listener, Listening at);
    [[nodiscard]] Task<> stop(std::shared_ptr<Impl> self, milliseconds grace, std::promise<bool> done);
    void take(UniqueFd fd, const Listening& at);
    /// On the context, or before it runs.
    void apply(const Config& wanted, std::shared_ptr<const TlsServer> tls);

    net::io_context& context;
    Config config;
    std::vector<Listening> bound;
    std::shared_ptr<http::Service> service;
    TaskGroup accepting;
    TaskGroup connections;
    TaskGroup house;
};

Server::Server(DataPlane& plane, VmRegistry& vms, const Config& config)
    : impl_{std::make_shared<Impl>(plane.context(0), vms, config)} {}

Server::~Server() = default;

Result<std::vector<Listening>, std::string> Server::start() {
    auto tls = tls_of(impl_->config.server);
    if (!tls) return tls.error();
    std::vector<Listener> listeners;
    auto wanted = listeners_of(impl_->config);
    for (auto& each : wanted) {
        auto listener = Listener::open(each.address);
        if (!listener) return listener.error();
        each.address = listener->address();
        listeners.push_back(std::move(*listener));
    }
    impl_->bound = std::move(wanted);
    impl_->apply(impl_->config, *tls);
    impl_->config.spice_passwords.clear();  // the tickets have their hashes
    for (std::size_t each = 0; each < listeners.size(); ++each) {
        const auto& at = impl_->bound[each];
        std::vector<log::Field> fields{{"service", name_of(at, *tls != nullptr)}, {"address", to_text(at.address)}};
        if (!at.vm.empty()) fields.emplace_back("vm", at.vm);
        log::write(log::Level::info, "listening", fields);
        net::post(impl_->context, [impl = impl_, at, listener = std::move(listeners[each])]() mutable {
            impl->accepting.spawn("accept", impl->accept(impl, std::move(listener), std::move(at)));
        });
    }
    return impl_->bound;
}

void Server::Impl::apply(const Config& wanted, std::shared_ptr<const TlsServer> tls) {
    service->rules = rules_of(wanted.server, bound);
    service->tls = tls;
    service->spice.update(as_bound(wanted, bound), tls ? std::optional{tls->shown()} : std::nullopt);
    service->links->apply(wanted, service->rules, std::move(tls));
}

Result<void, std::string> Server::update(const Config& config) {
    auto tls = tls_of(config.server);
    if (!tls) return tls.error();
    net::post(impl_->context,
              [impl = impl_, config, tls = std::move(*tls)]() mutable { impl->apply(config, std::move(tls)); });
    return {};
}

void Server::set_machines(const std::map<std::string, VmConfig>& vms) {
    net::post(impl_->context, [impl = impl_, vms] {
        impl->service->spice.set_machines(vms);
        impl->service->links->set_machines(vms);
    });
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
Task<> Server::Impl::accept(std::shared_ptr<Impl> self, Listener listener, Listening at) {
    net::posix::basic_stream_descriptor<Executor> waiting{self->context};
    const auto give_back = [](auto* descriptor) { static_cast<void>(descriptor->release()); };
    waiting.assign(listener.native());
    const std::unique_ptr<decltype(waiting), decltype(give_back)> borrowed{&waiting, give_back};
    bool exhausted = false;
    for (std::size_t taken = 0;; ++taken) {
        auto fd = taken < accepted_a_turn ? listener.try_accept() : Result<UniqueFd, error_code>{would_block()};
        if (fd) {
            exhausted = false;
            take(std::move(*fd), at);
        } else if (fd.error() == would_block()) {
            taken = 0;
            [[maybe_unused]] const auto [error] =
                co_await waiting.async_wait(net::posix::descriptor_base::wait_read, as_value);
        } else if (fd.error().value() != ECONNABORTED && fd.error().value() != EINTR) {
            // No descriptors, no memory: what is half open makes room, and all others go on.
            if (!std::exchange(exhausted, true)) log::error("accept-failed", {{"reason", fd.error().message()}});
            std::size_t ended = 0;
            while (ended < accepted_a_turn && (service->links->pending.end_oldest() || service->pending.end_oldest()))
                ++ended;
            // Those that were ended give their descriptors back when their tasks have had their turn.
            Timer pause{context, Clock::now() + (ended > 0 ? milliseconds{1} : milliseconds{bounds::reconnect_first})};
            [[maybe_unused]] const auto [error] = co_await pause.async_wait(as_value);
        }
    }
}

void Server::Impl::take(UniqueFd fd, const Listening& at) {
    const bool admin = at.service == Listening::Service::admin;
    auto peer = peer_of(fd.get(), admin);
    if (admin && !may_administrate(fd.get(), at.address.path))
        return log::warning("admin-refused", {{"peer", peer.text}});
    auto stream = Stream::open(context, std::move(fd));
    if (!stream) return;
    if (at.service != Listening::Service::spice)
        return connections.spawn("http", http::serve_connection(service, std::move(*stream), std::move(peer)));
    spice::LinkOrigin origin{.peer = std::move(peer), .is_confidential = at.address.is_unix()};
    if (!at.vm.empty()) origin.vm = at.vm;
    connections.spawn("spice-link", spice::serve_port(service->links, std::move(*stream), std::move(origin)));
}

Task<> Server::Impl::stop(std::shared_ptr<Impl> self, milliseconds grace, std::promise<bool> done) {
    service->stop();
    service->links->stopping = true;
    accepting.request_stop();
    service->pending.end_idle();
    service->links->pending.end_idle();
    const bool clean = co_await connections.join(grace);
    connections.request_stop();
    const bool closed = co_await accepting.join(grace);
    done.set_value(clean && closed);
    static_cast<void>(self);
}

}  // namespace vmcbridge::io
