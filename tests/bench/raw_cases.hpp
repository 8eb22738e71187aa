#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/peers.hpp"

namespace vmcbridge::bench {

/// Measurements of a relay of bytes: every relay under test can do them. Each opens one connection, checks every byte
/// that arrives, and closes it. Errors: Failure.

/// Message of `size` bytes from the client, echoed by the guest. Frames of at most 64 KiB.
[[nodiscard]] Sample round_trip(const Relay& relay, std::size_t size, const Effort& effort);

/// One event of a keyboard from the client, answered by the guest's side with 6 bytes. What the relay takes for keys
/// and clicks of SPICE passes as such.
[[nodiscard]] Sample input_round_trip(const Relay& relay, const Effort& effort);

/// Guest to client; the guest writes `unit` bytes at a time.
[[nodiscard]] Sample download(const Relay& relay, std::size_t unit, const Effort& effort);

/// Client to guest in frames of `unit` bytes, as many to a write as fit in 64 KiB.
[[nodiscard]] Sample upload(const Relay& relay, std::size_t unit, const Effort& effort);

}  // namespace vmcbridge::bench
