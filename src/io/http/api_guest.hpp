#pragma once

#include "src/io/guest_control.hpp"
#include "src/io/http/response.hpp"

#include <optional>
#include <string_view>

/// The part of the API that speaks of a machine's QEMU guest agent. Pure.
namespace vmcbridge::io::http {

/// What is asked for behind "vms/VM/".
struct GuestPart {
    std::optional<qga::Power> power{};  ///< "guest/shutdown"; nullopt: "guest"
};
[[nodiscard]] std::optional<GuestPart> parse_guest_part(std::string_view part);

/// Of "guest": 200 and what is known, where a part that the agent does not tell is left out, and all texts are the
/// guest's:
///
///     {"version": "7.2.0", "hostname": "web1",
///      "os": {"id": "debian", "name": "...", "version": "...", "kernel": "...", "machine": "x86_64"},
///      "addresses": [{"interface": "eth0", "mac": "...", "address": "192.0.2.1", "prefix": 24}],
///      "users": [{"name": "root", "since": SECONDS}],
///      "filesystems": [{"mountpoint": "/", "type": "ext4", "total": BYTES, "used": BYTES}],
///      "power": true}
///
/// Of "guest/shutdown": 202 and {"asked": "shutdown"}. Else a problem: 403 disabled; 502 guest-error, with `class` and
/// `text` where the agent has refused; 503 no-agent, agent-gone, busy, cancelled or stopping; 504 timeout.
[[nodiscard]] Response to_response(GuestPart part, const GuestAnswer& answer);

}  // namespace vmcbridge::io::http
