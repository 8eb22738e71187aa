#pragma once

/// libsasl2 as both of its sides have it. Any thread; a connection of it is one thread's at a time.
namespace vmcbridge::io::sasl {

/// Of the Kerberos principal, as other SPICE servers have it.
inline constexpr const char* service = "spice";

/// Initialises one side, the first time; later calls give the same answer. SASL_OK, or why there is none.
[[nodiscard]] int begin_server() noexcept;
[[nodiscard]] int begin_client() noexcept;

}  // namespace vmcbridge::io::sasl
