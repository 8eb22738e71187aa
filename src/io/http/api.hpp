#pragma once

#include "src/io/asio.hpp"
#include "src/io/door.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/http/spice_access.hpp"
#include "src/io/vm.hpp"
#include "src/io/vm_registry.hpp"

namespace vmcbridge::io::http {

inline constexpr std::string_view api_prefix = "/api/v1/";

/// What the API speaks for.
struct ApiParts {
    const VmRegistry& vms;
    SpiceAccess& spice;
};

/// Answers what begins with api_prefix:
///
///     GET vms                     {"vms": [machine, ...]}
///     GET vms/VM                  machine
///     GET vms/VM/trace?client=ID  {"vm": "web1", "events": [...]}; what concerns one client, or all without an ID
///
///     POST vms/VM/tickets         {"ticket": "...", "expires": "...", "host": "...", ...}: a SPICE password for once
///     GET vms/VM/console.vv       a virt-viewer file with one
///
/// One machine and its trace are for who may observe, tickets for who may use SPICE. Each machine is asked on its own
/// context. What `parts` refers to, `request` and `admission` outlive the call.
[[nodiscard]] Task<Response> answer_api(ApiParts parts, const Request& request, const Admission& admission);

/// A machine as JSON text.
[[nodiscard]] std::string to_json(const VmView& view);

}  // namespace vmcbridge::io::http
