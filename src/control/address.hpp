#pragma once

#include "src/config.hpp"
#include "src/control/problem.hpp"

#include <string>
#include <string_view>

/// The one parser of addresses: configuration file, command line and management interface share it.
namespace vmcbridge::control {

/// HOST:PORT, [V6]:PORT or unix:PATH, to listen on. Port 0 means any free one.
[[nodiscard]] Parsed<Address> parse_listener(std::string_view text);

/// unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT, tcp-listen:HOST:PORT, spice:HOST:PORT, spice+tls:HOST:PORT,
/// spice+unix:PATH, fd:N or libvirt:DOMAIN.
[[nodiscard]] Parsed<Guest> parse_guest(std::string_view text);
/// What parse_guest() gave becomes the machine's: its guest, or the domain that it is.
void set_guest(VmConfig& vm, Guest guest);

/// The host end of a further port: unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT or tcp-listen:HOST:PORT.
[[nodiscard]] Parsed<Guest> parse_channel(std::string_view text);

/// vnc:HOST:PORT or vnc+unix:PATH.
[[nodiscard]] Parsed<Display> parse_display(std::string_view text);

/// A name or an address, an IPv6 one with or without its brackets; without them in the result.
[[nodiscard]] Parsed<std::string> parse_host(std::string_view text);

/// The name of a VM: 1..64 of A-Z a-z 0-9 . _ - and not all dots, since it is a part of URLs.
[[nodiscard]] Parsed<std::string> parse_vm_name(std::string_view text);

/// The name of a further port: the same characters, since it is a part of URLs too.
[[nodiscard]] Parsed<std::string> parse_port_name(std::string_view text);
/// A port of this name; `channel` as parse_channel() reads it.
[[nodiscard]] Parsed<Port> parse_port(std::string_view name, std::string_view channel);

/// As parse_listener reads it: "127.0.0.1:8006", "[::1]:8006", "unix:/run/x.sock".
[[nodiscard]] std::string to_text(const Address& address);

/// Is it reachable from this machine only? A unix socket, 127.0.0.0/8, ::1, localhost.
[[nodiscard]] bool is_local(const Address& address);

}  // namespace vmcbridge::control
