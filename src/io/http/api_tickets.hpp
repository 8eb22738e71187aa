#pragma once

#include "src/io/asio.hpp"
#include "src/io/door.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"
#include "src/io/http/spice_access.hpp"

#include <string>

/// The part of the API that lets SPICE clients in.
namespace vmcbridge::io::http {

/// Somebody wants a ticket. Views all of it.
struct TicketAsk {
    const std::string& vm;  ///< there is a machine of this name
    const Request& request;
    const Admission& admission;
    Clock::time_point now;
};

/// Does the request come from a page that the door knows nothing of? A navigation or an image has no Origin; a browser
/// tells in Sec-Fetch-Site then.
[[nodiscard]] bool is_from_elsewhere(const Request& request);

/// POST vms/VM/tickets: a one-use ticket. The body is empty or {"seconds": 1..86400 (60), "user": text, "allow": [names
/// of permissions]}. A ticket never allows more than its requester may, nor `admin`; `spice` it always does. 201, 400,
/// 403, 409, 415, 503.
[[nodiscard]] Response make_ticket(SpiceAccess& spice, const TicketAsk& ask);

/// GET vms/VM/console.vv: a virt-viewer file with `?ticket=`, or else with a new one-use ticket. 200, 400, 409, 503.
[[nodiscard]] Response make_console_file(SpiceAccess& spice, const TicketAsk& ask);

}  // namespace vmcbridge::io::http
