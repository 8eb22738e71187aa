// next connection -> began, read_port and write_port, ended -> the next one.
#include "src/io/port_link.hpp"

#include "src/log.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <utility>

namespace vmcbridge::io {

using namespace net::experimental::awaitable_operators;

PortLink::PortLink(net::io_context& context, std::string vm, Port port)
    : context_{context}, vm_{std::move(vm)}, port_{std::move(port)}, transport_{make_transport()}, changed_{context} {}

std::unique_ptr<GuestTransport> PortLink::make_transport() {
    return make_guest_transport(context_, *port_.channel, {.vm = vm_, .guest = port_.channel->text});
}

void PortLink::update(const Port& port) {
    const bool is_same = port.channel == port_.channel;
    port_ = port;
    if (is_same) return;
    channel_changed_ = true;
    changed_.notify();
}

void PortLink::stop_link() {
    stopping_ = true;
    changed_.notify();
}

Task<> PortLink::run(std::shared_ptr<PortLink> self) {
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

/// A guest that comes and goes all the time: the log must not grow as fast.
bool PortLink::take_note() {
    const auto now = Clock::now();
    if (const auto count = notes_.take_surplus(now); count > 0)
        log::warning("port-notes-left-out", {{"vm", vm_}, {"port", port_.name}, {"count", count}});
    return notes_.take(now);
}

Task<> PortLink::serve(Stream stream) {
    reason_ = "the bridge closed it";
    began();
    co_await (read_port(stream) || write_port(stream) || changed_.wait());
    stream.close();
    ended();
}

bool PortLink::is_end(const IoResult& result) {
    if (result.state == IoResult::State::ended) reason_ = "closed by the guest's side";
    if (result.state == IoResult::State::failed) reason_ = result.error.message();
    return result.state == IoResult::State::ended || result.state == IoResult::State::failed;
}

}  // namespace vmcbridge::io
