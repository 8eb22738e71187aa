// read_port -> share -> clients, and back to write_port. Clients stay from one connection to the next.
#include "src/io/raw_port.hpp"

#include "src/io/buffer_pool.hpp"
#include "src/log.hpp"

#include <algorithm>

namespace vmcbridge::io {

RawPort::RawPort(net::io_context& context, std::string vm, Port port)
    : PortLink{context, std::move(vm), std::move(port)}, room_{context}, work_{context} {}

void RawPort::stop(browser::CloseCode code, const std::string& reason) {
    stop_link();
    while (!clients_.empty()) drop(clients_.begin()->first, code, reason);
}

// ---- The port

void RawPort::began() {
    work_.clear();
    share_.handle_connected();
    tell_all();
}

void RawPort::ended() {
    share_.handle_gone();
    tell_all();
    wake_all();  // who waited to write has nobody to write to
}

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
        if (is_end(result)) co_return;
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
        if (is_end(result)) co_return;
        share_.written(result.bytes);
        if (result.bytes > 0) wake_all();
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await stream.writable();
        if (!open) co_return;
    }
}

// ---- Clients

std::optional<ClientId> RawPort::join(PortClient& client) {
    if (is_stopping() || clients_.size() >= limits::port_clients) return std::nullopt;
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
        log::warning("port-client-dropped", {{"vm", vm()}, {"port", name()}, {"reason", "it does not read"}});
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
