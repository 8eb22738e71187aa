// next connection -> read_port and write_port, until it ends -> the next one. Clients stay meanwhile.
#include "src/io/raw_port.hpp"

#include "src/io/buffer_pool.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>

namespace vmcbridge::io {

using namespace net::experimental::awaitable_operators;

RawPort::RawPort(net::io_context& context, std::string vm, Port port)
    : context_{context},
      vm_{std::move(vm)},
      port_{std::move(port)},
      transport_{make_transport()},
      changed_{context},
      room_{context},
      work_{context} {}

std::unique_ptr<GuestTransport> RawPort::make_transport() {
    return make_guest_transport(context_, *port_.channel, {.vm = vm_, .guest = port_.channel->text});
}

void RawPort::update(const Port& port) {
    const bool is_same = port.channel == port_.channel;
    port_ = port;
    if (is_same) return;
    channel_changed_ = true;
    changed_.notify();
}

void RawPort::stop(browser::CloseCode code, const std::string& reason) {
    stopping_ = true;
    changed_.notify();
    while (!clients_.empty()) drop(clients_.begin()->first, code, reason);
}

Task<> RawPort::run(std::shared_ptr<RawPort> self) {
    while (!stopping_) {
        changed_.clear();  // what it told is looked at here
        if (std::exchange(channel_changed_, false)) {
            transport_.reset();  // the old one's socket file goes before the new one's is made
            transport_ = make_transport();
        }
        auto first = co_await (transport_->next() || changed_.wait());
        if (first.index() == 1) continue;
        log::info("port-connected", {{"vm", vm_}, {"port", port_.name}, {"address", port_.channel->text}});
        co_await serve(std::move(std::get<0>(first)));
        log::info("port-gone", {{"vm", vm_}, {"port", port_.name}, {"reason", reason_}});
    }
    transport_.reset();
    static_cast<void>(self);
}

Task<> RawPort::serve(Stream stream) {
    reason_ = "the bridge closed it";
    work_.clear();
    share_.handle_connected();
    tell_all();
    co_await (read_port(stream) || write_port(stream) || changed_.wait());
    stream.close();
    share_.handle_gone();
    tell_all();
    wake_all();  // who waited to write has nobody to write to
}

// ---- The port

Task<> RawPort::read_port(Stream& stream) {
    for (;;) {
        drop_slow();
        if (share_.room() == 0) {
            room_.expires_at(share_.poll_timeout().value_or(Clock::time_point::max()));
            [[maybe_unused]] const auto [somebody_took] = co_await room_.async_wait(as_value);
            continue;
        }
        const bool open = co_await stream.readable();
        if (!open) co_return;
        auto buffer = Buffer::borrow();
        const auto bytes = buffer.bytes();
        const auto result = stream.try_read(bytes.first(std::min(bytes.size(), share_.room())));
        if (result.state == IoResult::State::ended) co_return void(reason_ = "closed by the guest's side");
        if (result.state == IoResult::State::failed) co_return void(reason_ = result.error.message());
        if (result.bytes == 0) continue;
        share_.handle_bytes(bytes.first(result.bytes), Clock::now());
        wake_all();
    }
}

Task<> RawPort::write_port(Stream& stream) {
    for (;;) {
        const auto bytes = share_.to_port();
        if (bytes.empty()) {
            co_await work_.wait();
            continue;
        }
        const auto result = stream.try_write(bytes);
        if (result.state == IoResult::State::failed) co_return void(reason_ = result.error.message());
        share_.written(result.bytes);
        if (result.bytes > 0) wake_all();
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await stream.writable();
        if (!open) co_return;
    }
}

// ---- Clients

std::optional<ClientId> RawPort::join(PortClient& client) {
    if (stopping_ || clients_.size() >= limits::port_clients) return std::nullopt;
    const auto id = share_.join();
    clients_.emplace(id, &client);
    return id;
}

void RawPort::leave(ClientId client) {
    if (clients_.erase(client) == 0) return;
    const bool was_writer = is_writer(client);
    share_.leave(client);
    room_.cancel();
    if (was_writer) tell_all();
}

void RawPort::drop(ClientId client, browser::CloseCode code, const std::string& reason) {
    auto* const dropped = clients_.at(client);
    leave(client);
    dropped->drop(code, reason);
}

void RawPort::drop_slow() {
    for (const auto client : share_.too_slow(Clock::now())) {
        log::warning("port-client-dropped", {{"vm", vm_}, {"port", port_.name}, {"reason", "it does not read"}});
        drop(client, browser::CloseCode::too_slow, "it does not read");
    }
}

IoResult RawPort::read(ClientId client, MutableBytes out) {
    const auto bytes = share_.to_client(client);
    if (bytes.empty()) return {};
    const auto count = std::min(bytes.size(), out.size());
    std::copy_n(bytes.begin(), count, out.begin());
    share_.taken(client, count);
    room_.cancel();
    return {.state = IoResult::State::moved, .bytes = count, .error = {}};
}

IoResult RawPort::write(ClientId client, Bytes bytes) {
    const auto count = share_.write(client, bytes);
    if (count == 0) return {};
    work_.notify();
    return {.state = IoResult::State::moved, .bytes = count, .error = {}};
}

void RawPort::wake_all() {
    for (const auto& [id, client] : clients_) client->wake();
}

void RawPort::tell_all() {
    for (const auto& [id, client] : clients_) client->port_changed();
}

}  // namespace vmcbridge::io
