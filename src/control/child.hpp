#pragma once

#include "src/control/glib.hpp"
#include "src/control/problem.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmcbridge::control {

/// How to start a program.
struct Program {
    std::string name;                      ///< for logs
    std::vector<std::string> arguments;    ///< the path of the executable first
    std::vector<std::string> environment;  ///< NAME=VALUE, all of it
    std::string folder;                    ///< where it runs
    std::string log;                       ///< file that takes its stdout and stderr; empty: our stderr
    int death_signal;                      ///< what the kernel sends it when this process dies, however it dies
};

/// A program that runs, in a session of its own, so that Ctrl-C in our terminal does not reach it. Main thread only.
class Child {
public:
    using Ended = std::function<void(std::string how)>;

    /// `passed_fd` becomes descriptor 3 of the program and is closed here; -1: none.
    /// `ended` is called once when it has ended ("exit code 1", "signal 9"), unless the Child goes first.
    [[nodiscard]] static Parsed<std::unique_ptr<Child>> start(const Program& program, Ended ended, int passed_fd = -1);

    /// The same for a program that has been started, and may have ended already.
    Child(GObjectPtr<GSubprocess> process, Ended ended);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Does not end the program.
    ~Child();

    [[nodiscard]] bool is_running() const noexcept;
    /// To the program and all that it started and that stayed in its process group.
    void signal(int number) noexcept;

private:
    static void on_ended(GObject* process, GAsyncResult* result, gpointer self) noexcept;

    GObjectPtr<GSubprocess> process_;
    GObjectPtr<GCancellable> cancel_;
    Ended ended_;
    int pid_;  ///< 0: it had ended before anybody looked
};

/// Where `program` lies: in PATH, or in the folders of administrators, which users often have not in theirs. Empty:
/// nowhere.
[[nodiscard]] std::string find_program(const std::string& program);

}  // namespace vmcbridge::control
