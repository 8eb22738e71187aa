#pragma once

#include "src/io/asio.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/vm.hpp"
#include "src/io/vm_registry.hpp"

namespace vmcbridge::io::http {

inline constexpr std::string_view api_prefix = "/api/v1/";

/// Answers what begins with api_prefix:
///
///     GET vms                     {"vms": [machine, ...]}
///     GET vms/VM                  machine
///     GET vms/VM/trace?client=ID  {"vm": "web1", "events": [...]}; what concerns one client, or all without an ID
///
/// One machine and its trace are for who may observe. Each is asked on its own context. `vms` and `request` outlive the
/// call.
[[nodiscard]] Task<Response> answer_api(const VmRegistry& vms, const Request& request,
                                        policy::PermissionSet permissions);

/// A machine as JSON text.
[[nodiscard]] std::string to_json(const VmView& view);

}  // namespace vmcbridge::io::http
