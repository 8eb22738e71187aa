#pragma once

#include "src/config.hpp"
#include "src/control/problem.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// The embedded default: a real desktop on this machine with the real guest agent, and no VM.
///
/// Flow: prepare() makes the private directory and names the sockets -> the bridge listens on the agent's -> start()
/// runs the X server, then what lives in it, and keeps all of it running -> the destructor ends and removes all.
namespace vmcbridge::control {

/// Needs a running Loop; all of it happens on the main thread.
class Demo {
public:
    struct Events {
        std::function<void()> ready;               ///< the desktop is up; the agent comes within a second
        std::function<void(std::string)> stopped;  ///< it can't go on; why, in a sentence
    };

    explicit Demo(bool verbose);
    Demo(const Demo&) = delete;
    Demo& operator=(const Demo&) = delete;
    /// Ends every process of the demo (SIGTERM, after 1 s SIGKILL), waits for them and removes the directory.
    ~Demo();

    /// Checks that all programs are there, clears what a killed demo left behind, makes the directory.
    /// Gives the VM to configure: `desktop`, its guest a socket to listen on, its display a VNC socket.
    [[nodiscard]] Parsed<VmConfig> prepare();

    /// Starts the desktop. REQUIRES: prepare() succeeded, and the bridge listens on the guest's socket, because
    /// spice-vdagentd gives up where nobody does.
    void start(Events events);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// What `vmcbridge demo` prints when it is ready; `base` as in "http://127.0.0.1:8006".
[[nodiscard]] std::string demo_welcome(std::string_view base);

}  // namespace vmcbridge::control
