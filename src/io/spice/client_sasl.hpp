#pragma once

#include "src/io/sasl_client.hpp"
#include "src/io/spice/exchange.hpp"

#include <string>

namespace vmcbridge::io::spice {

/// The bridge's side of SASL within a link, from the server's list of mechanisms to its verdict, after which the result
/// of the link comes. Empty: let in. Else why not: a sentence.
[[nodiscard]] Task<std::string> log_in_by_sasl(Exchange& exchange, SaslClient client);

}  // namespace vmcbridge::io::spice
