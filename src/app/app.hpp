#pragma once

#include <span>

namespace vmcbridge::app {

/// The whole program: reads the command line, does what it says, returns the exit code (0 done, 1 refused or failed
/// with one line on stderr, 2 usage).
[[nodiscard]] int run(std::span<const char* const> arguments);

}  // namespace vmcbridge::app
