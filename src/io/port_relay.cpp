#include "src/io/port_relay.hpp"

#include "src/log.hpp"

namespace vmcbridge::io {

PortRelay::PortRelay(net::io_context& context, std::string vm, std::shared_ptr<RawPort> port, bool wants_state,
                     Stream stream, Arrival arrival)
    : ByteRelay{context, std::move(stream), std::move(arrival)},
      vm_{std::move(vm)},
      port_{std::move(port)},
      wants_state_{wants_state},
      readable_{context},
      writable_{context} {}

PortRelay::~PortRelay() {
    if (port_) port_->leave(id_);  // where run() was cut
}

Task<bool> PortRelay::connect() {
    if (!port_) {
        end(browser::CloseCode::refused, std::string{browser::name(browser::Code::disabled)});
        co_return false;
    }
    const auto id = port_->join(*this);
    if (!id) {
        end(browser::CloseCode::refused, std::string{browser::name(browser::Code::too_many)});
        co_return false;
    }
    id_ = *id;
    log::info("port-joined", {{"vm", vm_}, {"port", port_->name()}, {"peer", peer()}});
    port_changed();
    co_return true;
}

void PortRelay::disconnect(std::string_view reason) {
    port_->leave(id_);
    log::info("port-left", {{"vm", vm_}, {"port", port_->name()}, {"peer", peer()}, {"reason", reason}});
}

Task<bool> PortRelay::readable() {
    while (!port_->has_bytes(id_)) co_await readable_.wait();
    co_return true;
}

Task<bool> PortRelay::writable() {
    co_await writable_.wait();
    co_return true;
}

void PortRelay::wake() {
    readable_.notify();
    writable_.notify();
}

void PortRelay::port_changed() {
    if (!wants_state_) return;
    auto state = std::string{R"({"type":"port","connected":)"} + (port_->is_connected() ? "true" : "false") +
                 R"(,"writer":)" + (port_->is_writer(id_) ? "true" : "false") + "}";
    if (state == told_) return;
    told_ = std::move(state);
    tell(told_);
}

}  // namespace vmcbridge::io
