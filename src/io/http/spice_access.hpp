#pragma once

#include "src/config.hpp"
#include "src/io/tickets.hpp"
#include "src/io/tls.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// What the API tells SPICE clients: tickets, and where to go with them.
namespace vmcbridge::io::http {

/// Where SPICE clients find a machine.
struct SpicePorts {
    std::string host;            ///< empty: where the request was sent to
    std::uint16_t port = 0;      ///< without TLS; 0: none
    std::uint16_t tls_port = 0;  ///< 0: none
    std::string ca_pem{};        ///< what a client needs to trust our certificate; empty: nothing
    std::string subject{};       ///< of our certificate, where it is not for `host`; empty: it is
};

/// On the listeners' context, with the listeners.
struct SpiceAccess {
    std::shared_ptr<Tickets> tickets = std::make_shared<Tickets>();
    std::optional<SpicePorts> shared{};                    ///< of the listeners of all machines
    std::map<std::string, SpicePorts, std::less<>> own{};  ///< of those of one machine, which go before
    std::set<std::string, std::less<>> machines{};
    std::optional<ShownCertificate> certificate{};  ///< of all TCP listeners

    /// nullptr: no SPICE client can reach this machine.
    [[nodiscard]] const SpicePorts* of(std::string_view vm) const noexcept;
    /// Where clients that use this `host` find a machine, and what they need to trust it. nullopt: as above.
    [[nodiscard]] std::optional<SpicePorts> for_host(std::string_view vm, std::string_view host) const;
    /// Takes over a configuration: ports, fixed tickets, and the certificate that it names.
    void update(const Config& config, std::optional<ShownCertificate> shown);
    /// These are the machines that there are; tickets of those that are gone go too.
    void set_machines(const std::map<std::string, VmConfig>& vms);
};

}  // namespace vmcbridge::io::http
