#pragma once

#include "src/io/vm.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vmcbridge::io::http {

/// The client that a trace is asked for: 0 for all of them (an empty text); nullopt: this is no number.
[[nodiscard]] std::optional<ClientId> parse_client(std::string_view text) noexcept;

/// "2026-03-01T12:00:00.250Z"
[[nodiscard]] std::string iso_time(std::chrono::system_clock::time_point time);

/// A machine's trace as JSON text. With a `client` without the steps that concern another one alone.
[[nodiscard]] std::string to_json(const VmTrace& trace, ClientId client);

}  // namespace vmcbridge::io::http
