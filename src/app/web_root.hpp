#pragma once

#include <string>

namespace vmcbridge::app {

/// The folder with lib/ and console/: beside an installed program, or in the source tree that it was built from.
/// Empty: none found; the bridge then serves no pages.
[[nodiscard]] std::string find_web_root();

}  // namespace vmcbridge::app
