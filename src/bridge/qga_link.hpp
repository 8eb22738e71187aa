#pragma once

#include "proto/qga/command.hpp"
#include "proto/qga/line_reader.hpp"
#include "proto/qga/reply.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace vmcbridge::bridge {

using Time = std::chrono::steady_clock::time_point;

/// A command that succeeds in silence has succeeded when so much time has passed since it was written.
inline constexpr std::chrono::milliseconds qga_silence{2'000};

/// The host end of a QEMU guest agent's port: one command at a time, and no answer but its own. Pure: bytes in and out.
///
///     idle -> ask() -> [syncing: what comes is dropped until the answer to our guest-sync-delimited] -> asked -> idle
///
/// It syncs where anything may still come that belongs to another command: on a new connection, after a deadline, after
/// junk, after bytes that nobody asked for. Before a command that succeeds in silence always, since silence is all that
/// a dead agent has to say too. Nothing of the command is written before the agent has answered the sync, and nothing
/// of it is left to be written once it has failed.
class QgaLink {
public:
    // ---- The port
    void handle_connected();
    void handle_gone();
    [[nodiscard]] bool is_connected() const noexcept { return connected_; }
    void handle_bytes(Bytes bytes);
    /// It has said more than limits::qga_unasked that nobody asked for: the connection is of no use.
    [[nodiscard]] bool is_flooded() const noexcept;
    /// What waits for the port.
    [[nodiscard]] Bytes to_port() const noexcept;
    void written(std::size_t count, Time now);

    // ---- Who asks
    /// A command, to be answered by `deadline`; `sync_id`: a number that no guest can guess, see encode_sync().
    /// REQUIRES: is_connected(), and the answer to the one before was polled.
    void ask(const qga::Command& command, std::int64_t sync_id, Time deadline);
    /// The answer, once. Failures: agent_gone, timeout, guest_error.
    [[nodiscard]] std::optional<qga::Answer> poll_answer();

    // ---- Time
    [[nodiscard]] std::optional<Time> poll_timeout() const noexcept;
    void handle_timeout(Time now);

private:
    enum class State : std::uint8_t { idle, syncing, asked };

    void handle_line();
    void handle_found(qga::LineReader::Found found);
    void write(std::string line);
    void fail(qga::Failure failure);
    void finish(qga::Answer answer);

    bool connected_ = false;
    bool synced_ = false;
    State state_ = State::idle;
    qga::Command command_;
    std::int64_t sync_id_ = 0;
    Time deadline_;
    std::optional<Time> silent_until_;  // of a command that is written, and succeeds in silence
    std::size_t unasked_ = 0;           // bytes since the last answer to a sync
    qga::LineReader reader_;
    std::string output_;
    std::size_t written_ = 0;  // of output_
    std::optional<qga::Answer> answer_;
};

}  // namespace vmcbridge::bridge
