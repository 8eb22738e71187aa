#include "src/control/demo.hpp"

#include "src/control/address.hpp"
#include "src/control/private_folder.hpp"
#include "src/control/supervisor.hpp"
#include "src/control/x_server.hpp"
#include "src/log.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

// 1. prepare: programs, a private folder, the files that the programs read
// 2. start: Xvnc, which tells the display that it took
// 3. run_desktop: a D-Bus bus of its own, the window manager, the terminal, vdagentd, and the session agent once
//    vdagentd listens; each is started again when it ends. When Xvnc ends, so does the demo.
// 4. the destructor: all of that is asked to end, then killed, then whatever they started; then the folder goes

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view folder_prefix = "vmcbridge-demo";
constexpr auto time_to_end = 1s;
constexpr std::size_t log_tail = 300;  // bytes of a program's last words

struct NeededProgram {
    std::string_view name;
    std::string_view package;  ///< Debian's
};
constexpr std::array needed_programs{
    NeededProgram{"Xvnc", "tigervnc-standalone-server"},
    NeededProgram{"openbox", "openbox"},
    NeededProgram{"spice-vdagentd", "spice-vdagent"},
    NeededProgram{"spice-vdagent", "spice-vdagent"},
    NeededProgram{"xterm", "xterm"},
    NeededProgram{"xsetroot", "x11-xserver-utils"},
    NeededProgram{"dbus-daemon", "dbus"},
};

constexpr const char* welcome_text = R"(
  This is a real desktop with a real guest agent, and no virtual machine.

    copy      select text here with the mouse; the browser has it too
    paste     copy anything on your side, click here, press Ctrl-V
    files     drop one on the page; it lands in ~/Downloads
    resize    make the browser's window larger

)";

/// A bus that starts nothing: no service folders. Else its services would outlive the demo.
constexpr const char* bus_config = R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=@FOLDER@/bus.sock</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
)";

/// Ctrl-V pastes, as in a browser; what a shell does with that key is not missed here.
constexpr const char* terminal_translations =
    "XTerm*VT100.translations: #override Ctrl ~Shift <Key>v: insert-selection(CLIPBOARD) \\n "
    "Ctrl Shift <Key>V: insert-selection(CLIPBOARD) \\n Ctrl Shift <Key>C: copy-selection(CLIPBOARD)";

std::string text_of(const char* variable, std::string fallback) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? value : fallback;
}

/// The last of what a program wrote, on one line, for an error.
std::string last_words(const std::string& log) {
    std::ifstream file{log};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (text.size() > log_tail) text.erase(0, text.size() - log_tail);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    return text.empty() ? "" : "; it said: " + text;
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path};
    return static_cast<bool>(file << text << std::flush);
}

}  // namespace

struct Demo::Impl {
    explicit Impl(bool show_output) : verbose{show_output} {}

    Parsed<std::string> find_programs();
    Parsed<std::string> make_files();
    std::vector<std::string> make_environment() const;
    Program program(const std::string& name, std::vector<std::string> arguments) const;
    void run_desktop(const std::string& display);
    void supervise(const std::string& name, std::vector<std::string> arguments, std::string needs = {},
                   std::string removes = {});
    void fail(const std::string& why);
    void end_all();

    [[nodiscard]] std::string in_folder(const std::string& name) const { return folder->path() + "/" + name; }
    [[nodiscard]] bool is_anything_running() const {
        return (x_server && x_server->is_running()) || (background && background->is_running()) ||
               std::ranges::any_of(parts, &Supervised::is_running);
    }

    bool verbose;
    Events events;
    std::map<std::string, std::string, std::less<>> executables;  ///< name -> path
    std::vector<std::string> environment;
    std::optional<PrivateFolder> folder;  ///< goes last
    std::optional<XServer> x_server;
    std::unique_ptr<Child> background;
    std::deque<Supervised> parts;  ///< in the order of their start
};

/// The names of what is missing, as a Problem, or nothing.
Parsed<std::string> Demo::Impl::find_programs() {
    std::string programs;
    std::string packages;
    for (const auto& [name, package] : needed_programs) {
        auto path = find_program(std::string{name});
        if (path.empty()) {
            programs += " " + std::string{name};
            if (packages.find(package) == std::string::npos) packages += " " + std::string{package};
        }
        executables.emplace(name, std::move(path));
    }
    if (programs.empty()) return parsed_text({});
    return Problem{"the demo lacks these programs:" + programs + "; on Debian: apt install" + packages};
}

Parsed<std::string> Demo::Impl::make_files() {
    const auto base = text_of("TMPDIR", "/tmp");
    PrivateFolder::remove_abandoned(base, std::string{folder_prefix});
    auto made = PrivateFolder::make(base, std::string{folder_prefix});
    if (!made) return made.error();
    folder.emplace(std::move(*made));
    std::error_code error;
    for (const auto* name : {"home/Downloads", "run", "log"}) {
        std::filesystem::create_directories(in_folder(name), error);
        if (error) return Problem{in_folder(name) + ": " + error.message()};
    }
    std::filesystem::permissions(in_folder("run"), std::filesystem::perms::owner_all, error);
    std::string bus{bus_config};
    bus.replace(bus.find("@FOLDER@"), std::string_view{"@FOLDER@"}.size(), folder->path());
    if (!write_file(in_folder("bus.conf"), bus) || !write_file(in_folder("welcome.txt"), welcome_text))
        return Problem{folder->path() + ": can't be written"};
    return parsed_text(folder->path());
}

/// The user's own, but for what would lead to the user's session and files.
std::vector<std::string> Demo::Impl::make_environment() const {
    constexpr std::array hidden{"WAYLAND_DISPLAY", "SESSION_MANAGER", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                "XDG_CACHE_HOME",  "XDG_STATE_HOME",  "XDG_DOWNLOAD_DIR"};
    GTextList list{g_get_environ()};
    const auto set = [&list](const std::string& name, const std::string& value) {
        list.reset(g_environ_setenv(list.release(), name.c_str(), value.c_str(), TRUE));
    };
    for (const auto* name : hidden) list.reset(g_environ_unsetenv(list.release(), name));
    set("HOME", in_folder("home"));
    set("TMPDIR", in_folder("run"));
    set("XDG_RUNTIME_DIR", in_folder("run"));
    set("XAUTHORITY", XServer::authority(folder->path()));
    set("DBUS_SESSION_BUS_ADDRESS", "unix:path=" + in_folder("bus.sock"));
    set(mark_name, folder->path());
    const auto locale = text_of("LC_ALL", text_of("LC_CTYPE", text_of("LANG", "C")));
    if (!locale.ends_with("UTF-8")) set("LC_ALL", "C.UTF-8");  // else the names of dropped files come out wrong
    return {list.get(), list.get() + g_strv_length(list.get())};
}

Program Demo::Impl::program(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), executables.find(name)->second);
    // SIGTERM lets Xvnc remove its lock and socket in /tmp; the others leave nothing outside the folder.
    const int death_signal = name == "Xvnc" ? SIGTERM : SIGKILL;
    return {name,        std::move(arguments), environment, in_folder("home"), verbose ? "" : in_folder("log/" + name),
            death_signal};
}

void Demo::Impl::supervise(const std::string& name, std::vector<std::string> arguments, std::string needs,
                           std::string removes) {
    parts.emplace_back(Supervised::Settings{program(name, std::move(arguments)), std::move(needs), std::move(removes)});
    parts.back().start();
}

void Demo::Impl::run_desktop(const std::string& display) {
    std::erase_if(environment, [](const std::string& each) { return each.starts_with("DISPLAY="); });
    environment.push_back("DISPLAY=" + display);
    write_file(in_folder("environment"), "DISPLAY=" + display + "\nXAUTHORITY=" + XServer::authority(folder->path()) +
                                             "\nHOME=" + in_folder("home") + "\n");
    if (auto child = Child::start(program("xsetroot", {"-solid", "#2f4858"}), [](const std::string&) {}))
        background = std::move(*child);
    const auto agent = in_folder("agent.sock");
    const auto session = in_folder("session.sock");
    const auto bus = in_folder("bus.sock");
    supervise("dbus-daemon", {"--config-file=" + in_folder("bus.conf"), "--nofork", "--nopidfile"}, {}, bus);
    supervise("openbox", {});
    supervise("xterm", {"-title",
                        "vmcbridge demo",
                        "-geometry",
                        "84x24+60+60",
                        "-fa",
                        "Monospace",
                        "-fs",
                        "11",
                        "-bg",
                        "#1c1c1c",
                        "-fg",
                        "#e4e4e4",
                        "-xrm",
                        "XTerm*selectToClipboard: true",
                        "-xrm",
                        terminal_translations,
                        "-e",
                        "/bin/sh",
                        "-c",
                        "cat \"$0\"; exec \"${SHELL:-/bin/sh}\"",
                        in_folder("welcome.txt")});
    // The port's socket in place of a device, any one session, and no uinput, which ordinary users may not open.
    supervise("spice-vdagentd", {"-x", "-X", "-f", "-u", "/dev/null", "-s", agent, "-S", session}, agent, session);
    supervise("spice-vdagent", {"-x", "-s", agent, "-S", session, "-f", in_folder("home/Downloads"), "-o", "0"},
              session);
    log::info("demo-desktop", {{"display", display}, {"folder", folder->path()}});
    if (events.ready) events.ready();
}

void Demo::Impl::fail(const std::string& why) {
    auto text = "the demo's desktop: " + why + (verbose ? "" : last_words(in_folder("log/Xvnc")));
    if (events.stopped) events.stopped(std::move(text));
}

void Demo::Impl::end_all() {
    const auto signal_all = [this](int number) {
        for (auto& part : parts) part.stop(number);
        if (background) background->signal(number);
        if (x_server) x_server->signal(number);
    };
    const auto wait = [this] {  // GLib reaps them on a thread of its own, so the main loop need not run for this
        const auto deadline = steady_clock::now() + time_to_end;
        while (is_anything_running() && steady_clock::now() < deadline) std::this_thread::sleep_for(5ms);
    };
    signal_all(SIGTERM);
    wait();
    signal_all(SIGKILL);
    if (folder) kill_marked(folder->path());
    wait();
}

Demo::Demo(bool verbose) : impl_{std::make_unique<Impl>(verbose)} {}

Demo::~Demo() { impl_->end_all(); }

Parsed<VmConfig> Demo::prepare() {
    if (const auto found = impl_->find_programs(); !found) return found.error();
    if (const auto folder = impl_->make_files(); !folder) return folder.error();
    const auto& path = impl_->folder->path();
    impl_->environment = impl_->make_environment();
    auto guest = parse_guest("unix-listen:" + impl_->in_folder("agent.sock"));
    if (!guest) return guest.error();
    auto display = parse_display("vnc+unix:" + XServer::vnc_socket(path));
    if (!display) return display.error();
    VmConfig vm;
    vm.name = "desktop";
    vm.guest = std::move(*guest);
    vm.display = std::move(*display);
    return vm;
}

void Demo::start(Events events) {
    impl_->events = std::move(events);
    impl_->x_server.emplace(
        impl_->folder->path(),
        XServer::Events{[impl = impl_.get()](const std::string& display) { impl->run_desktop(display); },
                        [impl = impl_.get()](const std::string& why) { impl->fail(why); }});
    impl_->x_server->start(impl_->program("Xvnc", {}));
}

std::string demo_welcome(std::string_view base) {
    return "\n  A desktop with a real guest agent is ready. Open\n\n      " + std::string{base} +
           "/console/desktop\n\n  and copy, paste, resize the window, drop a file on it. Ctrl-C ends it.\n\n";
}

}  // namespace vmcbridge::control
