#pragma once

#include <cstddef>

/// What a peer of either side may make libsasl2 hold. Sizes are bytes.
namespace vmcbridge::sasl_limits {

/// All names of mechanisms as they are told, with the commas.
inline constexpr std::size_t mechanism_list = 300;
inline constexpr std::size_t mechanism_name = 20;  // RFC 4422
/// One message of either side: a Kerberos ticket with many groups.
inline constexpr std::size_t message = 64UL * 1024;
/// Messages of a client in one authentication, the first included.
inline constexpr std::size_t rounds = 16;
inline constexpr std::size_t user = 255;
/// What we send for ourselves; SPICE's tickets have a bound of their own.
inline constexpr std::size_t password = 1024;

}  // namespace vmcbridge::sasl_limits
