#pragma once

#include "src/io/http/spice_access.hpp"

#include <string>
#include <string_view>

/// console.vv: what virt-viewer opens. Pure.
namespace vmcbridge::io::http {

/// A text as the value of GLib's key files, so that reading gives it back: line breaks, tabs, the backslash, and the
/// spaces that would be cut off at its ends.
[[nodiscard]] std::string key_file_value(std::string_view text);

/// A file for one connection to `ports`, whose host stands; it goes when it has been opened. With a port for TLS the
/// other one is left out, so that no client takes it.
[[nodiscard]] std::string viewer_file(const SpicePorts& ports, std::string_view title, std::string_view password);

}  // namespace vmcbridge::io::http
