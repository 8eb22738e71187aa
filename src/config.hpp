#pragma once

#include "src/agent_holder.hpp"
#include "src/opener.hpp"
#include "src/policy/policy.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The configuration as plain values; src/control parses it, everybody reads it.
namespace vmcbridge {

/// HOST:PORT, [V6]:PORT or unix:PATH; or what only an opener can reach.
struct Address {
    std::string host{};      ///< without brackets; empty: a unix socket
    std::uint16_t port = 0;  ///< 0: any free one (listeners only)
    std::string path{};      ///< of a unix socket
    /// Who opens it where the bridge may not, or, where nothing else is set, can't; nullptr: nobody.
    std::shared_ptr<Opener> opener{};

    [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
    /// false: only an opener can reach it.
    [[nodiscard]] bool is_set() const noexcept { return is_unix() || !host.empty(); }
    friend bool operator==(const Address&, const Address&) = default;
};

/// How the host end of a port is reached.
struct Guest {
    enum class Kind : std::uint8_t {
        unix_connect,
        unix_listen,
        tcp_connect,
        tcp_listen,
        pty,
        fd,
        spice,  ///< a SPICE server holds the port; the bridge is its client
        spice_tls,
        spice_unix,
        libvirt,  ///< what the XML of a domain says; the domain takes its place before anybody connects
    };
    Kind kind = Kind::unix_connect;
    Address address{};   ///< unix, tcp; of a pty: its path
    int fd = -1;         ///< of fd: inherited, owned by the bridge from then on
    std::string text{};  ///< as it was written, for logs and the API
    // ---- Of a SPICE server
    std::string user{};           ///< of SASL; empty: a ticket
    std::string password_file{};  ///< its first line is the password; empty: `password`
    std::string password{};       ///< from a domain's XML; a secret, in no log; empty: none is asked for
    std::string ca_file{};        ///< of spice_tls; empty: what the system trusts
    std::string host_subject{};   ///< of its certificate, in place of the host's name

    friend bool operator==(const Guest&, const Guest&) = default;
};

/// A SPICE server holds the guest's port.
[[nodiscard]] constexpr bool is_spice(Guest::Kind kind) noexcept {
    return kind == Guest::Kind::spice || kind == Guest::Kind::spice_tls || kind == Guest::Kind::spice_unix;
}

/// Where a VM's picture comes from: VNC over TCP or a unix socket.
struct Display {
    Address address{};
    std::string text{};

    friend bool operator==(const Display&, const Display&) = default;
};

/// Where a port sits on the virtio-serial controllers of a guest.
struct VirtioAddress {
    unsigned controller = 0;
    unsigned bus = 0;
    unsigned port = 0;

    friend bool operator==(const VirtioAddress&, const VirtioAddress&) = default;
};

/// What a domain's XML says of a port besides how it is reached.
struct PortFacts {
    std::string source{};  ///< FILE:LINE; empty: the port is not from there
    std::optional<VirtioAddress> address{};
    std::optional<bool> is_open_in_guest{};  ///< of the QEMU guest agent's, as libvirt saw it last; nullopt: unknown

    friend bool operator==(const PortFacts&, const PortFacts&) = default;
};

using policy::guest_agent_port;

/// A port of a machine besides the agent's: a raw channel.
struct Port {
    std::string name;              ///< 1..64 of A-Z a-z 0-9 . _ -
    std::optional<Guest> channel;  ///< its host end: unix, tcp or pty; nullopt: nobody can attach to it
    std::string problem;           ///< why nobody can
    bool needs_leave = false;      ///< what it carries commands the guest: open only where policy names it
    PortFacts facts;
    /// Of the QEMU guest agent's: who holds it in the bridge's place, and hands commands on; nullptr: nobody.
    std::shared_ptr<AgentHolder> agent_holder{};

    friend bool operator==(const Port&, const Port&) = default;
};

/// [limits], as it stands for one VM.
struct Limits {
    std::chrono::milliseconds resume_grace{30'000};     ///< how long a lost connection may be resumed; 0: never
    std::chrono::milliseconds request_deadline{5'000};  ///< to the first byte of an answer

    friend bool operator==(const Limits&, const Limits&) = default;
};

struct VmConfig {
    std::string name;  ///< 1..64 of A-Z a-z 0-9 . _ -
    std::string
        domain;  ///< of libvirt, which is this machine and is opened by libvirt; empty: the one of its name, if any
    std::optional<Guest> guest;
    PortFacts guest_facts;
    std::optional<Display> display;
    std::vector<Port> ports;
    std::vector<Address> spice_listen;  ///< for SPICE clients of this machine alone
    std::string spice_ticket_file;      ///< its password; what stands in it is in Config::spice_passwords
    std::string uuid;                   ///< 8-4-4-4-12, in lower case; empty: unknown
    policy::Policy policy;
    Limits limits;

    friend bool operator==(const VmConfig&, const VmConfig&) = default;
};

/// Files in PEM form; both or neither.
struct TlsFiles {
    std::string certificate;  ///< our own, then those that lead from it to one that clients trust
    std::string key;

    [[nodiscard]] bool is_set() const noexcept { return !certificate.empty(); }
    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

enum class AuthMode : std::uint8_t { none, token };

/// What SPICE clients speak: both where there is a certificate, TLS alone, plain alone.
enum class SpiceTls : std::uint8_t { automatic, required, off };

struct ServerConfig {
    std::vector<Address> listen;   ///< HTTP and WebSocket
    std::optional<Address> admin;  ///< unix socket of the management interface
    TlsFiles tls;                  ///< of all TCP listeners; not set: they are plain
    std::vector<std::string> allowed_origins;
    std::string web_root;  ///< folder with lib, console and node_modules; empty: found beside the program
    unsigned threads = 0;  ///< data-plane contexts; 0: one per core
    AuthMode auth = AuthMode::none;
    std::vector<Address> spice_listen;  ///< for SPICE clients of all machines; the ticket says which
    std::string spice_host;             ///< where clients find it; empty: where they found the page
    SpiceTls spice_tls = SpiceTls::automatic;
    bool spice_sasl = false;

    friend bool operator==(const ServerConfig&, const ServerConfig&) = default;
};

/// Where machines come and go by themselves.
struct SourcesConfig {
    std::vector<std::string> libvirt_uris;
    std::vector<std::string> libvirt_include;  ///< patterns of domains' names; empty: all
    std::vector<std::string> libvirt_exclude;
    std::vector<std::string> globs;  ///< of sockets of guests

    [[nodiscard]] bool any() const noexcept { return !libvirt_uris.empty() || !globs.empty(); }
    friend bool operator==(const SourcesConfig&, const SourcesConfig&) = default;
};

struct Config {
    ServerConfig server;
    SourcesConfig sources;
    /// One without a guest and a display is what is said of a machine that a source may bring.
    std::map<std::string, VmConfig> vms;
    /// By machine, what stands in its spice-ticket-file: kept until the tickets have it, in no log.
    std::map<std::string, std::string> spice_passwords;

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace vmcbridge
