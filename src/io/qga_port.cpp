// ask() -> link_ -> write_port, and back from read_port.
#include "src/io/qga_port.hpp"

#include "src/io/buffer_pool.hpp"
#include "src/io/secret.hpp"

#include <array>

namespace vmcbridge::io {
namespace {

/// 53 bits that no guest can guess; nullopt: the system has none to give.
std::optional<std::int64_t> make_sync_id() noexcept {
    std::array<unsigned char, 7> bytes{};
    if (!fill_random(bytes)) return std::nullopt;
    std::int64_t id = 0;
    for (const auto byte : bytes) id = id << 8 | byte;
    return id >> 3;
}

}  // namespace

QgaPort::QgaPort(net::io_context& context, std::string vm, Port port)
    : PortLink{context, std::move(vm), std::move(port)}, work_{context}, answered_{context} {}

// ---- The port

void QgaPort::began() {
    work_.clear();
    link_.handle_connected();
}

void QgaPort::ended() {
    link_.handle_gone();
    answered_.cancel();
}

Task<> QgaPort::read_port(Stream& stream) {
    for (;;) {
        const bool open = co_await stream.readable();
        if (!open) co_return;
        const auto buffer = Buffer::borrow();
        const auto bytes = buffer.bytes();
        const auto result = stream.try_read(bytes);
        if (is_end(result)) co_return;
        if (result.bytes == 0) continue;
        link_.handle_bytes(bytes.first(result.bytes));
        work_.notify();
        answered_.cancel();
        if (link_.is_flooded()) co_return explain("it says too much that nobody asked for");
    }
}

Task<> QgaPort::write_port(Stream& stream) {
    for (;;) {
        const auto bytes = link_.to_port();
        if (bytes.empty()) {
            co_await work_.wait();
            continue;
        }
        const auto result = stream.try_write(bytes);
        if (is_end(result)) co_return;
        if (result.bytes > 0) link_.written(result.bytes, Clock::now());
        answered_.cancel();
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await stream.writable();
        if (!open) co_return;
    }
}

// ---- Who asks

Task<qga::Answer> QgaPort::ask(qga::Command command, Clock::time_point deadline) {
    using browser::Code;
    const auto sync_id = make_sync_id();
    if (!is_connected() || !sync_id) {
        qga::Failure failure{.code = Code::no_agent, .detail = "nobody is at the guest agent's port"};
        co_return failure;
    }
    link_.ask(command, *sync_id, deadline);
    work_.notify();
    for (;;) {
        if (auto answer = link_.poll_answer()) co_return std::move(*answer);
        answered_.expires_at(link_.poll_timeout().value_or(deadline));
        [[maybe_unused]] const auto [is_sooner] = co_await answered_.async_wait(as_value);
        link_.handle_timeout(Clock::now());
    }
}

}  // namespace vmcbridge::io
