#pragma once

#include "src/control/child.hpp"
#include "src/control/timer.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vmcbridge::control {

/// Xvnc: an X server on a display that was free, whose screen is served as VNC on a unix socket. Main thread only.
///
/// Only who holds the cookie in `authority()` gets at the display, and only this user at the socket.
class XServer {
public:
    struct Events {
        std::function<void(std::string display)> ready;  ///< ":7": it can be connected to
        std::function<void(std::string why)> failed;     ///< it ended, or did not come up within 20 s
    };

    /// `folder` takes its files and outlives it.
    XServer(std::string folder, Events events) : folder_{std::move(folder)}, events_{std::move(events)} {}
    XServer(const XServer&) = delete;
    XServer& operator=(const XServer&) = delete;
    ~XServer();

    /// `program`: its environment, folder, log and path; the arguments are made here.
    void start(Program program);
    void signal(int number);
    [[nodiscard]] bool is_running() const noexcept { return child_ && child_->is_running(); }

    [[nodiscard]] static std::string vnc_socket(const std::string& folder) { return folder + "/vnc.sock"; }
    [[nodiscard]] static std::string authority(const std::string& folder) { return folder + "/xauthority"; }

private:
    static gboolean on_readable(int fd, GIOCondition condition, gpointer self) noexcept;
    bool read_display();
    void fail(const std::string& why);

    std::string folder_;
    Events events_;
    std::unique_ptr<Child> child_;
    int display_pipe_ = -1;
    std::string display_;
    SourceGuard readable_;
    Timer deadline_;
};

}  // namespace vmcbridge::control
