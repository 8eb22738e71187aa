// next connection -> read_port and write_port, until it ends -> the next one. ask() goes by beside it, through link_.
#include "src/io/qga_port.hpp"

#include "src/io/buffer_pool.hpp"
#include "src/io/secret.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

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

using namespace net::experimental::awaitable_operators;

QgaPort::QgaPort(net::io_context& context, std::string vm, Port port)
    : context_{context},
      vm_{std::move(vm)},
      port_{std::move(port)},
      transport_{make_transport()},
      changed_{context},
      work_{context},
      answered_{context} {}

std::unique_ptr<GuestTransport> QgaPort::make_transport() {
    return make_guest_transport(context_, *port_.channel, {.vm = vm_, .guest = port_.channel->text});
}

void QgaPort::update(const Port& port) {
    const bool is_same = port.channel == port_.channel;
    port_ = port;
    if (is_same) return;
    channel_changed_ = true;
    changed_.notify();
}

void QgaPort::stop() {
    stopping_ = true;
    changed_.notify();
}

Task<> QgaPort::run(std::shared_ptr<QgaPort> self) {
    while (!stopping_) {
        changed_.clear();  // what it told is looked at here
        if (std::exchange(channel_changed_, false)) {
            transport_.reset();  // the old one's socket file goes before the new one's is made
            transport_ = make_transport();
        }
        auto first = co_await (transport_->next() || changed_.wait());
        if (first.index() == 1) continue;
        const bool is_noted = take_note();
        if (is_noted)
            log::info("port-connected", {{"vm", vm_}, {"port", port_.name}, {"address", port_.channel->text}});
        co_await serve(std::move(std::get<0>(first)));
        if (is_noted) log::info("port-gone", {{"vm", vm_}, {"port", port_.name}, {"reason", reason_}});
    }
    transport_.reset();
    static_cast<void>(self);
}

/// A guest that floods is let go each time: its log must not grow as fast as it comes again.
bool QgaPort::take_note() {
    const auto now = Clock::now();
    if (const auto count = notes_.take_surplus(now); count > 0)
        log::warning("port-notes-left-out", {{"vm", vm_}, {"port", port_.name}, {"count", count}});
    return notes_.take(now);
}

Task<> QgaPort::serve(Stream stream) {
    reason_ = "the bridge closed it";
    work_.clear();
    link_.handle_connected();
    co_await (read_port(stream) || write_port(stream) || changed_.wait());
    stream.close();
    link_.handle_gone();
    answered_.cancel();
}

// ---- The port

Task<> QgaPort::read_port(Stream& stream) {
    for (;;) {
        const bool open = co_await stream.readable();
        if (!open) co_return;
        const auto buffer = Buffer::borrow();
        const auto bytes = buffer.bytes();
        const auto result = stream.try_read(bytes);
        if (result.state == IoResult::State::ended) co_return void(reason_ = "closed by the guest's side");
        if (result.state == IoResult::State::failed) co_return void(reason_ = result.error.message());
        if (result.bytes == 0) continue;
        link_.handle_bytes(bytes.first(result.bytes));
        work_.notify();
        answered_.cancel();
        if (link_.is_flooded()) co_return void(reason_ = "it says too much that nobody asked for");
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
        if (result.state == IoResult::State::failed) co_return void(reason_ = result.error.message());
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
