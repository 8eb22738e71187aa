// The QEMU guest agent of a machine, where the bridge itself holds its port: opened, updated, stopped with the rules.
#include "src/io/vm.hpp"

#include <algorithm>

namespace vmcbridge::io {

const Port* Vm::held_agent_port() const {
    if (config_.policy.guest_agent == policy::GuestAgentRule::off) return nullptr;
    const auto port = std::ranges::find(config_.ports, policy::guest_agent_port, &Port::name);
    return port == config_.ports.end() || !port->channel ? nullptr : &*port;
}

void Vm::open_guest_agent() {
    const auto* const port = held_agent_port();
    if (port == nullptr) return;
    agent_port_ = std::make_shared<QgaPort>(context_, name_, *port);
    guest_control_ = std::make_shared<GuestControl>(context_, name_, agent_port_, config_.policy.guest_agent);
}

void Vm::run_guest_agent() {
    guest_.spawn("port", agent_port_->run(agent_port_));
    guest_.spawn("guest-agent", guest_control_->run(guest_control_));
}

void Vm::update_guest_agent() {
    const auto* const port = held_agent_port();
    if (port == nullptr) return stop_guest_agent();
    if (agent_port_) {
        guest_control_->update(config_.policy.guest_agent);
        return agent_port_->update(*port);
    }
    open_guest_agent();
    run_guest_agent();
}

void Vm::stop_guest_agent() {
    if (!agent_port_) return;
    guest_control_->stop();
    agent_port_->stop();
    guest_control_.reset();
    agent_port_.reset();
}

void Vm::start_ask(GuestAsk ask, GuestControl::Done done) {
    using browser::Code;
    if (guest_control_) return guest_control_->ask(std::move(ask), std::move(done));
    const bool has_port =
        std::ranges::find(config_.ports, policy::guest_agent_port, &Port::name) != config_.ports.end();
    const std::string detail = closing_    ? "the machine is being detached"
                               : !has_port ? "the machine has no port " + std::string{policy::guest_agent_port}
                               : config_.policy.guest_agent == policy::GuestAgentRule::off
                                   ? "guest-agent is off for this machine"
                                   : "nobody can attach to the guest agent's port";
    done(qga::Failure{.code = closing_ ? Code::stopping : Code::disabled, .detail = detail});
}

}  // namespace vmcbridge::io
