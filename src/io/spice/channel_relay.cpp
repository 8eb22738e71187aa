// the one before goes -> the server lets us in -> the client is told -> to_server and to_client, until one side ends
// -> the server sees it go.
#include "src/io/spice/channel_relay.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/buffer_pool.hpp"
#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <utility>

namespace vmcbridge::io::spice {

using namespace net::experimental::awaitable_operators;
namespace proto = ::vmcbridge::spice;

ChannelRelay::ChannelRelay(net::io_context& context, std::string vm, HubPort& port, Arrival arrival,
                           std::shared_ptr<ChannelRelay> before)
    : context_{context},
      vm_{std::move(vm)},
      port_{port},
      client_{arrival.channel->client},
      channel_{arrival.channel->id},
      guest_{std::move(arrival.channel->guest)},
      place_{std::move(arrival.channel->place)},
      parts_{std::move(arrival.channel)},
      early_{std::move(arrival.early)},
      before_{std::move(before)},
      bounds_{parts_->header},
      stopped_{context},
      gone_{context} {
    if (channel_.type == proto::ChannelType::inputs) inputs_.emplace(parts_->header);
    if (before_) before_->stop(browser::CloseCode::replaced, "opened anew");
}

Task<> ChannelRelay::run() {
    const auto leave = [this](void*) { gone_.notify(); };
    const std::unique_ptr<void, decltype(leave)> told{this, leave};
    auto wire = Wire::open(context_, std::move(parts_->wire));
    if (!wire) co_return;
    wire_.emplace(std::move(*wire));
    const bool linked = co_await link();
    place_.reset();
    if (linked) co_await serve();
    wire_->close();
    if (server_) co_await part();
}

Task<> ChannelRelay::serve() {
    const auto number = std::to_string(channel_.id);
    const auto name = proto::name(channel_.type);
    log::info("channel-opened", {{"vm", vm_}, {"client", client_.raw()}, {"channel", name}, {"number", number}});
    co_await (to_server() || to_client() || stopped_.wait());
    log::info("channel-closed",
              {{"vm", vm_}, {"client", client_.raw()}, {"channel", name}, {"number", number}, {"reason", reason_}});
}

// ---- The links

Task<bool> ChannelRelay::link() {
    const auto deadline = Clock::now() + bounds::connect_deadline;
    if (before_) {
        Timer timer{context_, deadline};
        co_await (before_->gone_.wait() || timer.async_wait(as_value));
        before_.reset();
    }
    std::string reason = "the session is somebody else's now";
    if (!ended_ && port_.may_open(client_, channel_)) {
        auto asked = AnsweredLink::open(context_, std::move(parts_->server), deadline);
        parts_.reset();
        if (!asked) co_return false;
        auto server = co_await log_in_as_client(std::move(*asked), guest_);
        if (server) {
            server_.emplace(std::move(server->stream));
            server_early_ = std::move(server->early);
            if (!ended_) co_return co_await send_result(proto::LinkError::ok);
        } else {
            reason = server.error();
        }
    }
    if (ended_) reason = reason_;
    log::warning("channel-refused",
                 {{"vm", vm_}, {"client", client_.raw()}, {"channel", proto::name(channel_.type)}, {"reason", reason}});
    [[maybe_unused]] const bool told = co_await send_result(proto::LinkError::channel_not_available);
    co_return false;
}

Task<bool> ChannelRelay::send_result(proto::LinkError result) {
    std::vector<std::byte> out;
    Writer{out}.as(result);
    bounds_.expect(out.size());
    co_return co_await write_client(out);
}

// ---- Client to server

Task<> ChannelRelay::to_server() {
    if (!early_.empty()) {
        const auto early = std::exchange(early_, {});
        const bool passed = co_await pass(as_bytes(early));
        if (!passed) co_return;
    }
    for (;;) {
        const bool open = co_await wire_->readable();
        if (!open) co_return end("lost");
        const auto buffer = Buffer::borrow();
        for (std::size_t moved = 0; moved < bounds::turn;) {
            const auto result = wire_->try_read(buffer.bytes());
            if (result.state == IoResult::State::ended) co_return end("closed by the client");
            if (result.state == IoResult::State::failed) co_return end("lost");
            if (result.bytes == 0) break;
            moved += result.bytes;
            const bool passed = co_await pass(buffer.bytes().first(result.bytes));
            if (!passed) co_return;
        }
    }
}

// false: the end.
Task<bool> ChannelRelay::pass(Bytes bytes) {
    if (!inputs_) co_return co_await write_server(bytes);
    if (auto fault = inputs_->handle_client(bytes, port_.may_input(client_), input_)) {
        end(std::move(*fault));
        co_return false;
    }
    if (inputs_->take_held()) port_.handle_held_input(client_);
    const bool written = co_await write_server(input_);
    input_.clear();
    co_return written;
}

Task<bool> ChannelRelay::write_server(Bytes rest) {
    while (!rest.empty()) {
        const auto result = server_->try_write(rest);
        if (result.state == IoResult::State::failed) {
            end("the server has closed");
            co_return false;
        }
        rest = rest.subspan(result.bytes);
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await server_->writable();
        if (!open) co_return false;
    }
    co_return true;
}

// ---- Server to client

Task<> ChannelRelay::to_client() {
    if (!server_early_.empty()) {
        const auto early = std::exchange(server_early_, {});
        const bool written = co_await write_client(as_bytes(early));
        if (!written) co_return;
    }
    for (;;) {
        const bool open = co_await server_->readable();
        if (!open) co_return end("the server has closed");
        const auto buffer = Buffer::borrow();
        for (std::size_t moved = 0; moved < bounds::turn;) {
            const auto result = server_->try_read(buffer.bytes());
            if (result.state == IoResult::State::ended || result.state == IoResult::State::failed)
                co_return end("the server has closed");
            if (result.bytes == 0) break;
            moved += result.bytes;
            const bool written = co_await write_client(buffer.bytes().first(result.bytes));
            if (!written) co_return;
        }
    }
}

// As MainSession has it: a record of TLS holds one message at most.
Task<bool> ChannelRelay::write_client(Bytes rest) {
    const bool is_cut = wire_->is_secure();
    while (!rest.empty()) {
        const auto piece = is_cut ? rest.first(bounds_.together(rest)) : rest;
        const auto result = wire_->try_write(piece);
        if (result.state == IoResult::State::failed) {
            end("lost");
            co_return false;
        }
        if (is_cut) bounds_.took(rest.first(result.bytes));
        rest = rest.subspan(result.bytes);
        if (result.state != IoResult::State::would_block) continue;
        const bool open = co_await wire_->writable();
        if (!open) co_return false;
    }
    co_return true;
}

// ---- The end

void ChannelRelay::stop(browser::CloseCode, std::string reason) {
    end(std::move(reason));
    stopped_.notify();
}

void ChannelRelay::end(std::string reason) {
    if (std::exchange(ended_, true)) return;
    reason_ = std::move(reason);
}

// The server frees the channel when it sees our end, and closes; what it sends until then is for nobody.
Task<> ChannelRelay::part() {
    server_->shutdown_write();
    const auto until = Clock::now() + bounds::close_deadline;
    for (;;) {
        const bool open = co_await server_->readable(until);
        if (!open) break;
        const auto buffer = Buffer::borrow();
        const auto result = server_->try_read(buffer.bytes());
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) break;
    }
    server_->close();
}

}  // namespace vmcbridge::io::spice
