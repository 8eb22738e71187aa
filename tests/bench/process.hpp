#pragma once

#include "tests/bench/socket.hpp"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <vector>

namespace vmcbridge::bench {

/// A child in its own process group, dead at the latest when the bench is: stopped by the destructor, by the signals
/// that end the bench, and by the kernel should the bench be killed outright.
class Process {
public:
    /// Its output goes to `log`; `inherited`, if any, stays open in it under the same number. Call from the main
    /// thread.
    Process(const std::vector<std::string>& command, const std::filesystem::path& log, const Fd* inherited = nullptr);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] bool is_running();

    /// CPU time used by it and its present descendants.
    [[nodiscard]] std::chrono::nanoseconds cpu() const;

    /// Memory of it and its present descendants, shared pages divided among those who share them. Bytes.
    [[nodiscard]] std::uint64_t memory() const;

    /// The most memory resident at one time since `forget_peak`. Bytes.
    [[nodiscard]] std::uint64_t peak() const;
    void forget_peak() const;

private:
    pid_t pid_ = -1;
};

/// A directory for sockets and logs, removed with its content by the destructor and by the signals that end the bench.
/// Creating one sweeps away those of earlier runs that were killed outright.
class ScratchDirectory {
public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// Lets SIGINT, SIGTERM and SIGHUP end children and scratch directory before the bench. Call before any thread begins.
void clean_up_on_signals();

/// The program `name` as the shell would find it.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace vmcbridge::bench
