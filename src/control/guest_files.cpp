#include "src/control/guest_files.hpp"

#include "proto/sasl_limits.hpp"
#include "src/control/ticket_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace vmcbridge::control {
namespace {

class GuestFiles {
public:
    explicit GuestFiles(const ConfigFile& origin) : origin_{origin} {}

    void check(const std::string& vm, const Guest& guest) {
        if (is_readable(vm, "password-file", guest.password_file)) {
            const auto most = guest.user.empty() ? ticket_max : sasl_limits::password;
            if (auto password = read_ticket_file(guest.password_file, most); !password)
                add(faults_.wrong, vm, "password-file", password.error().text);
        }
        if (is_readable(vm, "ca-file", guest.ca_file)) {
            struct stat status{};
            if (::stat(guest.ca_file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
                add(faults_.wrong, vm, "ca-file", "\"" + guest.ca_file + "\": not a file");
        }
    }

    GuestFileFaults finish() && { return std::move(faults_); }

private:
    /// false: nothing is to be looked at, or it is a fault by now.
    bool is_readable(const std::string& vm, const std::string& option, const std::string& path) {
        if (path.empty()) return false;
        if (::access(path.c_str(), R_OK) == 0) return true;
        add(faults_.unread, vm, option, "\"" + path + "\": can't be read: " + std::strerror(errno));
        return false;
    }

    void add(ConfigFaults& to, const std::string& vm, const std::string& option, const std::string& text) {
        to.push_back(fault_at(origin_, "vm " + vm, "guest", option + " " + text));
    }

    const ConfigFile& origin_;
    GuestFileFaults faults_;
};

}  // namespace

GuestFileFaults check_guest_files(const Config& config, const ConfigFile& origin) {
    GuestFiles files{origin};
    for (const auto& [name, vm] : config.vms)
        if (vm.guest) files.check(name, *vm.guest);
    return std::move(files).finish();
}

}  // namespace vmcbridge::control
