// The configuration file. Every fault has a line of the text; what is taken is sound, and addresses are written as
// read.
#include "proto/text.hpp"
#include "src/control/address.hpp"
#include "src/control/config_file.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace vmcbridge::fuzz {
namespace {

using namespace control;

void check_listener(const Address& address) {
    const auto again = parse_listener(to_text(address));
    require(again && *again == address, "an address is read as it is written");
}

void check_vm(const std::string& name, const VmConfig& vm) {
    require(name == vm.name && parse_vm_name(name), "a VM has a valid name");
    require(vm.guest || vm.display, "a VM has a guest or a display");
    if (vm.guest) {
        const auto again = parse_guest(vm.guest->text);
        require(again && *again == *vm.guest, "a guest is read as it was");
    }
}

void run(std::string_view text) {
    const auto file = parse_config(text, "x");
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    const auto faults = file ? conflicts(file->config, *file) : file.error();
    require(file || !faults.empty(), "what is refused has a fault");
    for (const auto& fault : faults) {
        require(!fault.text.empty(), "a fault says what it is");
        require(fault.line >= 1 && fault.line <= lines, "a fault has a line of the text");
    }
    if (!file) return;
    for (const auto& listener : file->config.server.listen) check_listener(listener);
    if (!faults.empty()) return;
    for (const auto& [name, vm] : file->config.vms) check_vm(name, vm);
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run(vmcbridge::as_text(std::as_bytes(std::span{data, size})));
    return 0;
}
