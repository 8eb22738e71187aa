// The QEMU guest agent of a machine, where the bridge itself holds its port: opened, updated, stopped with the rules.
#include "src/io/vm.hpp"

#include <algorithm>

namespace vmcbridge::io {

const Port* Vm::guest_agent_port() const {
    if (config_.policy.guest_agent == policy::GuestAgentRule::off) return nullptr;
    const auto port = std::ranges::find(config_.ports, policy::guest_agent_port, &Port::name);
    if (port == config_.ports.end()) return nullptr;
    return port->channel || port->agent_holder ? &*port : nullptr;
}

void Vm::open_guest_agent() {
    const auto* const port = guest_agent_port();
    if (port == nullptr) return;
    std::shared_ptr<GuestCommands> commands;
    if (port->agent_holder)
        commands = held_agent_ = std::make_shared<HeldAgent>(*port);
    else
        commands = agent_port_ = std::make_shared<QgaPort>(context_, name_, *port);
    guest_control_ = std::make_shared<GuestControl>(context_, name_, std::move(commands), config_.policy.guest_agent);
}

void Vm::run_guest_agent() {
    if (agent_port_) guest_.spawn("port", agent_port_->run(agent_port_));
    guest_.spawn("guest-agent", guest_control_->run(guest_control_));
}

void Vm::update_guest_agent() {
    const auto* const port = guest_agent_port();
    const bool is_held = port != nullptr && port->agent_holder;
    if (port == nullptr || is_held == (held_agent_ == nullptr)) stop_guest_agent();
    if (port == nullptr) return;
    if (!guest_control_) {
        open_guest_agent();
        return run_guest_agent();
    }
    guest_control_->update(config_.policy.guest_agent);
    if (is_held)
        held_agent_->update(*port);
    else
        agent_port_->update(*port);
}

void Vm::stop_guest_agent() {
    if (!guest_control_) return;
    guest_control_->stop();
    if (agent_port_) agent_port_->stop();
    guest_control_.reset();
    agent_port_.reset();
    held_agent_.reset();
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
