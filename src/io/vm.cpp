#include "src/io/vm.hpp"

#include "src/io/agent_session.hpp"
#include "src/io/display_relay.hpp"
#include "src/io/file_spool.hpp"
#include "src/io/port_relay.hpp"
#include "src/io/spice/channel_relay.hpp"
#include "src/io/spice/session.hpp"
#include "src/io/uuid.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

namespace vmcbridge::io {
namespace {

bridge::HubSettings settings_of(const VmConfig& config) { return {.policy = config.policy, .limits = config.limits}; }

/// Who may see the address of a SPICE server need not know which files lead into it.
std::string shown(const Guest& guest) {
    return is_spice(guest.kind) ? guest.text.substr(0, guest.text.find('?')) : guest.text;
}

}  // namespace

Vm::Vm(net::io_context& context, VmConfig config)
    : context_{context},
      name_{config.name},
      config_{std::move(config)},
      port_{context, name_, settings_of(config_), make_file_spool},
      transport_{make_transport()},
      changed_{context},
      clients_{context},
      guest_{context},
      house_{context} {
    port_.set_session_keeper(*this);
    open_ports();
    open_guest_agent();
}

std::unique_ptr<GuestTransport> Vm::make_transport() {
    if (!config_.guest) return nullptr;
    auto on_session = [this](auto session) { port_.set_session(std::move(session)); };
    return make_guest_transport(
        context_, *config_.guest,
        {.vm = config_.name, .guest = config_.guest->text, .on_session = std::move(on_session)});
}

// ---- From any thread

void Vm::start() {
    net::post(context_, [self = shared_from_this()] {
        self->house_.spawn("clock", self->run_clock(self));
        self->house_.spawn("pings", self->run_pings(self));
        self->guest_.spawn("guest", self->run_guest(self));
        for (const auto& [name, port] : self->ports_) self->run_port(port);
        if (self->guest_control_) self->run_guest_agent();
    });
}

void Vm::update(VmConfig config) {
    net::post(context_, [self = shared_from_this(), config = std::move(config)]() mutable {
        self->handle_update(std::move(config));
    });
}

void Vm::adopt(Arrival arrival) {
    net::post(context_, [self = shared_from_this(), arrival = std::move(arrival)]() mutable {
        self->handle_arrival(std::move(arrival));
    });
}

void Vm::close(browser::CloseCode code, std::string reason, milliseconds grace, std::function<void()> done) {
    net::post(context_,
              [self = shared_from_this(), code, reason = std::move(reason), grace, done = std::move(done)]() mutable {
                  self->handle_close(code, std::move(reason), grace, std::move(done));
              });
}

template <class Value>
Task<Value> Vm::ask_later(std::function<void(Vm&, std::function<void(Value)>)> start) {
    auto initiate = [self = shared_from_this(), start = std::move(start)](auto handler) {
        const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        auto answer = [waiting](Value value) {
            auto executor = net::get_associated_executor(*waiting);
            net::post(executor,
                      [waiting, value = std::move(value)]() mutable { std::move (*waiting)(std::move(value)); });
        };
        net::post(self->context_, [self, start, answer = std::move(answer)] { start(*self, answer); });
    };
    return net::async_initiate<const net::use_awaitable_t<Executor>, void(Value)>(std::move(initiate),
                                                                                  net::use_awaitable_t<Executor>{});
}

template <class Value>
Task<Value> Vm::ask(std::function<Value(const Vm&)> look) {
    return ask_later<Value>([look = std::move(look)](Vm& vm, const auto& answer) { answer(look(vm)); });
}

Task<VmView> Vm::view() { return ask<VmView>(&Vm::describe); }

Task<VmTrace> Vm::trace() {
    return ask<VmTrace>([](const Vm& vm) { return VmTrace{.name = vm.name_, .events = vm.port_.trace()}; });
}

Task<GuestAnswer> Vm::ask_guest(GuestAsk ask) {
    const auto asker = ask.asker;
    asker->when_gone([self = shared_from_this()] {
        net::post(self->context_, [self] {
            if (self->guest_control_) self->guest_control_->forget_gone();
        });
    });
    std::function<void(Vm&, GuestControl::Done)> start = [ask = std::move(ask)](Vm& vm, GuestControl::Done done) {
        vm.start_ask(ask, std::move(done));
    };
    auto answer = co_await ask_later<GuestAnswer>(std::move(start));
    asker->when_gone(nullptr);
    co_return answer;
}

Task<std::optional<ChannelTarget>> Vm::channel_target(std::uint32_t session, ::vmcbridge::spice::ChannelId channel) {
    using Target = std::optional<ChannelTarget>;
    return ask<Target>([session, channel](const Vm& vm) -> Target {
        const auto client = vm.port_.client_of(session);
        const auto server = vm.transport_ ? vm.transport_->server() : std::nullopt;
        if (vm.closing_ || !client || !server || !vm.port_.may_open(*client, channel)) return std::nullopt;
        return ChannelTarget{.client = *client, .guest = server->guest, .session = server->session};
    });
}

// ---- On its context

void Vm::review_channels(ClientId client) {
    for (const auto& [channel, weak] : channels_) {
        const auto relay = weak.lock();
        if (relay && relay->client() == client && !port_.may_open(client, channel))
            relay->stop(browser::CloseCode::replaced,
                        port_.has(client) ? "its viewer has no right to it any more" : "its viewer has gone");
    }
}

void Vm::want_mouse_mode(std::uint16_t mode) {
    if (transport_) transport_->want_mouse_mode(mode);
}

bool Vm::may_open(const Port& port) const {
    return port.channel && &port != guest_agent_port() &&
           policy::permits_port(config_.policy.ports, port.name, port.needs_leave);
}

void Vm::open_ports() {
    for (const auto& port : config_.ports)
        if (may_open(port) && !ports_.contains(port.name))
            ports_.emplace(port.name, std::make_shared<RawPort>(context_, name_, port));
}

void Vm::run_port(const std::shared_ptr<RawPort>& port) { guest_.spawn("port", port->run(port)); }

void Vm::update_ports() {
    std::map<std::string, std::shared_ptr<RawPort>> kept;
    for (const auto& port : config_.ports) {
        auto open = ports_.extract(port.name);
        if (open.empty() || !may_open(port)) {
            if (!open.empty()) ports_.insert(std::move(open));
            continue;
        }
        open.mapped()->update(port);
        kept.insert(std::move(open));
    }
    for (const auto& [name, gone] : ports_)
        gone->stop(browser::CloseCode::refused, std::string{browser::name(browser::Code::disabled)});
    ports_ = kept;
    open_ports();
    for (const auto& [name, port] : ports_)
        if (!kept.contains(name)) run_port(port);
}

void Vm::handle_update(VmConfig config) {
    if (closing_ || config == config_) return;
    const bool other_guest = config.guest != config_.guest;
    config_ = std::move(config);
    port_.apply(settings_of(config_));
    update_ports();
    update_guest_agent();
    if (!other_guest) return;
    guest_changed_ = true;
    changed_.notify();
    port_.drop_guest("another guest is configured");
}

/// SPICE's main channel, its link done.
std::shared_ptr<Session> Vm::open_spice(Arrival arrival) {
    auto link = std::move(*arrival.link);
    auto wire = spice::Wire::open(context_, std::move(link.wire));
    if (!wire) {
        log::warning("client-lost", {{"vm", name_}, {"reason", wire.error().message()}});
        return nullptr;
    }
    auto companion_of = std::move(arrival.resume);
    return std::make_shared<spice::MainSession>(name_, port_, clients_, std::move(*wire), std::move(arrival),
                                                bridge::SpiceLink{.capabilities = link.capabilities,
                                                                  .session = link.session,
                                                                  .uuid = uuid_of(config_),
                                                                  .has_own_uuid = !config_.uuid.empty(),
                                                                  .companion_of = std::move(companion_of)},
                                                std::move(link.known));
}

std::shared_ptr<Session> Vm::open_channel(Arrival arrival) {
    const auto id = arrival.channel->id;
    const bool may_open = port_.may_open(arrival.channel->client, id);
    std::erase_if(channels_, [](const auto& each) { return each.second.expired(); });
    const auto last = channels_.find(id);
    auto before = may_open && last != channels_.end() ? last->second.lock() : nullptr;
    auto relay = std::make_shared<spice::ChannelRelay>(context_, name_, port_, std::move(arrival), std::move(before));
    if (may_open)
        channels_[id] = relay;
    else  // its login took until another one had the session, whose channel this is then
        relay->stop(browser::CloseCode::replaced, "the session is somebody else's now");
    return relay;
}

std::shared_ptr<Session> Vm::open_websocket(Arrival arrival) {
    auto stream = Stream::open(context_, std::move(arrival.socket));
    if (!stream) {
        log::warning("client-lost", {{"vm", name_}, {"reason", stream.error().message()}});
        return nullptr;
    }
    if (arrival.service == Arrival::Service::agent)
        return std::make_shared<AgentSession>(name_, port_, clients_, std::move(*stream), std::move(arrival));
    if (arrival.service == Arrival::Service::port) {
        const auto port = ports_.find(arrival.port);
        const bool wants_state = arrival.wants_state;
        return std::make_shared<PortRelay>(context_, name_, port == ports_.end() ? nullptr : port->second, wants_state,
                                           std::move(*stream), std::move(arrival));
    }
    auto session =
        std::make_shared<DisplayRelay>(context_, name_, config_.display, std::move(*stream), std::move(arrival));
    if (++displays_ > bounds::vm_displays)
        session->stop(browser::CloseCode::refused, std::string{browser::name(browser::Code::too_many)});
    return session;
}

std::shared_ptr<Session> Vm::open(Arrival arrival) {
    switch (arrival.service) {
        case Arrival::Service::spice: return open_spice(std::move(arrival));
        case Arrival::Service::spice_channel: return open_channel(std::move(arrival));
        case Arrival::Service::agent:
        case Arrival::Service::port:
        case Arrival::Service::display: break;
    }
    return open_websocket(std::move(arrival));
}

void Vm::handle_arrival(Arrival arrival) {
    auto session = open(std::move(arrival));
    if (!session) return;
    if (closing_) session->stop(closing_->code, closing_->reason);
    clients_.spawn("client", run_session(shared_from_this(), std::move(session)));
}

void Vm::handle_close(browser::CloseCode code, std::string reason, milliseconds grace, std::function<void()> done) {
    if (closing_) return done();
    closing_ = Closing{code, reason};
    if (guest_control_) guest_control_->stop();
    port_.close_clients(code, reason);
    for (auto* session : sessions_) session->stop(code, reason);
    house_.spawn("close", run_close(shared_from_this(), grace, std::move(done)));
}

VmView Vm::describe() const {
    VmView view{.name = name_,
                .uuid = config_.uuid,
                .guest = config_.guest ? shown(*config_.guest) : std::string{},
                .guest_connected = guest_connected_,
                .guest_problem = transport_ ? transport_->problem() : std::string{},
                .is_server_linked = transport_ ? transport_->is_linked() : std::nullopt,
                .guest_facts = config_.guest_facts,
                .display = {},
                .display_clients = displays_,
                .ports = {},
                .guest_agent = {},
                .status = port_.status()};
    const auto* const typed = guest_agent_port();
    for (const auto& port : config_.ports) {
        const auto open = ports_.find(port.name);
        const bool is_open = open != ports_.end();
        if (port.name == policy::guest_agent_port)
            view.guest_agent = {.permission = config_.policy.guest_agent,
                                .is_connected = guest_control_ && guest_control_->is_connected()};
        const bool is_permitted = policy::permits_port(config_.policy.ports, port.name, port.needs_leave);
        view.ports.push_back({.port = port,
                              .is_permitted = is_permitted && &port != typed,
                              .is_connected = is_open && open->second->is_connected(),
                              .clients = is_open ? open->second->clients() : 0});
    }
    if (config_.display) {
        view.display = config_.display->text;
    } else if (config_.guest && is_spice(config_.guest->kind)) {
        view.display = view.guest;
        view.display_kind = "spice";
        view.display_clients = static_cast<std::size_t>(std::ranges::count_if(channels_, [](const auto& each) {
            return each.first.type == ::vmcbridge::spice::ChannelType::display && !each.second.expired();
        }));
    }
    return view;
}

Task<> Vm::run_guest(std::shared_ptr<Vm> self) {
    using namespace net::experimental::awaitable_operators;
    while (!self->closing_) {
        changed_.clear();  // what it told is looked at here; left set, it would take a connection from next() below
        if (std::exchange(guest_changed_, false)) {
            transport_.reset();  // the old one's socket file goes before the new one's is made
            port_.set_session(std::nullopt);
            transport_ = make_transport();
        }
        if (!transport_) {
            co_await changed_.wait();
            continue;
        }
        auto first = co_await (transport_->next() || changed_.wait());
        if (first.index() == 1) continue;
        log::info("guest-connected", {{"vm", name_}, {"guest", config_.guest ? config_.guest->text : ""}});
        guest_connected_ = true;
        const auto reason = co_await port_.serve_guest(std::move(std::get<0>(first)));
        guest_connected_ = false;
        log::info("guest-gone", {{"vm", name_}, {"reason", reason}});
    }
    transport_.reset();
}

Task<> Vm::run_clock(std::shared_ptr<Vm> self) { co_await self->port_.run_clock(); }

Task<> Vm::run_pings(std::shared_ptr<Vm> self) {
    Timer timer{context_};
    for (;;) {
        timer.expires_after(bounds::ping_interval);
        [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
        const auto now = Clock::now();
        for (auto* session : self->sessions_) session->tick(now);
    }
}

Task<> Vm::run_session(std::shared_ptr<Vm> self, std::shared_ptr<Session> session) {
    sessions_.insert(session.get());
    const auto forget = [this](Session* each) {
        sessions_.erase(each);
        if (dynamic_cast<DisplayRelay*>(each) != nullptr) --displays_;
    };
    const std::unique_ptr<Session, decltype(forget)> entry{session.get(), forget};
    co_await session->run();
    static_cast<void>(self);
}

// Clients first: the guest is still there to be told that the last of them has gone.
Task<> Vm::run_close(std::shared_ptr<Vm> self, milliseconds grace, std::function<void()> done) {
    bool clean = co_await clients_.join(grace);
    clients_.request_stop();
    port_.drop_guest(closing_->reason);
    changed_.notify();
    for (const auto& [name, port] : ports_) port->stop(closing_->code, closing_->reason);
    stop_guest_agent();
    if (!co_await guest_.join(bounds::guest_farewell + bounds::guest_farewell)) clean = false;
    guest_.request_stop();
    if (!clean) log::warning("vm-cut", {{"vm", name_}, {"reason", "some connections did not end in time"}});
    done();
    self->house_.request_stop();
}

}  // namespace vmcbridge::io
