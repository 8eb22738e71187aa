#pragma once

#include "src/control/machines.hpp"

#include <memory>
#include <string>

/// Sockets that appear and vanish: [discover].
namespace vmcbridge::control {

/// Gives Machines one for each unix socket that fits a glob, as long as the socket is there. Main thread only.
///
/// One that is replaced is another machine. The name is what the glob's one * stands for; of a glob with another
/// number of wildcards it is the file's name without its extension.
class SocketFinder {
public:
    /// `machines` outlives it. What is there is found at once.
    SocketFinder(const std::string& glob, Machines& machines);
    SocketFinder(const SocketFinder&) = delete;
    SocketFinder& operator=(const SocketFinder&) = delete;
    /// Its machines are lost.
    ~SocketFinder();

private:
    class Folder;
    struct Search;
    std::unique_ptr<Search> search_;
    std::unique_ptr<Folder> root_;
};

/// The name of the machine whose socket is at `path`, which fits `glob`.
[[nodiscard]] std::string machine_name(const std::string& glob, const std::string& path);

}  // namespace vmcbridge::control
