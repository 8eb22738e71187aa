#include "src/control/domain/domain_xml.hpp"

#include "src/control/domain/xml.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::control {
namespace {

constexpr std::size_t devices_max = 256;  // of each kind; QEMU has room for fewer
constexpr std::size_t value_max = 1024;   // bytes of what we take over
constexpr std::size_t rules_max = 64;     // there are fewer keys
constexpr unsigned address_max = 65535;   // of each number of an <address>

struct Kind {
    std::string_view element;
    DeviceKind kind;
};
constexpr std::array kinds{Kind{"channel", DeviceKind::channel}, Kind{"serial", DeviceKind::serial},
                           Kind{"console", DeviceKind::console}};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

class Reading {
public:
    explicit Reading(const std::string& file) { domain_.file = file; }

    Result<Domain, ConfigFaults> read(const XmlNode& root) && {
        domain_.line = root.line();
        if (root.name() != "domain") {
            fault(root, "the file begins with another element than <domain>; take what virsh dumpxml prints");
            return std::move(faults_);
        }
        domain_.is_running = root.attribute("id").has_value();
        domain_.name = only_text(root, "name", domain_.name_line);
        domain_.uuid = only_text(root, "uuid", domain_.uuid_line);
        for (const auto& metadata : root.children("metadata"))
            for (const auto& ours : metadata.children_of(domain_namespace)) read_rules(ours);
        for (const auto& devices : root.children("devices"))
            for (const auto& device : devices.children()) read_device(device);
        if (!faults_.empty()) return std::move(faults_);
        return std::move(domain_);
    }

private:
    void read_device(const XmlNode& node) {
        if (node.name() == "graphics") return read_graphics(node);
        const auto kind = std::ranges::find(kinds, node.name(), &Kind::element);
        if (kind == kinds.end()) return;
        const auto index = static_cast<std::size_t>(std::ranges::count(domain_.devices, kind->kind, &CharDevice::kind));
        if (index == devices_max) return fault(node, "more than " + std::to_string(devices_max) + " of these");
        if (index > devices_max) return;
        domain_.devices.push_back(read_char_device(node, kind->kind, index));
    }

    /// Each attribute is a key of [policy].
    void read_rules(const XmlNode& node) {
        if (!domain_.rules.empty()) return fault(node, "stands twice; libvirt keeps one element of a namespace");
        if (node.name() != "policy") return fault(node, "unknown; what stands here is <policy KEY='VALUE' .../>");
        for (const auto& [key, value] : node.attributes()) {
            if (domain_.rules.size() == rules_max)
                return fault(node, "more than " + std::to_string(rules_max) + " rules");
            if (is_sound(node, key, value)) domain_.rules.push_back({key, value, node.line()});
        }
    }

    CharDevice read_char_device(const XmlNode& node, DeviceKind kind, std::size_t index) {
        CharDevice device{.kind = kind, .index = index, .line = node.line(), .type = attribute(node, "type")};
        if (device.type.empty()) device.type = "pty";  // libvirt's default
        if (const auto source = node.child("source")) {
            device.source = {.is_there = true,
                             .mode = attribute(*source, "mode"),
                             .path = attribute(*source, "path"),
                             .host = attribute(*source, "host"),
                             .service = attribute(*source, "service"),
                             .tls = attribute(*source, "tls")};
        }
        if (kind == DeviceKind::console && device.source.path.empty()) device.source.path = attribute(node, "tty");
        if (const auto target = node.child("target")) {
            device.target = attribute(*target, "type");
            device.name = attribute(*target, "name");
            device.target_host = attribute(*target, "address");
            device.target_port = attribute(*target, "port");
            device.state = attribute(*target, "state");
        }
        if (const auto protocol = node.child("protocol")) device.protocol = attribute(*protocol, "type");
        if (const auto alias = node.child("alias")) device.alias = attribute(*alias, "name");
        device.address = virtio_address(node);
        return device;
    }

    std::optional<VirtioAddress> virtio_address(const XmlNode& device) {
        const auto address = device.child("address");
        if (!address || attribute(*address, "type") != "virtio-serial") return std::nullopt;
        return VirtioAddress{.controller = number(*address, "controller"),
                             .bus = number(*address, "bus"),
                             .port = number(*address, "port")};
    }

    void read_graphics(const XmlNode& node) {
        if (domain_.graphics.size() == devices_max)
            return fault(node, "more than " + std::to_string(devices_max) + " of these");
        Graphics graphics{.line = node.line(),
                          .type = attribute(node, "type"),
                          .port = attribute(node, "port"),
                          .tls_port = attribute(node, "tlsPort"),
                          .autoport = attribute(node, "autoport") == "yes",
                          .socket = attribute(node, "socket"),
                          .address = attribute(node, "listen"),
                          .password = password(node),
                          .default_mode = attribute(node, "defaultMode")};
        for (const auto& listen : node.children("listen"))
            graphics.listens.push_back(
                {attribute(listen, "type"), attribute(listen, "address"), attribute(listen, "socket")});
        for (const auto& channel : node.children("channel"))
            if (attribute(channel, "name") == "main") graphics.main_mode = attribute(channel, "mode");
        if (const auto clipboard = node.child("clipboard"))
            graphics.copypaste = attribute(*clipboard, "copypaste") != "no";
        if (const auto files = node.child("filetransfer")) graphics.filetransfer = attribute(*files, "enable") != "no";
        domain_.graphics.push_back(std::move(graphics));
    }

    /// Empty: there is none, or one that can't be taken, which is a fault then.
    std::string attribute(const XmlNode& node, const char* name) {
        auto value = node.attribute(name).value_or("");
        if (!is_sound(node, name, value)) value.clear();
        return value;
    }

    std::optional<std::string> password(const XmlNode& node) {
        auto value = node.attribute("passwd");
        if (value && !is_sound(node, "passwd", *value)) value.reset();
        return value;
    }

    unsigned number(const XmlNode& node, const char* name) {
        const auto text = attribute(node, name);
        if (text.empty()) return 0;
        const auto value = parse_count(text, address_max);
        if (!value) fault(node, std::string{name} + ": " + value.error().text);
        return value ? *value : 0;
    }

    std::string only_text(const XmlNode& root, std::string_view name, std::size_t& line) {
        const auto all = root.children(name);
        if (all.empty()) return {};
        line = all[0].line();
        if (all.size() > 1) fault(all[1], "stands twice, first in line " + std::to_string(all[0].line()));
        auto text = all[0].text();
        if (!is_sound(all[0], "what it says", text)) text.clear();
        return text;
    }

    bool is_sound(const XmlNode& node, std::string_view what, std::string_view value) {
        const bool is_long = value.size() > value_max;
        if (!is_long && std::ranges::none_of(value, is_control)) return true;
        fault(node, std::string{what} + (is_long ? " is longer than " + std::to_string(value_max) + " bytes"
                                                 : " holds a control character"));
        return false;
    }

    void fault(const XmlNode& node, std::string text) {
        faults_.push_back({domain_.file, node.line(), {}, "<" + std::string{node.name()} + ">", std::move(text)});
    }

    Domain domain_;
    ConfigFaults faults_;
};

}  // namespace

Result<Domain, ConfigFaults> parse_domain(std::string_view text, const std::string& file) {
    const auto document = XmlDocument::parse(text);
    if (!document) return ConfigFaults{{file, document.error().line, {}, {}, document.error().text}};
    return Reading{file}.read(document->root());
}

}  // namespace vmcbridge::control
