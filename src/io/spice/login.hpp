#pragma once

#include "src/io/spice/exchange.hpp"
#include "src/io/spice/link.hpp"

namespace vmcbridge::io::spice {

/// Who the client is, by the way that it chooses: a ticket, which names its machine, or SASL. nullopt: it was refused
/// and told, or is gone. Whatever is wrong with a ticket, the answer is the same, and comes as late.
[[nodiscard]] Task<std::optional<Admitted>> log_in(LinkService& service, Exchange& exchange, TicketKey& key,
                                                   const LinkOrigin& origin,
                                                   const ::vmcbridge::spice::Capabilities& client);

[[nodiscard]] inline bool asks_for_sasl(const LinkService& service, const LinkOrigin& origin) noexcept {
    return service.sasl && !origin.admitted;
}

/// The result of a link that has failed, as the last thing on the connection.
[[nodiscard]] Task<> send_result(Exchange& exchange, ::vmcbridge::spice::LinkError result);

}  // namespace vmcbridge::io::spice
