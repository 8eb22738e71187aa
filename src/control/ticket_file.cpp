#include "src/control/ticket_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace vmcbridge::control {
namespace {

constexpr mode_t of_others = S_IROTH | S_IWOTH;

Problem fault(const std::string& path, std::string_view what) { return {"\"" + path + "\": " + std::string{what}}; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

Parsed<std::string> read_ticket_file(const std::string& path, std::size_t most) {
    // Not to wait for a FIFO, nor to take a terminal along.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return fault(path, std::string{"can't be read: "} + std::strerror(errno));
    const auto close = [](const int* open) { ::close(*open); };
    const std::unique_ptr<const int, decltype(close)> owned{&fd, close};
    struct stat status{};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fault(path, "not a file");
    if ((status.st_mode & of_others) != 0)
        return fault(path, "everybody on this machine can read or write it; chmod o-rw it, and choose a new password");
    std::vector<char> bytes(most + 2);  // and a line's end of two characters
    const auto count = ::read(fd, bytes.data(), bytes.size());
    if (count < 0) return fault(path, std::string{"can't be read: "} + std::strerror(errno));
    std::string_view line{bytes.data(), static_cast<std::size_t>(count)};
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.size() > most)
        return fault(path, "its first line is not a password of 1 to " + std::to_string(most) + " bytes");
    if (std::ranges::any_of(line, is_control)) return fault(path, "its first line has control characters");
    return parsed_text(std::string{line});
}

ConfigFaults read_tickets(Config& config, const ConfigFile& origin) {
    ConfigFaults faults;
    std::map<std::string, std::string> holders;
    config.spice_passwords.clear();
    for (const auto& [name, vm] : config.vms) {
        if (vm.spice_ticket_file.empty()) continue;
        const auto refuse = [&, &of = name](std::string text) {
            faults.push_back(fault_at(origin, "vm " + of, "spice-ticket-file", std::move(text)));
        };
        const auto password = read_ticket_file(vm.spice_ticket_file);
        if (!password) {
            refuse(password.error().text);
            continue;
        }
        const auto [holder, is_new] = holders.emplace(*password, name);
        if (!is_new)
            refuse("the password of " + holder->second + " too; each machine needs its own");
        else
            config.spice_passwords.emplace(name, *password);
    }
    return faults;
}

}  // namespace vmcbridge::control
