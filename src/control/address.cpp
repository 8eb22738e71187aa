#include "src/control/address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace vmcbridge::control {
namespace {

constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;  // and a closing NUL
constexpr std::size_t host_max = 253;                                // RFC 1035, in text form
constexpr std::size_t name_max = 64;

Problem fault(std::string_view text, std::string_view what) {
    return {"\"" + std::string{text} + "\": " + std::string{what}};
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= host_max &&
           std::ranges::all_of(host, [](char c) { return is_alphanumeric(c) || is_one_of(c, ".-_"); });
}

bool is_v6(std::string_view host) {
    const std::string without_zone{host.substr(0, host.find('%'))};
    in6_addr parsed{};
    return inet_pton(AF_INET6, without_zone.c_str(), &parsed) == 1;
}

/// HOST:PORT or [V6]:PORT; `whole` is what the user wrote, for the error.
Parsed<Address> parse_tcp(std::string_view text, std::string_view whole, unsigned lowest_port) {
    if (text.starts_with("//"))
        return fault(whole, "write " + std::string{whole.substr(0, whole.find(':'))} + ":HOST:PORT, without //");
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.back() == ']')
        return fault(whole, "no port; write HOST:PORT or [V6]:PORT");
    auto host = text.substr(0, colon);
    if (host.empty()) return fault(whole, "no host; write 127.0.0.1, or 0.0.0.0 or [::] for all addresses");
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (!is_v6(host)) return fault(whole, "what stands in brackets is no IPv6 address");
    } else if (is_v6(host)) {
        return fault(whole, "an IPv6 address stands in brackets, as in [::1]:8006");
    } else if (!is_host_name(host)) {
        return fault(whole, "the host is neither a name nor an address");
    }
    unsigned port = 0;
    if (!read_number(text.substr(colon + 1), port) || port > 65535 || port < lowest_port)
        return fault(whole, "the port is not a number from " + std::to_string(lowest_port) + " to 65535");
    return Address{std::string{host}, static_cast<std::uint16_t>(port), {}};
}

Parsed<Address> parse_path(std::string_view path, std::string_view whole) {
    if (path.empty()) return fault(whole, "no path after the colon");
    if (path.front() == '@') return fault(whole, "abstract sockets are not supported; name a path");
    if (path.size() > path_max)
        return fault(whole, "longer than the " + std::to_string(path_max) + " bytes that a socket path may have");
    if (path.find('\0') != std::string_view::npos) return fault(whole, "a path holds no NUL");
    return Address{{}, 0, std::string{path}};
}

Parsed<Address> parse_connectable(std::string_view text, std::string_view whole) { return parse_tcp(text, whole, 1); }
Parsed<Address> parse_listenable(std::string_view text, std::string_view whole) { return parse_tcp(text, whole, 0); }

Parsed<Address> parse_pty(std::string_view path, std::string_view whole) {
    if (!path.starts_with('/')) return fault(whole, "name the terminal by its whole path, as in pty:/dev/pts/4");
    return parse_path(path, whole);
}

/// "vnc:x" -> "x" for scheme "vnc"; nullopt: another scheme.
std::optional<std::string_view> after_scheme(std::string_view text, std::string_view scheme) {
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with(':')) return std::nullopt;
    return text.substr(scheme.size() + 1);
}

struct GuestForm {
    std::string_view scheme;
    Guest::Kind kind;
    Parsed<Address> (*parse)(std::string_view text, std::string_view whole);
};
constexpr std::array guest_forms{
    GuestForm{"unix", Guest::Kind::unix_connect, parse_path},
    GuestForm{"unix-listen", Guest::Kind::unix_listen, parse_path},
    GuestForm{"pty", Guest::Kind::pty, parse_pty},
    GuestForm{"tcp", Guest::Kind::tcp_connect, parse_connectable},
    GuestForm{"tcp-listen", Guest::Kind::tcp_listen, parse_listenable},
    GuestForm{"spice", Guest::Kind::spice, parse_connectable},
    GuestForm{"spice+tls", Guest::Kind::spice_tls, parse_connectable},
    GuestForm{"spice+unix", Guest::Kind::spice_unix, parse_path},
};
constexpr std::string_view guest_help =
    "write unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT, tcp-listen:HOST:PORT, spice:HOST:PORT, "
    "spice+tls:HOST:PORT, spice+unix:PATH, fd:N or libvirt:DOMAIN";

constexpr std::string_view domain_scheme = "libvirt";

struct GuestOption {
    std::string_view name;
    std::string Guest::* place;
    bool tls_only;
};
constexpr std::array guest_options{
    GuestOption{"user", &Guest::user, false},
    GuestOption{"password-file", &Guest::password_file, false},
    GuestOption{"ca-file", &Guest::ca_file, true},
    GuestOption{"host-subject", &Guest::host_subject, true},
};
constexpr std::string_view guest_option_names = "user, password-file, ca-file and host-subject";

/// "user=NAME&password-file=PATH&ca-file=PATH&host-subject=TEXT" behind the question mark of a SPICE server.
std::optional<Problem> read_options(std::string_view options, std::string_view whole, Guest& guest) {
    while (!options.empty()) {
        const auto end = std::min(options.find('&'), options.size());
        const auto option = options.substr(0, end);
        options.remove_prefix(std::min(end + 1, options.size()));
        const auto equals = std::min(option.find('='), option.size());
        const auto name = option.substr(0, equals);
        const auto value = option.substr(std::min(equals + 1, option.size()));
        const auto* const known = std::ranges::find(guest_options, name, &GuestOption::name);
        if (known == guest_options.end())
            return fault(whole,
                         "\"" + std::string{name} + "\" is no option; there are " + std::string{guest_option_names});
        if (value.empty()) return fault(whole, std::string{name} + " has no value");
        if (known->tls_only && guest.kind != Guest::Kind::spice_tls)
            return fault(whole, std::string{name} + " is for spice+tls:");
        guest.*known->place = value;
    }
    return std::nullopt;
}

Parsed<Guest> parse_fd(std::string_view number, std::string_view whole) {
    int fd = -1;
    if (!read_number(number, fd) || fd < 0 || fd == 1 || fd == 2)
        return fault(whole, "not the number of an inherited descriptor (0, or 3 and up; 1 and 2 are for output)");
    Guest guest;
    guest.kind = Guest::Kind::fd;
    guest.fd = fd;
    guest.text = whole;
    return guest;
}

/// Of what has a part of URLs to itself.
Parsed<std::string> parse_name(std::string_view text, const std::string& whose) {
    const bool characters = std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || is_one_of(c, "._-"); });
    if (text.empty() || text.size() > name_max || !characters)
        return fault(text, "the name of " + whose + " is 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (text.find_first_not_of('.') == std::string_view::npos)
        return fault(text, "the name of " + whose + " is a part of URLs and can't be of dots alone");
    return parsed_text(std::string{text});
}

}  // namespace

Parsed<Address> parse_listener(std::string_view text) {
    if (const auto path = after_scheme(text, "unix")) return parse_path(*path, text);
    if (text.find(':') == std::string_view::npos)
        return fault(text, "not an address; write HOST:PORT, [V6]:PORT or unix:PATH");
    return parse_listenable(text, text);
}

Parsed<Guest> parse_guest(std::string_view text) {
    for (const auto& form : guest_forms) {
        const auto rest = after_scheme(text, form.scheme);
        if (!rest) continue;
        const auto query = is_spice(form.kind) ? std::min(rest->find('?'), rest->size()) : rest->size();
        auto address = form.parse(rest->substr(0, query), text);
        if (!address) return address.error();
        Guest guest{.kind = form.kind, .address = std::move(*address), .text = std::string{text}};
        if (query == rest->size()) return guest;
        if (auto problem = read_options(rest->substr(query + 1), text, guest)) return *problem;
        return guest;
    }
    if (const auto number = after_scheme(text, "fd")) return parse_fd(*number, text);
    if (const auto domain = after_scheme(text, domain_scheme)) {
        if (domain->empty()) return fault(text, "no domain after the colon");
        return Guest{.kind = Guest::Kind::libvirt, .text = std::string{text}};
    }
    return fault(text, "not the host end of a guest's port; " + std::string{guest_help});
}

void set_guest(VmConfig& vm, Guest guest) {
    vm.guest.reset();
    vm.domain.clear();
    if (guest.kind == Guest::Kind::libvirt)
        vm.domain = after_scheme(guest.text, domain_scheme).value_or("");
    else
        vm.guest = std::move(guest);
}

Parsed<Guest> parse_channel(std::string_view text) {
    constexpr std::string_view help =
        "write unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT or tcp-listen:HOST:PORT";
    for (const auto& form : guest_forms)
        if (after_scheme(text, form.scheme) && !is_spice(form.kind)) return parse_guest(text);
    return fault(text, "not the host end of a port; " + std::string{help});
}

Parsed<Display> parse_display(std::string_view text) {
    auto address = [&]() -> Parsed<Address> {
        if (const auto path = after_scheme(text, "vnc+unix")) return parse_path(*path, text);
        if (const auto host = after_scheme(text, "vnc")) return parse_connectable(*host, text);
        return fault(text, "not a display; write vnc:HOST:PORT or vnc+unix:PATH");
    }();
    if (!address) return address.error();
    return Display{std::move(*address), std::string{text}};
}

Parsed<std::string> parse_host(std::string_view text) {
    const bool in_brackets = text.size() > 2 && text.front() == '[' && text.back() == ']';
    const auto host = in_brackets ? text.substr(1, text.size() - 2) : text;
    const bool is_number = is_v6(host) && host.find('%') == std::string_view::npos;
    if (is_number || (!in_brackets && is_host_name(host))) return parsed_text(std::string{host});
    return fault(text, "neither the name of a host nor an address; write it without a port");
}

Parsed<std::string> parse_vm_name(std::string_view text) { return parse_name(text, "a VM"); }

Parsed<std::string> parse_port_name(std::string_view text) { return parse_name(text, "a port"); }

Parsed<Port> parse_port(std::string_view name, std::string_view channel) {
    auto valid = parse_port_name(name);
    if (!valid) return std::move(valid).error();
    auto host_end = parse_channel(channel);
    if (!host_end) return std::move(host_end).error();
    Port port;
    port.needs_leave = *valid == guest_agent_port;
    port.name = *std::move(valid);
    port.channel = *std::move(host_end);
    return port;
}

std::string to_text(const Address& address) {
    if (address.is_unix()) return "unix:" + address.path;
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_local(const Address& address) {
    if (address.is_unix() || address.host == "localhost") return true;
    in_addr v4{};
    if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace vmcbridge::control
