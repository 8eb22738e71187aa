#include "src/control/domain/domain_vm.hpp"

#include "src/control/address.hpp"
#include "src/control/domain/domain_graphics.hpp"
#include "src/control/domain/domain_port.hpp"
#include "src/control/domain/domain_reach.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

// 1. name and UUID
// 2. graphics: the first that can be shown is the display
// 3. character devices: the agent's becomes the guest, by way of the SPICE graphics where QEMU's server holds it; all
//    others become ports, those too that nobody can attach to, with the reason

namespace vmcbridge::control {
namespace {

std::string element_of(DeviceKind kind) {
    constexpr std::array<std::string_view, 3> names{"<channel>", "<serial>", "<console>"};
    return std::string{names.at(static_cast<std::size_t>(kind))};
}

std::string in_line(std::size_t line) { return " in line " + std::to_string(line); }

class Making {
public:
    explicit Making(const Domain& domain) : domain_{domain} {}

    DomainVm finish() && {
        read_names();
        for (std::size_t index = 0; index < domain_.graphics.size(); ++index) add_graphics(index);
        for (const auto& device : domain_.devices) add_device(device);
        return std::move(out_);
    }

private:
    void read_names() {
        if (domain_.name.empty()) return fault(domain_.line, "<domain>", "no <name>, and a machine needs one");
        if (auto name = parse_vm_name(domain_.name))
            out_.vm.name = *std::move(name);
        else
            out_.name_problem = at(domain_.name_line, "<name>",
                                   name.error().text + ", since it stands in URLs; name it anew in libvirt, or write " +
                                       "guest = libvirt:" + domain_.name + " in a [vm NAME], with a uri in [libvirt]");
        if (domain_.uuid.empty()) return;
        if (auto uuid = parse_uuid(domain_.uuid))
            out_.vm.uuid = *std::move(uuid);
        else
            fault(domain_.uuid_line, "<uuid>", uuid.error().text);
    }

    // ---- Graphics

    void add_graphics(std::size_t index) {
        const auto& graphics = domain_.graphics[index];
        if (const auto problem = malformed(graphics)) return fault(graphics.line, "<graphics>", problem->text);
        if (graphics.type == "spice") return add_spice(index);
        if (graphics.type != "vnc") return;  // nothing that a page could show
        auto display = reach_display(domain_, index);
        if (!display) return note(graphics.line, "<graphics>", "left out: " + display.error().text);
        if (out_.vm.display)
            return note(
                graphics.line, "<graphics>",
                "left out: a machine has one display, " + out_.vm.display->text + " of the VNC graphics before");
        out_.vm.display = *std::move(display);
        if (graphics.password)
            note(graphics.line, "<graphics>", "the picture asks whoever looks at it for VNC's password");
    }

    void add_spice(std::size_t index) {
        if (spice_)
            return fault(domain_.graphics[index].line, "<graphics>",
                         "SPICE graphics stand twice, first" + in_line(domain_.graphics[*spice_].line) +
                             "; QEMU has one SPICE server");
        spice_ = index;
    }

    // ---- Character devices

    void add_device(const CharDevice& device) {
        if (const auto problem = malformed(device)) return fault(device.line, element_of(device.kind), problem->text);
        if (is_serial_again(device)) return;
        const auto name = port_name(device);
        const auto [first, is_new] = lines_.emplace(name, device.line);
        if (!is_new)
            return fault(device.line, element_of(device.kind),
                         "the name \"" + name + "\" stands twice, first" + in_line(first->second));
        if (is_agent(device))
            add_agent(device);
        else
            add_port(device, name);
    }

    /// The console that libvirt adds for the first serial port is that port.
    [[nodiscard]] bool is_serial_again(const CharDevice& device) const {
        const bool shows_serial = device.target.empty() || device.target == "serial";
        return device.kind == DeviceKind::console && device.index == 0 && shows_serial &&
               std::ranges::find(domain_.devices, DeviceKind::serial, &CharDevice::kind) != domain_.devices.end();
    }

    void add_agent(const CharDevice& device) {
        out_.has_agent = true;
        out_.vm.guest_facts = facts_of(device);
        auto guest = is_behind_spice(device) ? behind_spice() : reach(domain_, device);
        if (!guest) {
            out_.agent_problem = at(device.line, "<channel>", "the agent's port: " + guest.error().text);
            return;
        }
        if (is_taken(device, *guest)) return;
        out_.vm.guest = *std::move(guest);
    }

    Parsed<Guest> behind_spice() {
        if (!spice_)
            return Problem{
                "spicevmc needs SPICE graphics, and there are none; add <graphics type='spice'>, or make the "
                "channel type='unix'"};
        const auto& graphics = domain_.graphics[*spice_];
        auto guest = reach_server(domain_, *spice_);
        if (!guest) return Problem{"the SPICE graphics" + in_line(graphics.line) + ": " + guest.error().text};
        tell_of_spice(*guest, graphics);
        return guest;
    }

    void tell_of_spice(const Guest& guest, const Graphics& graphics) {
        const auto tell = [&](std::string_view text) { note(graphics.line, "<graphics>", std::string{text}); };
        if (guest.kind == Guest::Kind::spice_tls)
            tell(
                "the certificate of this SPICE server is checked against what the system trusts; for another authority "
                "add guest = " +
                guest.text + "?ca-file=PATH in [vm " + domain_.name + "]");
        if (!graphics.copypaste) tell("<clipboard copypaste='no'/>: QEMU's SPICE server lets no clipboard pass");
        if (!graphics.filetransfer) tell("<filetransfer enable='no'/>: QEMU's SPICE server lets no files pass");
    }

    void add_port(const CharDevice& device, const std::string& name) {
        Port port{.name = name,
                  .channel = std::nullopt,
                  .problem = {},
                  .needs_leave = name == guest_agent_port,
                  .facts = facts_of(device)};
        if (const auto valid = parse_port_name(name); !valid)
            return note(device.line, element_of(device.kind), "left out: " + valid.error().text);
        if (port.needs_leave && domain_.opener && device.type == "unix") {
            port.agent_holder = domain_.opener->guest_agent();
            port.problem = "libvirt's daemon holds it; guest-agent in [policy] has its agent asked by way of that";
            return out_.vm.ports.push_back(std::move(port));
        }
        auto channel = reach(domain_, device);
        if (!channel) {
            port.problem = channel.error().text;
            note(device.line, element_of(device.kind), "port " + name + " can't be attached to: " + port.problem);
        } else {
            if (is_taken(device, *channel)) return;
            port.channel = *std::move(channel);
        }
        out_.vm.ports.push_back(std::move(port));
    }

    /// Two ports can't have one host end.
    bool is_taken(const CharDevice& device, const Guest& channel) {
        if (channel.kind == Guest::Kind::spice || channel.kind == Guest::Kind::spice_tls ||
            channel.kind == Guest::Kind::spice_unix)
            return false;
        if (!channel.address.is_set()) return false;  // libvirt knows it by the port's name
        const auto [first, is_new] = ends_.emplace(to_text(channel.address), device.line);
        if (!is_new)
            fault(device.line, element_of(device.kind),
                  "\"" + channel.text + "\" is the host end of the device" + in_line(first->second) + " too");
        return !is_new;
    }

    [[nodiscard]] PortFacts facts_of(const CharDevice& device) const {
        PortFacts facts{.source = place(domain_, device.line), .address = device.address};
        // Of other ports libvirt tells no change.
        if (port_name(device) == guest_agent_port && !device.state.empty())
            facts.is_open_in_guest = device.state == "connected";
        return facts;
    }

    [[nodiscard]] ConfigFault at(std::size_t line, std::string_view element, std::string text) const {
        return {domain_.file, line, {}, std::string{element}, std::move(text)};
    }
    void fault(std::size_t line, std::string_view element, std::string text) {
        out_.faults.push_back(at(line, element, std::move(text)));
    }
    void note(std::size_t line, std::string_view element, std::string text) {
        out_.notes.push_back(at(line, element, std::move(text)));
    }

    const Domain& domain_;
    DomainVm out_;
    std::optional<std::size_t> spice_;          // its place among the graphics
    std::map<std::string, std::size_t> lines_;  // of each port, by its name
    std::map<std::string, std::size_t> ends_;   // and by its address
};

}  // namespace

DomainVm to_vm(const Domain& domain) { return Making{domain}.finish(); }

std::string place(const Domain& domain, std::size_t line) { return domain.file + ":" + std::to_string(line); }

}  // namespace vmcbridge::control
