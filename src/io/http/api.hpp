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
///     GET vms     {"vms": [machine, ...]}
///     GET vms/VM  machine
///
/// Each machine is asked on its own context. `vms` and `request` outlive the call.
[[nodiscard]] Task<Response> answer_api(const VmRegistry& vms, const Request& request);

/// A machine as JSON text.
[[nodiscard]] std::string to_json(const VmView& view);

}  // namespace vmcbridge::io::http
