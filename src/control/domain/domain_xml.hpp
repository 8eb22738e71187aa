#pragma once

#include "src/config.hpp"
#include "src/control/config_file.hpp"
#include "src/control/domain/domain_opener.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// libvirt's domain XML as plain values: what stands in it, not yet what follows from it. Pure.
namespace vmcbridge::control {

/// What a character device is in the guest: the element's name.
enum class DeviceKind : std::uint8_t { channel, serial, console };

/// <source>
struct DeviceSource {
    bool is_there = false;
    std::string mode{};  ///< bind, connect or empty
    std::string path{};
    std::string host{};
    std::string service{};
    std::string tls{};
};

/// <channel>, <serial> or <console>. Texts are as they stand there; empty: left out.
struct CharDevice {
    DeviceKind kind = DeviceKind::channel;
    std::size_t index = 0;  ///< among those of its kind, as in libvirt's alias
    std::size_t line = 0;
    std::string type{};         ///< of the host's end: unix, pty, ...
    std::string target{};       ///< of the guest's end: virtio, guestfwd, ...
    std::string name{};         ///< of a virtio port
    std::string target_host{};  ///< of guestfwd
    std::string target_port{};
    DeviceSource source{};
    std::string protocol{};  ///< of tcp: raw, telnet, ...
    std::string alias{};     ///< libvirt's name for it while the machine runs
    std::string state{};     ///< of a virtio port, in the guest: connected, disconnected
    std::optional<VirtioAddress> address{};
};

/// <listen>
struct GraphicsListen {
    std::string type{};
    std::string address{};
    std::string socket{};
};

/// <graphics>
struct Graphics {
    std::size_t line = 0;
    std::string type{};
    std::string port{};
    std::string tls_port{};
    bool autoport = false;
    std::string socket{};
    std::string address{};  ///< the attribute `listen`
    std::vector<GraphicsListen> listens{};
    std::optional<std::string> password{};  ///< a secret
    std::string default_mode{};             ///< of SPICE: secure, insecure, any
    std::string main_mode{};                ///< the same, for its main channel
    bool copypaste = true;
    bool filetransfer = true;
};

/// A rule for its machine, from the metadata.
struct DomainRule {
    std::string key;
    std::string value;
    std::size_t line = 0;
};

/// Of the element of the bridge in <metadata>.
inline constexpr std::string_view domain_namespace = "https://vmcbridge.org/xmlns/domain/1.0";

struct Domain {
    std::string file{};
    std::size_t line = 0;
    bool is_running = false;  ///< live XML: it has an id
    std::string name{};
    std::size_t name_line = 0;
    std::string uuid{};
    std::size_t uuid_line = 0;
    std::vector<CharDevice> devices;  ///< in the order of the XML
    std::vector<Graphics> graphics;
    std::vector<DomainRule> rules;

    // ---- Not of the XML
    std::shared_ptr<DomainOpener> opener{};    ///< libvirt's own ways to what it has; nullptr: there are none
    std::optional<std::string> remote_host{};  ///< where it runs, "" if that has no name here; nullopt: on this host
    bool is_opened_by_libvirt = false;         ///< what could be reached directly too
};

/// Reads a <domain>; `file` names it in faults. A fault is what libvirt would not have written: it has the XML's line.
[[nodiscard]] Result<Domain, ConfigFaults> parse_domain(std::string_view text, const std::string& file);

}  // namespace vmcbridge::control
