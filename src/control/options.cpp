#include "src/control/options.hpp"

#include "src/control/address.hpp"
#include "src/control/glib.hpp"
#include "src/control/keys.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <array>

// Each subcommand is a struct of what GOption fills in and one table of entries: the table is the parser and the help.

namespace vmcbridge::control {
namespace {

constexpr std::array<std::string_view, 3> commands{"serve", "demo", "check-config"};
constexpr std::array<std::string_view, 8> later_commands{"token", "status", "trace",  "copy",
                                                         "paste", "send",   "resize", "decode"};

constexpr const char* overview =
    "usage: vmcbridge COMMAND [OPTION...]\n"
    "\n"
    "Owns the host end of a VM's com.redhat.spice.0 port and gives its guest agent\n"
    "(clipboard, resize, files) to any number of browsers and SPICE clients.\n"
    "\n"
    "Commands:\n"
    "  serve         run the bridge in the foreground\n"
    "  demo          a real desktop on this machine behind a bridge, no VM\n"
    "  check-config  name every fault of a configuration file\n"
    "\n"
    "vmcbridge COMMAND --help tells the options of a command, vmcbridge --version\n"
    "the version.\n"
    "\n"
    "Example: vmcbridge demo\n";

constexpr const char* serve_summary =
    "Runs the bridge in the foreground. SIGTERM and SIGINT stop it in order, SIGHUP\n"
    "reads the files again. What stands here goes before what the file says.";
constexpr const char* serve_description =
    "GUEST, the host end of the port com.redhat.spice.0, and CHANNEL are unix:PATH,\n"
    "unix-listen:PATH, pty:PATH, tcp:HOST:PORT or tcp-listen:HOST:PORT; GUEST also\n"
    "fd:N, spice:HOST:PORT, spice+tls:HOST:PORT, spice+unix:PATH. DISPLAY is vnc:ADDR\n"
    "or vnc+unix:PATH. ADDR is HOST:PORT, [V6]:PORT or unix:PATH. vmcbridge.conf(5)\n"
    "Example: vmcbridge serve --vm web1=unix:/run/web1.sock";

constexpr const char* demo_summary =
    "Runs a real desktop on this machine (Xvnc, openbox, spice-vdagent; no VM) behind\n"
    "a bridge, and prints the URL to open. Ctrl-C ends it and leaves nothing behind.";
constexpr const char* demo_description =
    "ADDR is HOST:PORT, [V6]:PORT or unix:PATH. Without it: 127.0.0.1:8006, or any\n"
    "free port if that one is taken.\n"
    "\n"
    "Example: vmcbridge demo --listen 127.0.0.1:9000";

constexpr const char* check_config_summary =
    "Parses FILE and names every fault with its line. Exit code: 0 no fault, 1 faults.\n"
    "With --domain, what serve would make of libvirt's XML of a machine, too.";
constexpr const char* check_config_description = "Example: vmcbridge check-config /etc/vmcbridge/vmcbridge.conf";

constexpr unsigned threads_most = 256;

/// The values of one option or argument, in order. FILENAME, because GOption takes them byte by byte, in any locale.
class Texts {
public:
    [[nodiscard]] GOptionEntry entry(const char* name, char letter, const char* value, const char* help) {
        return {name, letter, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, static_cast<void*>(&list_), help, value};
    }
    [[nodiscard]] GOptionEntry arguments(const char* value) { return entry(G_OPTION_REMAINING, 0, value, nullptr); }
    Texts() = default;
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;
    ~Texts() { g_strfreev(list_); }

    [[nodiscard]] std::vector<std::string> all() const {
        std::vector<std::string> texts;
        for (char** each = list_; each != nullptr && *each != nullptr; ++each) texts.emplace_back(*each);
        return texts;
    }

private:
    char** list_ = nullptr;
};

GOptionEntry flag(const char* name, char letter, gboolean& place, const char* help) {
    return {name, letter, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &place, help, nullptr};
}

constexpr GOptionEntry end_of_entries{nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr};

struct Syntax {
    const char* usage;  ///< what stands after "vmcbridge"
    const char* summary;
    const char* description;
};

/// Parses `arguments` into what `entries` point to. The help's text if that was asked for.
Parsed<std::optional<std::string>> parse(const Syntax& syntax, std::span<const GOptionEntry> entries,
                                         std::span<const char* const> arguments) {
    const GPtr<GOptionContext, g_option_context_free> context{g_option_context_new(nullptr)};
    g_set_prgname((std::string{"vmcbridge "} + syntax.usage).c_str());  // stands in the help
    g_option_context_set_help_enabled(context.get(), FALSE);            // GLib's own prints and exits
    g_option_context_set_summary(context.get(), syntax.summary);
    g_option_context_set_description(context.get(), syntax.description);
    gboolean help = FALSE;
    std::vector all{flag("help", 'h', help, "show this text")};
    all.insert(all.end(), entries.begin(), entries.end());
    all.push_back(end_of_entries);
    g_option_context_add_main_entries(context.get(), all.data(), nullptr);

    const GPtr<GStrvBuilder, g_strv_builder_unref> builder{g_strv_builder_new()};
    g_strv_builder_add(builder.get(), syntax.usage);
    for (const char* each : arguments) g_strv_builder_add(builder.get(), each);
    char** list = g_strv_builder_end(builder.get());
    ErrorOut error;
    const bool parsed = g_option_context_parse_strv(context.get(), &list, error) != 0;
    g_strfreev(list);
    if (!parsed) return Problem{error.message() + "; vmcbridge " + syntax.usage + " --help tells what there is"};
    if (!help) return std::optional<std::string>{};
    return std::optional{std::string{GText{g_option_context_get_help(context.get(), TRUE, nullptr)}.get()}};
}

Problem usage(std::string_view where, std::string text) { return {std::string{where} + ": " + std::move(text)}; }

/// The last one given wins, as everywhere.
std::optional<std::string> last(const Texts& texts) {
    auto all = texts.all();
    return all.empty() ? std::nullopt : std::optional{std::move(all.back())};
}

/// NAME=VALUE, each VALUE through `parse`.
template <class T>
std::optional<Problem> read_named(std::string_view option, const Texts& texts, Parsed<T> (*parse)(std::string_view),
                                  std::vector<std::pair<std::string, T>>& out) {
    for (const auto& text : texts.all()) {
        const auto equals = text.find('=');
        if (equals == std::string::npos) return usage(option, "\"" + text + "\" has no =; write NAME=VALUE");
        const auto name = parse_vm_name(std::string_view{text}.substr(0, equals));
        if (!name) return usage(option, name.error().text);
        if (std::ranges::find(out, *name, &std::pair<std::string, T>::first) != out.end())
            return usage(option, "\"" + *name + "\" is given twice");
        auto value = parse(std::string_view{text}.substr(equals + 1));
        if (!value) return usage(option, value.error().text);
        out.emplace_back(*name, std::move(*value));
    }
    return std::nullopt;
}

/// NAME/PORT=CHANNEL.
std::optional<Problem> read_ports(const Texts& texts, std::vector<NamedPort>& out) {
    constexpr std::string_view option = "--port";
    for (const auto& text : texts.all()) {
        const auto equals = text.find('=');
        const auto slash = text.find('/');
        if (equals == std::string::npos || slash > equals)
            return usage(option, "\"" + text + "\": write NAME/PORT=CHANNEL");
        const std::string_view view{text};
        const auto vm = parse_vm_name(view.substr(0, slash));
        if (!vm) return usage(option, vm.error().text);
        auto port = parse_port(view.substr(slash + 1, equals - slash - 1), view.substr(equals + 1));
        if (!port) return usage(option, port.error().text);
        const auto is_same = [&](const NamedPort& each) { return each.vm == *vm && each.port.name == port->name; };
        if (std::ranges::any_of(out, is_same))
            return usage(option, "\"" + *vm + "/" + port->name + "\" is given twice");
        out.push_back({*vm, *std::move(port)});
    }
    return std::nullopt;
}

std::optional<Problem> read_listeners(std::string_view option, const Texts& texts, std::vector<Address>& out) {
    for (const auto& text : texts.all()) {
        auto address = parse_listener(text);
        if (!address) return usage(option, address.error().text);
        out.push_back(std::move(*address));
    }
    return std::nullopt;
}

/// What `serve` takes, as GOption fills it in.
struct ServeOptions {
    Texts config, vms, displays, listen, spice_listen, admin, threads, web_root, arguments;
    Texts domains, ports, libvirt;
    gboolean verbose = FALSE;

    std::vector<GOptionEntry> entries() {
        return {config.entry("config", 'c', "FILE", "configuration (/etc/vmcbridge/vmcbridge.conf, if there)"),
                vms.entry("vm", 0, "NAME=GUEST", "a machine and its guest's port; again for more"),
                displays.entry("display", 0, "NAME=DISPLAY", "where its picture comes from"),
                ports.entry("port", 0, "NAME/PORT=CHANNEL", "a further port, as a serial console"),
                domains.entry("domain", 0, "FILE.xml", "a machine as libvirt describes it; again for more"),
                libvirt.entry("libvirt", 0, "URI", "the running machines of a libvirt daemon; again for more"),
                listen.entry("listen", 0, "ADDR", "HTTP and WebSocket (127.0.0.1:8006); again for more"),
                spice_listen.entry("spice-listen", 0, "ADDR", "SPICE clients (nowhere); again for more"),
                admin.entry("admin", 0, "unix:PATH", "the management interface"),
                threads.entry("threads", 0, "N", "threads that move data; 0: one for each core"),
                web_root.entry("web-root", 0, "FOLDER", "where the pages lie, if not with the program"),
                flag("verbose", 'v', verbose, "log more"),
                arguments.arguments(nullptr)};
    }

    [[nodiscard]] std::optional<Problem> read(ServeCommand& command) const {
        if (const auto extra = last(arguments)) return usage("serve", "unexpected argument \"" + *extra + "\"");
        command.verbose = verbose != 0;
        command.config = last(config).value_or("");
        command.web_root = last(web_root);
        command.domains = domains.all();
        for (const auto& text : libvirt.all()) {
            auto uri = parse_libvirt_uri(text);
            if (!uri) return usage("--libvirt", uri.error().text);
            command.libvirt_uris.push_back(*std::move(uri));
        }
        if (auto problem = read_named("--vm", vms, parse_guest, command.vms)) return problem;
        if (auto problem = read_named("--display", displays, parse_display, command.displays)) return problem;
        if (auto problem = read_ports(ports, command.ports)) return problem;
        if (auto problem = read_listeners("--listen", listen, command.listen)) return problem;
        if (auto problem = read_listeners("--spice-listen", spice_listen, command.spice_listen)) return problem;
        return read_rest(command);
    }

    [[nodiscard]] std::optional<Problem> read_rest(ServeCommand& command) const {
        std::vector<Address> admins;
        if (auto problem = read_listeners("--admin", admin, admins)) return problem;
        if (!admins.empty()) command.admin = admins.back();
        if (command.admin && !command.admin->is_unix())
            return usage("--admin", "the management interface is a unix socket; write unix:PATH");
        if (const auto text = last(threads)) {
            const auto number = parse_count(*text, threads_most);
            if (!number) return usage("--threads", number.error().text);
            command.threads = *number;
        }
        return std::nullopt;
    }
};

Parsed<Command> parse_serve(std::span<const char* const> arguments) {
    ServeOptions options;
    const auto parsed = parse({"serve", serve_summary, serve_description}, options.entries(), arguments);
    if (!parsed) return parsed.error();
    if (const auto& help = *parsed; help.has_value()) return Command{PrintCommand{*help}};
    ServeCommand command;
    if (auto problem = options.read(command)) return *problem;
    return Command{std::move(command)};
}

Parsed<Command> parse_demo(std::span<const char* const> arguments) {
    Texts listen;
    Texts web_root;
    Texts rest;
    gboolean verbose = FALSE;
    const std::array entries{listen.entry("listen", 0, "ADDR", "where to serve the page"),
                             web_root.entry("web-root", 0, "FOLDER", "where the pages lie, if not with the program"),
                             flag("verbose", 'v', verbose, "log more, and show what the desktop's programs say"),
                             rest.arguments(nullptr)};
    const auto parsed = parse({"demo", demo_summary, demo_description}, entries, arguments);
    if (!parsed) return parsed.error();
    if (const auto& help = *parsed; help.has_value()) return Command{PrintCommand{*help}};
    if (const auto extra = last(rest)) return usage("demo", "unexpected argument \"" + *extra + "\"");
    std::vector<Address> listeners;
    if (auto problem = read_listeners("--listen", listen, listeners)) return *problem;
    DemoCommand command{{}, last(web_root), verbose != 0};
    if (!listeners.empty()) command.listen = listeners.back();
    return Command{std::move(command)};
}

Parsed<Command> parse_check_config(std::span<const char* const> arguments) {
    Texts files;
    Texts domains;
    const std::array entries{domains.entry("domain", 0, "FILE.xml", "a machine of libvirt beside it; again for more"),
                             files.arguments("FILE")};
    const auto parsed = parse({"check-config", check_config_summary, check_config_description}, entries, arguments);
    if (!parsed) return parsed.error();
    if (const auto& help = *parsed; help.has_value()) return Command{PrintCommand{*help}};
    auto all = files.all();
    CheckConfigCommand command{{}, domains.all()};
    if (all.size() > 1 || (all.empty() && command.domains.empty()))
        return usage("check-config", "write vmcbridge check-config FILE, or --domain FILE.xml");
    if (!all.empty()) command.file = std::move(all.front());
    return Command{std::move(command)};
}

Problem unknown_command(std::string_view name) {
    const auto quoted = "\"" + std::string{name} + "\"";
    const std::string there = "; there are serve, demo and check-config";
    if (std::ranges::find(later_commands, name) != later_commands.end())
        return {quoted + " is not supported by this version" + there};
    if (name.starts_with('-')) return {quoted + ": the command comes first" + there};
    return {"unknown command " + quoted + "; did you mean " + std::string{nearest(name, commands)} + "?"};
}

}  // namespace

Parsed<Command> parse_command_line(std::span<const char* const> arguments, std::string_view version) {
    if (arguments.empty()) return Problem{"no command; there are serve, demo and check-config (vmcbridge --help)"};
    const std::string_view name{arguments.front()};
    const auto rest = arguments.subspan(1);
    if (name == "--help" || name == "-h" || name == "help") return Command{PrintCommand{overview}};
    if (name == "--version" || name == "-V") return Command{PrintCommand{"vmcbridge " + std::string{version} + "\n"}};
    if (name == "serve") return parse_serve(rest);
    if (name == "demo") return parse_demo(rest);
    if (name == "check-config") return parse_check_config(rest);
    return unknown_command(name);
}

}  // namespace vmcbridge::control
