#include "src/control/discover/socket_finder.hpp"

#include "src/control/address.hpp"
#include "src/control/glib.hpp"
#include "src/log.hpp"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// A glob is a list of names, each with or without wildcards. A Folder watches one directory for the first of what is
// left of that list: for the last name it looks for sockets, else for directories, which become Folders with the rest.
//
//   /run/vms/*/agent.sock:  Folder "/" [run ...] -> "/run" [vms ...] -> "/run/vms" [* ...] -> "/run/vms/web1"
//   [agent.sock]

namespace vmcbridge::control {
namespace {

/// Whoever may write there decides how many sockets there are.
constexpr std::size_t machines_max = 4096;
constexpr std::size_t folders_max = 8192;

bool has_wildcard(std::string_view name) { return name.find_first_of("*?[\\") != std::string_view::npos; }

bool fits(const std::string& pattern, const std::string& name) {
    return has_wildcard(pattern) ? fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0 : pattern == name;
}

std::vector<std::string> names_of(std::string_view path) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at + 1), path.size());
        names.emplace_back(path.substr(at + 1, end - at - 1));
        at = end;
    }
    return names;
}

/// What tells one file from another that takes its place.
struct Identity {
    dev_t device;
    ino_t inode;
    bool is_socket;
    bool is_folder;

    friend bool operator==(const Identity&, const Identity&) = default;
};

std::optional<Identity> identity_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino, S_ISSOCK(status.st_mode), S_ISDIR(status.st_mode)};
}

}  // namespace

/// What all folders of one glob share.
struct SocketFinder::Search {
    std::string glob;
    std::string source;  // as Machines and the log know it
    std::vector<std::string> names;
    Machines& machines;
    std::size_t sockets = 0;
    std::size_t folders = 0;

    [[nodiscard]] bool has_room(std::size_t count, std::size_t most, const std::string& path) const {
        if (count < most) return true;
        log::warning("discover-full", {{"glob", glob}, {"left-out", path}, {"most", most}});
        return false;
    }

    [[nodiscard]] bool found(const std::string& path) {
        const auto name = machine_name(glob, path);
        if (const auto valid = parse_vm_name(name); !valid) {
            log::warning("discover-left-out", {{"path", path}, {"reason", valid.error().text}});
            return false;
        }
        auto guest = parse_guest("unix:" + path);
        if (!guest) {
            log::warning("discover-left-out", {{"path", path}, {"reason", guest.error().text}});
            return false;
        }
        if (!has_room(sockets, machines_max, path)) return false;
        ++sockets;
        machines.found(source, name, *std::move(guest));
        return true;
    }
    void lost(const std::string& path) {
        --sockets;
        machines.lost(source, machine_name(glob, path));
    }
};

class SocketFinder::Folder {
public:
    Folder(Search& search, std::string path, std::size_t depth)
        : search_{search}, path_{std::move(path)}, depth_{depth} {
        ++search_.folders;
        watch();
        look();
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        if (monitor_) {
            g_signal_handlers_disconnect_by_data(monitor_.get(), this);
            g_file_monitor_cancel(monitor_.get());
        }
        for (const auto& [name, entry] : entries_)
            if (entry.is_machine) search_.lost(path_of(name));
        --search_.folders;
    }

private:
    struct Entry {
        Identity identity;
        bool is_machine = false;
        std::unique_ptr<Folder> folder{};
    };

    [[nodiscard]] const std::string& pattern() const { return search_.names[depth_]; }
    [[nodiscard]] bool is_last() const { return depth_ + 1 == search_.names.size(); }
    [[nodiscard]] std::string path_of(const std::string& name) const {
        return (path_ == "/" ? "" : path_) + "/" + name;
    }

    /// Before looking, so that nothing falls between.
    void watch() {
        const GObjectPtr<GFile> file{g_file_new_for_path(path_.c_str())};
        ErrorOut error;
        monitor_.reset(g_file_monitor_directory(file.get(), G_FILE_MONITOR_WATCH_MOVES, nullptr, error));
        if (!monitor_) return log::warning("discover-blind", {{"folder", path_}, {"reason", error.message()}});
        g_signal_connect(monitor_.get(), "changed", G_CALLBACK(on_changed), this);
    }

    void look() {
        if (!has_wildcard(pattern())) return check(pattern(), false);
        std::error_code error;  // a folder that can't be read, or went: it has nothing for us
        for (std::filesystem::directory_iterator each{path_, error}, end; !error && each != end; each.increment(error))
            check(each->path().filename().string(), false);
    }

    /// Brings what we know of `name` up to date.
    void check(const std::string& name, bool went) {
        if (!fits(pattern(), name)) return;
        const auto path = path_of(name);
        const auto now = identity_of(path);
        const auto known = entries_.find(name);
        if (known != entries_.end()) {
            if (!went && now == known->second.identity) return;
            if (known->second.is_machine) search_.lost(path);
            entries_.erase(known);
        }
        if (!now) return;
        Entry entry{.identity = *now};
        if (is_last())
            entry.is_machine = now->is_socket && search_.found(path);
        else if (now->is_folder && search_.has_room(search_.folders, folders_max, path))
            entry.folder = std::make_unique<Folder>(search_, path, depth_ + 1);
        if (entry.is_machine || entry.folder) entries_.emplace(name, std::move(entry));
    }

    static void on_changed(GFileMonitor* /*monitor*/, GFile* file, GFile* other, GFileMonitorEvent event,
                           gpointer self) noexcept {
        auto& folder = *static_cast<Folder*>(self);
        const auto check = [&](GFile* which, bool went) {
            if (const GText name{g_file_get_basename(which)}) folder.check(name.get(), went);
        };
        switch (event) {
            case G_FILE_MONITOR_EVENT_CREATED:
            case G_FILE_MONITOR_EVENT_MOVED_IN: return check(file, false);
            case G_FILE_MONITOR_EVENT_DELETED:
            case G_FILE_MONITOR_EVENT_MOVED_OUT: return check(file, true);
            case G_FILE_MONITOR_EVENT_RENAMED:
                check(file, true);
                if (other != nullptr) check(other, false);
                return;
            default: return;  // contents and modes
        }
    }

    Search& search_;
    std::string path_;
    std::size_t depth_;
    GObjectPtr<GFileMonitor> monitor_;
    std::map<std::string, Entry> entries_;
};

SocketFinder::SocketFinder(const std::string& glob, Machines& machines)
    : search_{std::make_unique<Search>(
          Search{.glob = glob, .source = "discover " + glob, .names = names_of(glob), .machines = machines})},
      root_{std::make_unique<Folder>(*search_, "/", 0)} {}

SocketFinder::~SocketFinder() = default;

std::string machine_name(const std::string& glob, const std::string& path) {
    const auto patterns = names_of(glob);
    const auto names = names_of(path);
    const auto wild = std::ranges::find_if(patterns, has_wildcard);
    const auto star = glob.find('*');
    const bool is_one_star = star != std::string::npos && glob.find_first_of("*?[\\", star + 1) == std::string::npos &&
                             glob.find_first_of("*?[\\") == star;
    if (is_one_star && patterns.size() == names.size()) {
        const auto& name = names[static_cast<std::size_t>(wild - patterns.begin())];
        return name.substr(wild->find('*'), name.size() + 1 - wild->size());
    }
    return std::filesystem::path{path}.stem().string();
}

}  // namespace vmcbridge::control
