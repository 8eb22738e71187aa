#include "src/control/keys.hpp"

#include "src/control/address.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using Fault = std::optional<Problem>;
using policy::Policy;

/// Stores what was parsed, or hands on what is wrong.
template <class T, class Place>
Fault store(Parsed<T> parsed, Place& place) {
    if (!parsed) return std::move(parsed).error();
    place = std::move(*parsed);
    return std::nullopt;
}

/// Every item of a list through `parse`, at least one.
template <class T>
Fault store_list(std::string_view text, Parsed<T> (*parse)(std::string_view), std::vector<T>& place) {
    std::vector<T> all;
    for (const auto item : split_list(text)) {
        auto parsed = parse(item);
        if (!parsed) return std::move(parsed).error();
        all.push_back(std::move(*parsed));
    }
    if (all.empty()) return Problem{"empty; name at least one, or leave the key out"};
    place = std::move(all);
    return std::nullopt;
}

template <class Enum>
struct Word {
    std::string_view word;
    Enum value;
};

template <class Enum, std::size_t count>
Fault store_word(std::string_view text, const std::array<Word<Enum>, count>& words, Enum& place) {
    std::string known;
    for (const auto& each : words) {
        if (each.word == text) {
            place = each.value;
            return std::nullopt;
        }
        known += (known.empty() ? "" : ", ") + std::string{each.word};
    }
    return Problem{"\"" + std::string{text} + "\" is none of " + known};
}

constexpr std::array resize_words{Word{"off", policy::ResizeRule::off}, Word{"lead", policy::ResizeRule::lead},
                                  Word{"any", policy::ResizeRule::any}};
constexpr std::array tls_words{Word{"auto", SpiceTls::automatic}, Word{"required", SpiceTls::required},
                               Word{"off", SpiceTls::off}};
constexpr std::array several_words{Word{"share", policy::SeveralClients::share},
                                   Word{"take-over", policy::SeveralClients::take_over},
                                   Word{"refuse", policy::SeveralClients::refuse}};

constexpr std::array session_words{Word{"take-over", policy::SpiceSession::take_over},
                                   Word{"refuse", policy::SpiceSession::refuse}};
constexpr std::array inputs_words{Word{"off", policy::InputsRule::off}, Word{"lead", policy::InputsRule::lead},
                                  Word{"any", policy::InputsRule::any}};
constexpr std::array guest_agent_words{Word{name(policy::GuestAgentRule::off), policy::GuestAgentRule::off},
                                       Word{name(policy::GuestAgentRule::info), policy::GuestAgentRule::info},
                                       Word{name(policy::GuestAgentRule::power), policy::GuestAgentRule::power}};

// ---- [server], [auth]

constexpr unsigned threads_max = 256;

Fault listen(Scope scope, std::string_view text) { return store_list(text, parse_listener, scope.server.listen); }

Fault admin(Scope scope, std::string_view text) {
    const auto address = parse_listener(text);
    if (!address) return address.error();
    if (!address->is_unix())
        return Problem{"\"" + std::string{text} + "\": the admin interface is a unix socket; write unix:PATH"};
    scope.server.admin = *address;
    return std::nullopt;
}

template <std::string TlsFiles::* file>
Fault tls_file(Scope scope, std::string_view text) {
    if (text.empty()) return Problem{"empty; name the file, or leave the key out"};
    scope.server.tls.*file = text;
    return std::nullopt;
}

Fault allowed_origins(Scope scope, std::string_view text) {
    return store_list(text, parse_origin, scope.server.allowed_origins);
}

Fault threads(Scope scope, std::string_view text) {
    return store(parse_count(text, threads_max), scope.server.threads);
}

Fault web_root(Scope scope, std::string_view text) {
    if (text.empty()) return Problem{"empty; name the folder, or leave the key out"};
    scope.server.web_root = text;
    return std::nullopt;
}

Fault spice_listen(Scope scope, std::string_view text) {
    return store_list(text, parse_listener, scope.server.spice_listen);
}

Fault spice_host(Scope scope, std::string_view text) { return store(parse_host(text), scope.server.spice_host); }

Fault spice_tls(Scope scope, std::string_view text) { return store_word(text, tls_words, scope.server.spice_tls); }

Fault spice_sasl(Scope scope, std::string_view text) { return store(parse_flag(text), scope.server.spice_sasl); }

Fault mode(Scope scope, std::string_view text) {
    if (text == "token")
        return Problem{"tokens are not supported by this version; write none, and listen on this machine only"};
    return store_word(text, std::array{Word{"none", AuthMode::none}}, scope.server.auth);
}

// ---- [libvirt], [discover]

Parsed<std::string> plain_text(std::string_view text) { return parsed_text(std::string{text}); }

Fault libvirt_uri(Scope scope, std::string_view text) {
    return store_list(text, parse_libvirt_uri, scope.sources.libvirt_uris);
}

template <std::vector<std::string> SourcesConfig::* list>
Fault patterns(Scope scope, std::string_view text) {
    return store_list(text, plain_text, scope.sources.*list);
}

Fault glob(Scope scope, std::string_view text) { return store_list(text, parse_glob, scope.sources.globs); }

// ---- [policy], [limits]

/// A message has 32 bits for its size, and a guest with CRLF gets up to twice the bytes.
constexpr SizeRange clipboard_sizes{1, 1024 * policy::mebibyte};
constexpr SizeRange file_sizes{1, 16384ULL * 1024 * policy::mebibyte};
constexpr DurationRange graces{0ms, 24h};
constexpr DurationRange deadlines{100ms, 10min};

template <bool Policy::* member>
Fault flag(Scope scope, std::string_view text) {
    return store(parse_flag(text), scope.vm.policy.*member);
}

template <policy::ClipboardRule Policy::* way>
Fault formats(Scope scope, std::string_view text) {
    return store(parse_formats(text), (scope.vm.policy.*way).formats);
}

template <policy::ClipboardRule Policy::* way>
Fault clipboard_max_of(Scope scope, std::string_view text) {
    return store(parse_size(text, clipboard_sizes), (scope.vm.policy.*way).max_bytes);
}

Fault clipboard_max(Scope scope, std::string_view text) {
    if (auto fault = clipboard_max_of<&Policy::to_guest>(scope, text)) return fault;
    return clipboard_max_of<&Policy::from_guest>(scope, text);
}

Fault file_max(Scope scope, std::string_view text) {
    return store(parse_size(text, file_sizes), scope.vm.policy.file_max);
}

Fault resize(Scope scope, std::string_view text) { return store_word(text, resize_words, scope.vm.policy.resize); }

Fault several_clients(Scope scope, std::string_view text) {
    return store_word(text, several_words, scope.vm.policy.several_clients);
}

Fault spice_session(Scope scope, std::string_view text) {
    return store_word(text, session_words, scope.vm.policy.spice_session);
}

Fault inputs(Scope scope, std::string_view text) { return store_word(text, inputs_words, scope.vm.policy.inputs); }

Fault spice_channels(Scope scope, std::string_view text) {
    return store(parse_channels(text), scope.vm.policy.spice_channels);
}

Fault ports(Scope scope, std::string_view text) { return store(parse_ports(text), scope.vm.policy.ports); }

Fault guest_agent(Scope scope, std::string_view text) {
    return store_word(text, guest_agent_words, scope.vm.policy.guest_agent);
}

Fault resume_grace(Scope scope, std::string_view text) {
    return store(parse_duration(text, graces), scope.vm.limits.resume_grace);
}

Fault request_deadline(Scope scope, std::string_view text) {
    return store(parse_duration(text, deadlines), scope.vm.limits.request_deadline);
}

// ---- [vm NAME]

constexpr std::string_view port_prefix = "port.";
constexpr std::string_view port_family = "port.NAME";

Fault guest(Scope scope, std::string_view text) {
    auto parsed = parse_guest(text);
    if (!parsed) return std::move(parsed).error();
    set_guest(scope.vm, *std::move(parsed));
    return std::nullopt;
}
Fault display(Scope scope, std::string_view text) { return store(parse_display(text), scope.vm.display); }

Fault port(Scope scope, std::string_view text) {
    auto parsed = parse_port(scope.key.substr(std::min(port_prefix.size(), scope.key.size())), text);
    if (!parsed) return std::move(parsed).error();
    scope.vm.ports.push_back(*std::move(parsed));
    return std::nullopt;
}

Fault vm_spice_listen(Scope scope, std::string_view text) {
    return store_list(text, parse_listener, scope.vm.spice_listen);
}

Fault spice_ticket_file(Scope scope, std::string_view text) {
    if (text.empty()) return Problem{"empty; name the file, or leave the key out"};
    scope.vm.spice_ticket_file = text;
    return std::nullopt;
}

Fault uuid(Scope scope, std::string_view text) { return store(parse_uuid(text), scope.vm.uuid); }

constexpr std::string_view addresses = "list of HOST:PORT, [V6]:PORT, unix:PATH";
constexpr std::string_view on_off = "on | off";
constexpr std::string_view channel_values =
    "off, any, or a list of display, inputs, cursor, playback, record, smartcard, usbredir, port, webdav";
constexpr std::string_view format_values = "off, or a list of text, image, files, any";
constexpr std::string_view clipboard_range = "1 to 1GiB";

constexpr std::array table{
    Key{"server", "listen", "127.0.0.1:8006", addresses,
        "Where HTTP and WebSocket are served; port 0 means any free one.", listen},
    Key{"server", "admin", "unix:/run/vmcbridge/admin.sock", "unix:PATH",
        "The socket of the management interface; without the key it exists only where its folder is there and "
        "writable.",
        admin},
    Key{"server", "tls-certificate", "", "file in PEM form",
        "The certificate of TCP listeners, followed by those of the authorities between it and one that clients trust; "
        "with it they speak HTTPS only. Needs tls-key. Read again at SIGHUP, for new connections.",
        tls_file<&TlsFiles::certificate>},
    Key{"server", "tls-key", "", "file in PEM form",
        "The private key of tls-certificate, without a password. Read again at SIGHUP.", tls_file<&TlsFiles::key>},
    Key{"server", "allowed-origins", "", "list of origins, as https://console.example.org",
        "Web pages of other origins that may connect; the bridge's own may always.", allowed_origins},
    Key{"server", "threads", "0", "0 to 256", "Threads that move data; 0 means one for each core.", threads},
    Key{"server", "web-root", "", "folder",
        "Where the console and the browser library lie; found by itself if left out.", web_root},
    Key{"server", "spice-listen", "", addresses,
        "Where SPICE clients of all machines are served; their ticket says which machine they mean.", spice_listen},
    Key{"server", "spice-host", "", "host name or address",
        "Where SPICE clients find this bridge, for console.vv; if left out, the host by which it was asked for.",
        spice_host},
    Key{"server", "spice-tls", "auto", "auto | required | off",
        "Whether SPICE clients may, must or can't use TLS; required needs a certificate.", spice_tls},
    Key{"server", "spice-sasl", "off", on_off,
        "Whether SPICE clients log in through SASL in place of tickets, as /etc/sasl2/vmcbridge.conf says; those known "
        "do so over TLS alone.",
        spice_sasl},

    Key{"auth", "mode", "none", "none", "Who may connect; none needs every listener to be loopback or a unix socket.",
        mode},

    Key{"policy", "clipboard-to-guest", "text;image", format_values, "What clients may put on the guest's clipboard.",
        formats<&Policy::to_guest>},
    Key{"policy", "clipboard-from-guest", "text;image", format_values,
        "What clients may read of the guest's clipboard.", formats<&Policy::from_guest>},
    Key{"policy", "clipboard-max", "32MiB", clipboard_range, "The largest clipboard content, both ways.",
        clipboard_max},
    Key{"policy", "clipboard-to-guest-max", "32MiB", clipboard_range, "The same, toward the guest alone.",
        clipboard_max_of<&Policy::to_guest>},
    Key{"policy", "clipboard-from-guest-max", "32MiB", clipboard_range, "The same, from the guest alone.",
        clipboard_max_of<&Policy::from_guest>},
    Key{"policy", "primary-selection", "off", on_off, "Whether X11's PRIMARY and SECONDARY selections pass too.",
        flag<&Policy::primary_selection>},
    Key{"policy", "share-between-clients", "off", on_off,
        "Whether the clients of one VM may read what another of them copied.", flag<&Policy::share_between_clients>},
    Key{"policy", "files-to-guest", "on", on_off, "Whether clients may send files.", flag<&Policy::files_to_guest>},
    Key{"policy", "file-max", "4GiB", "1 to 16384GiB", "The largest file.", file_max},
    Key{"policy", "resize", "lead", "off | lead | any", "Who may size the display.", resize},
    Key{"policy", "several-clients", "share", "share | take-over | refuse",
        "What a second client of a VM meets: it shares, it replaces the first, or it is refused.", several_clients},
    Key{"policy", "spice-session", "take-over", "take-over | refuse",
        "A SPICE server's picture, keys and sound go to one viewer at a time: what the second one meets. The agent is "
        "shared all the same.",
        spice_session},
    Key{"policy", "inputs", "any", "off | lead | any",
        "Whose keys and clicks reach the guest through a SPICE server: nobody's, those of the viewer who has the lead, "
        "or whoever sees the picture. Releases always pass, so that nothing stays pressed.",
        inputs},
    Key{"policy", "spice-channels", "any", channel_values,
        "What viewers may open of a SPICE server's session. Where files may not be sent, webdav and usbredir are "
        "left out in any case, and where not all keys pass (`inputs`), usbredir and port: a keyboard is a device, and "
        "a port may be a console.",
        spice_channels},

    Key{"policy", "ports", "any", "off, or a list of names and any",
        "Which further ports the bridge opens, and clients may use. any leaves out org.qemu.guest_agent.0, which "
        "commands the guest and has to be named.",
        ports},
    Key{"policy", "guest-agent", "off", "off | info | power",
        "What clients may ask of the QEMU guest agent at the port org.qemu.guest_agent.0: nothing, what there is to "
        "know of the machine, or to shut it down, restart and suspend it too. Unless off, the bridge itself holds that "
        "port, and `ports` can't name it.",
        guest_agent},

    Key{"limits", "resume-grace", "30s", "0 to 24h", "How long a lost connection may be resumed; 0 turns it off.",
        resume_grace},
    Key{"limits", "request-deadline", "5s", "100ms to 10min",
        "How long a clipboard request waits for the first byte of its answer.", request_deadline},

    Key{"libvirt", "uri", "", "list of URIs, as qemu:///system",
        "The libvirt daemons whose running domains are machines; what a URI may be is libvirt's own matter.",
        libvirt_uri},
    Key{"libvirt", "include", "", "list of patterns, * for any characters, ? for one",
        "The names of the domains that are taken; without the key all.", patterns<&SourcesConfig::libvirt_include>},
    Key{"libvirt", "exclude", "", "list of patterns, * for any characters, ? for one",
        "The names of those that are left out all the same.", patterns<&SourcesConfig::libvirt_exclude>},

    Key{"discover", "glob", "", "list of absolute paths, * for any characters of one name",
        "Unix sockets where a guest's port listens: each one that appears is a machine until it vanishes. Its name is "
        "what the one * stands for, else the socket's name without its extension.",
        glob},

    Key{"vm", "guest", "",
        "unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT, tcp-listen:HOST:PORT, spice:HOST:PORT, "
        "spice+tls:HOST:PORT, spice+unix:PATH, fd:N, libvirt:DOMAIN",
        "How the host end of the VM's com.redhat.spice.0 port is reached.", guest},
    Key{"vm", "display", "", "vnc:HOST:PORT, vnc+unix:PATH",
        "Where the VM's picture comes from. Of a guest behind a SPICE server: on pages; viewers get that server's.",
        display},
    Key{"vm", port_family, "", "unix:PATH, unix-listen:PATH, pty:PATH, tcp:HOST:PORT, tcp-listen:HOST:PORT",
        "A further port of the VM, as a serial console, and how its host end is reached. Its bytes pass at "
        "/vms/VM/ports/NAME.",
        port},
    Key{"vm", "spice-listen", "", addresses, "Where SPICE clients of this machine alone are served.", vm_spice_listen},
    Key{"vm", "spice-ticket-file", "", "file",
        "Its first line, 1 to 60 bytes, is a password for SPICE clients that does not expire; read at start and at "
        "SIGHUP, and not to be readable for everybody. Without it an empty password opens the machine. It closes no "
        "HTTP port: whoever reaches that gets the machine, and tickets.",
        spice_ticket_file},
    Key{"vm", "uuid", "", "8-4-4-4-12 hexadecimal digits", "The machine's UUID, for clients that ask.", uuid},
};

// Of the public interface, and honest about it until they are built.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> later_keys{{{"auth", "keys"}}};
constexpr std::array<std::string_view, 1> later_groups{"audit"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto width = b.size() + 1;
    std::vector<std::size_t> costs((a.size() + 1) * width);
    const auto cost = [&](std::size_t i, std::size_t j) -> std::size_t& { return costs[i * width + j]; };
    for (std::size_t i = 0; i <= a.size(); ++i) cost(i, 0) = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost(0, j) = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto replaced = cost(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost(i, j) = std::min({cost(i - 1, j) + 1, cost(i, j - 1) + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) cost(i, j) = std::min(cost(i, j), cost(i - 2, j - 2) + 1);
        }
    }
    return costs.back();
}

}  // namespace

std::span<const Key> keys() noexcept { return table; }

bool belongs_to(const Key& key, std::string_view group) noexcept {
    return key.group == group || (group == "vm" && (key.group == "policy" || key.group == "limits"));
}

bool is_named(const Key& key, std::string_view name) noexcept {
    return key.name == name || (key.name == port_family && name.starts_with(port_prefix));
}

bool is_later_key(std::string_view group, std::string_view name) noexcept {
    return std::ranges::find(later_keys, std::pair{group, name}) != later_keys.end();
}

bool is_later_group(std::string_view group) noexcept {
    return std::ranges::find(later_groups, group) != later_groups.end();
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
    constexpr std::size_t longest = 64;  // what is longer is no typing error, and the table below stays small
    text = text.substr(0, longest);
    const auto distance = [&](std::string_view candidate) { return edit_distance(text, candidate); };
    const auto best = std::ranges::min_element(candidates, {}, distance);
    return best == candidates.end() ? std::string_view{} : *best;
}

}  // namespace vmcbridge::control
