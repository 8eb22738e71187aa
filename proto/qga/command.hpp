#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What is said to a QEMU guest agent: values -> lines.
namespace vmcbridge::qga {

/// How an agent says that a command succeeded.
enum class Success : std::uint8_t {
    answer,
    silence,  ///< the machine may be gone by then; a failure is told at once
};

struct Command {
    std::string_view name;       ///< a literal: "guest-info"
    std::string_view arguments;  ///< a literal: a JSON object; empty: none
    Success success = Success::answer;

    friend bool operator==(const Command&, const Command&) = default;
};

/// `{"execute":"guest-info"}` and the end of the line.
[[nodiscard]] std::string encode(const Command& command);

/// A sentinel, which ends whatever the agent has half read, and guest-sync-delimited: its answer is `id`, behind a
/// sentinel. Source: qga/qapi-schema.json. REQUIRES: 0 <= id < 2^53, which every agent holds exactly.
[[nodiscard]] std::string encode_sync(std::int64_t id);

/// What the machine can be asked to do.
enum class Power : std::uint8_t { shutdown, reboot, suspend };

/// "shutdown": in paths, answers and the log. Defined here only.
[[nodiscard]] std::string_view name(Power power) noexcept;
[[nodiscard]] std::optional<Power> find_power(std::string_view name) noexcept;
/// suspend: to memory.
[[nodiscard]] Command command_of(Power power) noexcept;

}  // namespace vmcbridge::qga
