#pragma once

#include "src/control/options.hpp"

namespace vmcbridge::cli {

/// `vmcbridge check-config FILE`: one line a fault or note on stderr. Returns the exit code.
[[nodiscard]] int check_config(const control::CheckConfigCommand& command, control::TlsCheck check_tls);

}  // namespace vmcbridge::cli
