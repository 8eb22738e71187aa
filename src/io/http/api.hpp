#pragma once

#include "src/io/asio.hpp"
#include "src/io/door.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/http/spice_access.hpp"
#include "src/io/presence.hpp"
#include "src/io/vm.hpp"
#include "src/io/vm_registry.hpp"

namespace vmcbridge::io::http {

inline constexpr std::string_view api_prefix = "/api/v1/";

/// What the API speaks for, and who asks it.
struct ApiParts {
    const VmRegistry& vms;
    SpiceAccess& spice;
    std::string_view peer;  ///< for the log
    std::shared_ptr<Presence> asker;
};

/// Answers what begins with api_prefix:
///
///     GET vms                     {"vms": [machine, ...]}
///     GET vms/VM                  machine
///     GET vms/VM/trace?client=ID  {"vm": "web1", "events": [...]}; what concerns one client, or all without an ID
///
///     GET vms/VM/guest            what the QEMU guest agent knows of the machine, see api_guest.hpp
///     POST vms/VM/guest/ACTION    {"asked": "shutdown"}: shutdown, reboot or suspend, as the agent does it
///
///     POST vms/VM/tickets         {"ticket": "...", "expires": "...", "host": "...", ...}: a SPICE password for once
///     GET vms/VM/console.vv       a virt-viewer file with one
///
/// One machine, its trace and its agent are for who may observe, tickets for who may use SPICE. Each machine is asked
/// on its own context. What `parts` refers to, `request` and `admission` outlive the call.
[[nodiscard]] Task<Response> answer_api(ApiParts parts, const Request& request, const Admission& admission);

/// A machine as JSON text.
[[nodiscard]] std::string to_json(const VmView& view);

}  // namespace vmcbridge::io::http
