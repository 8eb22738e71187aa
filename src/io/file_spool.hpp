#pragma once

#include "src/bridge/spool.hpp"

#include <memory>

namespace vmcbridge::io {

/// A spool over a temporary file without a name, in $TMPDIR or /var/tmp: gone with its last descriptor, whatever
/// happens to us. nullptr, and a line in the log: none can be made.
[[nodiscard]] std::unique_ptr<bridge::Spool> make_file_spool();

}  // namespace vmcbridge::io
