#include "src/control/domain/domain_graphics.hpp"

#include "src/control/address.hpp"
#include "src/control/domain/domain_port.hpp"
#include "src/control/keys.hpp"
#include "src/control/ticket_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace vmcbridge::control {
namespace {

constexpr std::array<std::string_view, 7> graphics_types{"vnc",     "spice",        "sdl", "rdp",
                                                         "desktop", "egl-headless", "dbus"};
constexpr std::array<std::string_view, 4> listen_types{"address", "network", "socket", "none"};
constexpr std::array<std::string_view, 4> modes{"", "any", "secure", "insecure"};

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

template <std::size_t count>
bool is_one_of(std::string_view text, const std::array<std::string_view, count>& all) {
    return std::ranges::find(all, text) != all.end();
}

/// -1 to 65535; nullopt: no number of a port.
std::optional<int> port_number(std::string_view text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < -1 || number > 65535) return std::nullopt;
    return number;
}

/// The number that the server has, or will have; 0: it has none, or libvirt chooses one at start.
int fixed_port(const Graphics& graphics, std::string_view text, bool is_running) {
    if (graphics.autoport && !is_running) return 0;  // what stands there is of an earlier run
    return std::max(port_number(text).value_or(0), 0);
}

/// Where a server listens: a path, or a host as it is connected to.
struct Place {
    std::string path;
    std::string host;
};

Parsed<Place> place_of_listen(const GraphicsListen& listen, bool is_running) {
    if (listen.type == "socket") {
        if (listen.socket.empty()) return Problem{not_yet_known("the path of its socket", is_running)};
        return Place{.path = listen.socket, .host = {}};
    }
    if (listen.type == "network" && listen.address.empty())
        return Problem{not_yet_known("the address of its network", is_running)};
    return Place{.path = {}, .host = reachable_host(listen.address)};
}

/// Where there is no <listen>: the attribute, else libvirt's default, which is this machine alone.
Parsed<Place> place_of(const Graphics& graphics, bool is_running) {
    if (listens_nowhere(graphics))
        return Problem{
            "it listens nowhere (listen type='none'), libvirt alone can connect to it; make it type='socket'"};
    if (!graphics.socket.empty()) return Place{.path = graphics.socket, .host = {}};
    if (!graphics.listens.empty()) return place_of_listen(graphics.listens.front(), is_running);
    return Place{.path = {}, .host = reachable_host(graphics.address)};
}

struct SpicePorts {
    int plain;
    int tls;
};

/// The port for the main channel: the plain one on this machine, else with TLS where there is both.
Parsed<Guest> spice_tcp(const Graphics& graphics, const std::string& host, SpicePorts ports) {
    const auto& mode = is_one_of(graphics.main_mode, std::array<std::string_view, 2>{"", "any"}) ? graphics.default_mode
                                                                                                 : graphics.main_mode;
    if (mode == "secure") ports.plain = 0;
    if (mode == "insecure") ports.tls = 0;
    if (ports.plain == 0 && ports.tls == 0)
        return Problem{"it has no " + (mode.empty() || mode == "any" ? std::string{} : mode + " ") +
                       "port for its main channel"};
    const auto plain = "spice:" + host + ":" + std::to_string(ports.plain);
    const auto secure = "spice+tls:" + host + ":" + std::to_string(ports.tls);
    if (ports.tls == 0) return parse_guest(plain);
    if (ports.plain == 0) return parse_guest(secure);
    auto near = parse_guest(plain);
    return near && is_local(near->address) ? near : parse_guest(secure);
}

Parsed<Guest> spice_address(const Graphics& graphics, bool is_running) {
    const auto place = place_of(graphics, is_running);
    if (!place) return place.error();
    if (!place->path.empty()) {
        if (place->path.find('?') != std::string::npos)
            return Problem{quoted(place->path) +
                           ": a ? begins the options of a SPICE server; name the socket otherwise"};
        return parse_guest("spice+unix:" + place->path);
    }
    const SpicePorts ports{fixed_port(graphics, graphics.port, is_running),
                           fixed_port(graphics, graphics.tls_port, is_running)};
    const bool is_automatic = graphics.autoport || graphics.port == "-1" || graphics.tls_port == "-1";
    if (ports.plain == 0 && ports.tls == 0 && is_automatic) return Problem{not_yet_known("its port", is_running)};
    return spice_tcp(graphics, place->host, ports);
}

std::optional<Problem> malformed_listen(const Graphics& graphics) {
    for (const auto& listen : graphics.listens)
        if (!is_one_of(listen.type, listen_types))
            return Problem{"unknown type " + quoted(listen.type) + " of its <listen>; did you mean " +
                           std::string{nearest(listen.type, listen_types)} + "?"};
    const auto with_address = std::ranges::find(graphics.listens, "address", &GraphicsListen::type);
    if (with_address == graphics.listens.end() || graphics.address.empty() || with_address->address.empty() ||
        with_address->address == graphics.address)
        return std::nullopt;
    return Problem{"listen=" + quoted(graphics.address) + " and the address " + quoted(with_address->address) +
                   " of its <listen> differ; leave one of them out"};
}

}  // namespace

std::optional<Problem> malformed(const Graphics& graphics) {
    if (graphics.type.empty()) return Problem{"it has no type; write vnc or spice"};
    if (!is_one_of(graphics.type, graphics_types))
        return Problem{"unknown type " + quoted(graphics.type) + "; did you mean " +
                       std::string{nearest(graphics.type, graphics_types)} + "?"};
    for (const auto& [name, text] : {std::pair{"port", &graphics.port}, {"tlsPort", &graphics.tls_port}})
        if (!text->empty() && !port_number(*text))
            return Problem{std::string{name} + "=" + quoted(*text) + " is not a number from -1 to 65535"};
    for (const auto* mode : {&graphics.default_mode, &graphics.main_mode})
        if (!is_one_of(*mode, modes)) return Problem{"the mode " + quoted(*mode) + " is none of any, secure, insecure"};
    return malformed_listen(graphics);
}

bool listens_nowhere(const Graphics& graphics) {
    if (!graphics.socket.empty()) return false;
    if (!graphics.listens.empty()) return graphics.listens.front().type == "none";
    const bool has_port = graphics.autoport || !graphics.port.empty() || !graphics.tls_port.empty();
    return graphics.type == "spice" && !has_port;
}

std::optional<Problem> unusable_password(const Graphics& graphics) {
    if (!graphics.password) return std::nullopt;
    if (graphics.password->empty())
        return Problem{"its passwd is empty, with which libvirt lets nobody in; set one, or take the attribute out"};
    if (graphics.type == "spice" && graphics.password->size() > ticket_max)
        return Problem{"its passwd is longer than the " + std::to_string(ticket_max) + " bytes that SPICE takes"};
    return std::nullopt;
}

Parsed<Display> display_of(const Graphics& graphics, bool is_running) {
    if (auto problem = unusable_password(graphics)) return *std::move(problem);
    const auto place = place_of(graphics, is_running);
    if (!place) return place.error();
    if (!place->path.empty()) return parse_display("vnc+unix:" + place->path);
    const auto port = fixed_port(graphics, graphics.port, is_running);
    if (port == 0) return Problem{not_yet_known("its port", is_running)};
    return parse_display("vnc:" + place->host + ":" + std::to_string(port));
}

Parsed<Guest> spice_server_of(const Graphics& graphics, bool is_running) {
    if (auto problem = unusable_password(graphics)) return *std::move(problem);
    auto guest = spice_address(graphics, is_running);
    if (guest) guest->password = graphics.password.value_or("");
    return guest;
}

}  // namespace vmcbridge::control
