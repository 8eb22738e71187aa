#include "src/io/display_relay.hpp"

#include "src/io/address.hpp"
#include "src/log.hpp"

namespace vmcbridge::io {

DisplayRelay::DisplayRelay(net::io_context& context, std::string vm, std::optional<Display> display, Stream stream,
                           Arrival arrival)
    : ByteRelay{context, std::move(stream), std::move(arrival)},
      context_{context},
      vm_{std::move(vm)},
      target_{std::move(display)} {}

Task<bool> DisplayRelay::connect() {
    if (!target_) {
        end(browser::CloseCode::refused, std::string{browser::name(browser::Code::disabled)});
        co_return false;
    }
    auto fd = co_await connect_to(target_->address, Clock::now() + connect_patience(target_->address));
    std::string fault;
    if (fd) {
        auto stream = Stream::open(context_, std::move(*fd));
        if (stream) {
            display_.emplace(std::move(*stream));
            log::info("display-joined", {{"vm", vm_}, {"peer", peer()}});
            co_return true;
        }
        fault = stream.error().message();
    } else {
        fault = fd.error();
    }
    log::warning("display-unreachable", {{"vm", vm_}, {"display", target_->text}, {"reason", fault}});
    end(browser::CloseCode::fault, "the display can't be reached");
    co_return false;
}

void DisplayRelay::disconnect(std::string_view reason) {
    log::info("display-left", {{"vm", vm_}, {"peer", peer()}, {"reason", reason}});
    display_.reset();
}

}  // namespace vmcbridge::io
