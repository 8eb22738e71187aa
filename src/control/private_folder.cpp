#include "src/control/private_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace vmcbridge::control {
namespace {

namespace fs = std::filesystem;

Problem fault(const std::string& path) { return {path + ": " + std::strerror(errno)}; }

/// Locks PATH/owner. It gets its name when it is locked, so that nobody meets it unlocked before.
int make_owner_file(const std::string& path) {
    const auto early = path + "/owner.new";
    const int fd = open(early.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && rename(early.c_str(), (path + "/owner").c_str()) == 0) return fd;
    close(fd);
    return -1;
}

bool is_own_folder(const std::string& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

/// Without an owner file: the folder of one that is about to make it, or that was killed while it removed the folder.
bool is_old(const std::string& path) {
    struct stat status{};
    constexpr time_t about_to = 60;  // seconds
    return stat(path.c_str(), &status) == 0 && time(nullptr) - status.st_mtime > about_to;
}

bool is_abandoned(const std::string& path) {
    const int fd = open((path + "/owner").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT && is_old(path);
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return !locked;
}

void remove_folder(const std::string& path) {
    std::error_code ignored;  // what can't be removed now is abandoned, and met again
    fs::remove_all(path, ignored);
}

std::optional<pid_t> pid_of(const fs::path& entry) {
    const auto name = entry.filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || *end != '\0') return std::nullopt;
    return pid;
}

bool has_in_environment(const fs::path& process, const std::string& mark) {
    std::ifstream file{process / "environ", std::ios::binary};
    for (std::string entry; std::getline(file, entry, '\0');)
        if (entry == mark) return true;
    return false;
}

}  // namespace

Parsed<PrivateFolder> PrivateFolder::make(const std::string& base, const std::string& prefix) {
    std::string path = base + "/" + prefix + "-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return fault(path);
    const int lock = make_owner_file(path);
    if (lock >= 0) return PrivateFolder{std::move(path), lock};
    auto problem = fault(path);
    remove_folder(path);
    return problem;
}

void PrivateFolder::remove_abandoned(const std::string& base, const std::string& prefix) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{base, ignored}) {
        const auto path = entry.path().string();
        if (!entry.path().filename().string().starts_with(prefix + "-")) continue;
        if (!is_own_folder(path) || !is_abandoned(path)) continue;
        kill_marked(path);
        remove_folder(path);
    }
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_{std::exchange(other.path_, {})}, lock_{std::exchange(other.lock_, -1)} {}

PrivateFolder::~PrivateFolder() {
    if (lock_ < 0) return;
    remove_folder(path_);
    close(lock_);
}

void kill_marked(const std::string& folder) {
    const auto mark = std::string{mark_name} + "=" + folder;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
        const auto pid = pid_of(entry.path());
        if (pid && *pid != getpid() && has_in_environment(entry.path(), mark)) kill(*pid, SIGKILL);
    }
}

}  // namespace vmcbridge::control
