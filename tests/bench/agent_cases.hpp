#pragma once

#include "tests/bench/guest.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/peers.hpp"

namespace vmcbridge::bench {

/// Measurements of the daemon's agent path: a scripted guest on one side, `vmcbridge.v1` clients on the other, the hub
/// between. Every byte is checked where it arrives. Errors: Failure.

/// One image from the guest's clipboard to a client.
[[nodiscard]] Sample clipboard_download(const Relay& daemon, Guest::Shape shape, const Effort& effort);

/// One file from a client to the guest, in frames of `unit` bytes.
[[nodiscard]] Sample file_upload(const Relay& daemon, std::size_t unit, std::uint64_t size);

/// A client asks for 64 bytes of text in the guest's clipboard and has them.
[[nodiscard]] Sample clipboard_round_trip(const Relay& daemon, const Effort& effort);

/// 64 bytes of text from one client, while another's file is under way to the same guest: from the client's send to the
/// guest's port.
[[nodiscard]] Sample clipboard_beside_file(const Relay& daemon, const Effort& effort);

/// What an idle connection costs the relay's memory. REQUIRES: a relay that served nothing yet; memory that it got back
/// from others would be handed out again and not show.
[[nodiscard]] Sample idle_agents(const Relay& daemon, const Effort& effort);
[[nodiscard]] Sample idle_links(const Relay& relay, std::size_t count);

}  // namespace vmcbridge::bench
