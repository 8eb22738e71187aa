#include "src/control/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace vmcbridge::control {
namespace {

/// What the new process does between fork and exec: async-signal-safe calls only.
struct ChildSetup {
    pid_t parent;
    int death_signal;

    static void run(gpointer data) noexcept {
        const auto& self = *static_cast<const ChildSetup*>(data);
        setsid();
        prctl(PR_SET_PDEATHSIG, self.death_signal);
        if (getppid() != self.parent) _exit(127);  // the parent died before the line above
    }
};

std::vector<const char*> as_vector(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const auto& each : texts) pointers.push_back(each.c_str());
    pointers.push_back(nullptr);
    return pointers;
}

/// GLib collects the process on a thread of its own, and forgets its id then: 0.
pid_t id_of(GSubprocess* process) {
    const char* id = g_subprocess_get_identifier(process);
    return id ? std::atoi(id) : 0;
}

/// stdout and stderr into one file that grows at its end.
std::string redirect_output(GSubprocessLauncher* launcher, const std::string& log) {
    if (log.empty()) return {};
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return log + ": " + std::strerror(errno);
    g_subprocess_launcher_take_stdout_fd(launcher, fcntl(fd, F_DUPFD_CLOEXEC, 3));
    g_subprocess_launcher_take_stderr_fd(launcher, fd);
    return {};
}

std::string how_it_ended(GSubprocess* process) {
    if (g_subprocess_get_if_signaled(process)) return "signal " + std::to_string(g_subprocess_get_term_sig(process));
    return "exit code " + std::to_string(g_subprocess_get_exit_status(process));
}

}  // namespace

Parsed<std::unique_ptr<Child>> Child::start(const Program& program, Ended ended, int passed_fd) {
    // With a log, stdout goes there; without one, into our stderr: stdout is for the user's eyes.
    const auto flags = program.log.empty() ? G_SUBPROCESS_FLAGS_STDOUT_SILENCE : G_SUBPROCESS_FLAGS_NONE;
    const GObjectPtr<GSubprocessLauncher> launcher{g_subprocess_launcher_new(flags)};
    if (passed_fd >= 0) g_subprocess_launcher_take_fd(launcher.get(), passed_fd, 3);
    if (auto fault = redirect_output(launcher.get(), program.log); !fault.empty()) return Problem{std::move(fault)};
    auto environment = as_vector(program.environment);
    // GLib copies the list; its type lacks the const.
    g_subprocess_launcher_set_environ(launcher.get(), const_cast<char**>(environment.data()));
    g_subprocess_launcher_set_cwd(launcher.get(), program.folder.c_str());
    ChildSetup setup{getpid(), program.death_signal};
    g_subprocess_launcher_set_child_setup(launcher.get(), ChildSetup::run, &setup, nullptr);
    ErrorOut error;
    GObjectPtr<GSubprocess> process{
        g_subprocess_launcher_spawnv(launcher.get(), as_vector(program.arguments).data(), error)};
    if (!process) return Problem{program.name + ": " + error.message()};
    return std::make_unique<Child>(std::move(process), std::move(ended));
}

Child::Child(GObjectPtr<GSubprocess> process, Ended ended)
    : process_{std::move(process)},
      cancel_{g_cancellable_new()},
      ended_{std::move(ended)},
      pid_{id_of(process_.get())} {
    g_subprocess_wait_async(process_.get(), cancel_.get(), on_ended, this);
}

Child::~Child() { g_cancellable_cancel(cancel_.get()); }

void Child::on_ended(GObject* process, GAsyncResult* result, gpointer self) noexcept {
    // Cancelled means that the Child is gone and `self` points nowhere.
    if (!g_subprocess_wait_finish(G_SUBPROCESS(process), result, nullptr)) return;
    std::exchange(static_cast<Child*>(self)->ended_, nullptr)(how_it_ended(G_SUBPROCESS(process)));
}

bool Child::is_running() const noexcept { return g_subprocess_get_identifier(process_.get()) != nullptr; }

void Child::signal(int number) noexcept {
    if (is_running()) kill(-pid_, number);
}

std::string find_program(const std::string& program) {
    if (const GText found{g_find_program_in_path(program.c_str())}) return found.get();
    for (const std::string folder : {"/usr/local/sbin/", "/usr/sbin/", "/sbin/"})
        if (access((folder + program).c_str(), X_OK) == 0) return folder + program;
    return {};
}

}  // namespace vmcbridge::control
