#include "tests/bench/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace vmcbridge::bench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto stop_patience = 3s;
constexpr auto scratch_name = "vmcbridge-bench-";

/// What must not outlive the bench.
struct Remains {
    std::mutex mutex;
    std::vector<pid_t> groups;
    fs::path scratch;
} remains;

sigset_t ending_signals() {
    sigset_t set{};
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
    return set;
}

/// The child between fork and exec: nothing here allocates, since another thread may have held the allocator's lock.
[[noreturn]] void become(char* const* command, const char* log, const Fd* inherited, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    const auto signals = ending_signals();
    ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
    const int input = ::open("/dev/null", O_RDONLY);
    const int output = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
    if (inherited != nullptr) ::fcntl(inherited->get(), F_SETFD, 0);
    ::execv(command[0], command);
    ::_exit(127);
}

/// `pid` and its descendants.
std::vector<pid_t> family(pid_t pid) {
    std::vector<pid_t> all{pid};
    for (std::size_t at = 0; at < all.size(); ++at) {
        std::error_code gone;
        for (const auto& task : fs::directory_iterator{"/proc/" + std::to_string(all[at]) + "/task", gone}) {
            std::ifstream children{task.path() / "children"};
            for (pid_t child = 0; children >> child;) all.push_back(child);
        }
    }
    return all;
}

/// A field of a /proc file in bytes; these files count in kB.
std::uint64_t field(const fs::path& file, const std::string& name) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(name + ":")) return 1024 * std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
    return 0;
}

fs::path proc(pid_t pid, const std::string& file) { return fs::path{"/proc"} / std::to_string(pid) / file; }

void sweep(const fs::path& where) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{where, ignored}) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(scratch_name)) continue;
        const auto owner =
            static_cast<pid_t>(std::strtol(name.c_str() + std::string_view{scratch_name}.size(), nullptr, 10));
        if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), ignored);
    }
}

[[noreturn]] void end_on_signal() {
    const auto signals = ending_signals();
    int number = 0;
    sigwait(&signals, &number);
    const std::lock_guard lock{remains.mutex};
    for (const auto group : remains.groups) ::kill(-group, SIGKILL);
    for (const auto group : remains.groups) ::waitpid(group, nullptr, 0);
    std::error_code ignored;
    if (!remains.scratch.empty()) fs::remove_all(remains.scratch, ignored);
    ::_exit(128 + number);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const fs::path& log, const Fd* inherited) {
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::lock_guard lock{remains.mutex};
    const auto parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw failed("fork");
    if (pid_ == 0) become(arguments.data(), log.c_str(), inherited, parent);
    ::setpgid(pid_, pid_);
    remains.groups.push_back(pid_);
}

Process::~Process() {
    ::kill(-pid_, SIGTERM);
    for (const auto end = Clock::now() + stop_patience; is_running() && Clock::now() < end;)
        std::this_thread::sleep_for(5ms);
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    const std::lock_guard lock{remains.mutex};
    std::erase(remains.groups, pid_);
}

bool Process::is_running() {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

std::chrono::nanoseconds Process::cpu() const {
    std::chrono::nanoseconds sum{0};
    for (const auto pid : family(pid_)) {
        clockid_t clock{};
        timespec used{};
        if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &used) == 0)
            sum += std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
    }
    return sum;
}

std::uint64_t Process::memory() const {
    std::uint64_t sum = 0;
    for (const auto pid : family(pid_)) sum += field(proc(pid, "smaps_rollup"), "Pss");
    return sum;
}

std::uint64_t Process::peak() const { return field(proc(pid_, "status"), "VmHWM"); }

void Process::forget_peak() const { std::ofstream{proc(pid_, "clear_refs")} << 5; }

ScratchDirectory::ScratchDirectory() {
    const auto where = fs::temp_directory_path();
    sweep(where);
    auto name = (where / (scratch_name + std::to_string(::getpid()) + "-XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) throw failed("make " + name);
    path_ = name;
    const std::lock_guard lock{remains.mutex};
    remains.scratch = path_;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void clean_up_on_signals() {
    const auto signals = ending_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread{end_on_signal}.detach();
}

std::optional<fs::path> find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path == nullptr ? "" : path};
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access((fs::path{folder} / name).c_str(), X_OK) == 0) return fs::path{folder} / name;
    return std::nullopt;
}

}  // namespace vmcbridge::bench
