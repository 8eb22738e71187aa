// A domain's XML. Every fault and note has a line of the text; what is taken is sound, shown without its password, and
// read as the configuration would read it.
#include "proto/text.hpp"
#include "src/control/address.hpp"
#include "src/control/domain/domain_port.hpp"
#include "src/control/domain/domain_vm.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace vmcbridge::fuzz {
namespace {

using namespace control;

void check_findings(const ConfigFaults& findings, std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    for (const auto& each : findings) {
        require(!each.text.empty(), "a fault says what it is");
        require(each.line <= lines, "a fault has a line of the text");
    }
}

void check_guest(Guest guest) {
    guest.password.clear();
    const auto again = parse_guest(guest.text);
    require(again && *again == guest, "a guest is what the configuration would make of its text");
}

void check_ports(const VmConfig& vm) {
    std::set<std::string_view> names;
    for (const auto& port : vm.ports) {
        require(parse_vm_name(port.name).has_value(), "a port has a valid name");
        require(names.insert(port.name).second, "a port's name stands once");
        require(port.channel.has_value() == port.problem.empty(), "a port has a channel or a reason why not");
        require(port.needs_leave == (port.name == guest_agent_port), "the guest agent needs leave, and nobody else");
        if (port.channel) check_guest(*port.channel);
    }
}

void run(std::string_view text) {
    const auto domain = parse_domain(text, "x");
    if (!domain) {
        require(!domain.error().empty(), "what is refused has a fault");
        return check_findings(domain.error(), text);
    }
    const auto made = to_vm(*domain);
    check_findings(made.faults, text);
    check_findings(made.notes, text);
    require(!(made.vm.guest && made.agent_problem), "there is a guest or a reason why not");
    require(made.has_agent || !made.vm.guest, "a guest comes from the agent's channel");
    if (!made.faults.empty()) return;
    if (made.name_problem) check_findings({*made.name_problem}, text);
    require(parse_vm_name(made.vm.name).has_value() != made.name_problem.has_value(),
            "a machine has a valid name or a reason why not");
    if (made.vm.guest) check_guest(*made.vm.guest);
    if (made.vm.display) require(parse_display(made.vm.display->text).has_value(), "a display is read as it was");
    check_ports(made.vm);
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run(vmcbridge::as_text(std::as_bytes(std::span{data, size})));
    return 0;
}
