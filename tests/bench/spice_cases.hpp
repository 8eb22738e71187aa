#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/peers.hpp"
#include "tests/bench/spice_client.hpp"

namespace vmcbridge::bench {

/// Measurements of a SPICE server's agent path: a scripted guest on one side, a SPICE client on the other. Every byte
/// is checked where it arrives. Errors: Failure.

/// One image from the guest's clipboard to a client.
[[nodiscard]] Sample spice_download(const Relay& server, SpiceClient::Grant grant, const Effort& effort);

/// One file from a client to the guest.
[[nodiscard]] Sample spice_upload(const Relay& server, const Effort& effort);

/// A client asks for 64 bytes of text in the guest's clipboard and has them.
[[nodiscard]] Sample spice_round_trip(const Relay& server, const Effort& effort);

}  // namespace vmcbridge::bench
