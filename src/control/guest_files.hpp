#pragma once

#include "src/control/config_file.hpp"

/// The files that the address of a guest behind a SPICE server names: password-file, ca-file.
namespace vmcbridge::control {

struct GuestFileFaults {
    ConfigFaults wrong;   ///< they are there, and no such files
    ConfigFaults unread;  ///< can't be read now: they may come later, since each attempt to link reads them anew
};

/// Looks at the files that the guests of `config` name. A password-file has to be what a spice-ticket-file has to be.
[[nodiscard]] GuestFileFaults check_guest_files(const Config& config, const ConfigFile& origin);

}  // namespace vmcbridge::control
