#pragma once

#include "proto/limits.hpp"

#include <chrono>
#include <cstddef>

/// Bounds of connections and waits, all chosen by us. Sizes are bytes. What messages may hold is in proto/limits.hpp.
namespace vmcbridge::io::bounds {

using namespace std::chrono_literals;

// ---- Buffers
/// A borrowed buffer: the largest frame of a client and its header fit, so that a message is rarely copied.
inline constexpr std::size_t buffer = limits::frame_payload + 16 * limits::kib;
/// Buffers that one thread keeps for the next borrower.
inline constexpr std::size_t spare_buffers = 8;
/// One write toward a guest: larger saves little, and what comes next (a mouse, a grab) would wait longer.
inline constexpr std::size_t guest_write = 64 * limits::kib;
/// Frames of a client gathered into one write, until there are this many bytes.
inline constexpr std::size_t client_write = 128 * limits::kib;
/// What one connection may move before the others of its context have their turn.
inline constexpr std::size_t turn = limits::mib;
/// Start of a frame that waits for its rest without a borrowed buffer.
inline constexpr std::size_t kept_start = 4 * limits::kib;

// ---- Guest ports
/// First wait before a port is opened again: vdagentd stays deaf when it happens at once after a half chunk.
inline constexpr auto reconnect_first = 100ms;
/// With its jitter of a quarter, and the handshake, a guest that is back is met within 2 s.
inline constexpr auto reconnect_last = 1000ms;
inline constexpr auto connect_deadline = 5s;
/// For what somebody else opens, over a connection of theirs to another host.
inline constexpr auto opening_deadline = 15s;
/// Longest wait before a SPICE server is linked to again that another client takes from us each time.
inline constexpr auto rivalry_last = 30s;
/// A link to it that stood this long is nobody else's: more than the wait of a rival that does as we do, with its
/// jitter.
inline constexpr auto link_settled = 60s;
/// For the rest of a chunk that we have begun, before a guest's connection is closed.
inline constexpr auto guest_farewell = 1s;

// ---- HTTP
inline constexpr std::size_t request_head = 16 * limits::kib;
inline constexpr std::size_t request_body = 64 * limits::kib;
inline constexpr std::size_t static_file = 16 * limits::mib;
/// A request that is not whole by then is given up, so that a half-open connection stands for less than 10 s.
inline constexpr auto head_deadline = 9s;
inline constexpr auto keep_alive = 30s;
/// A response of which the client takes nothing for this long is given up.
inline constexpr auto response_stall = 10s;
/// Connections whose request has not come, or is being answered: of all addresses, and of one. The oldest goes.
inline constexpr std::size_t pending_connections = 4096;
inline constexpr std::size_t pending_per_address = 2048;
inline constexpr int backlog = 1024;

// ---- SPICE
/// Notes in a minute of links that were refused: a log must not grow as fast as anybody can connect.
inline constexpr std::size_t link_notes = 600;
/// Links to further channels of one session that are under way. Viewers open all at once that the server has: some for
/// each monitor, a few for sound and devices.
inline constexpr std::size_t session_links = 64;

// ---- WebSocket
/// Viewers of one machine's display at once. Clients of its agent are the hub's to count.
inline constexpr std::size_t vm_displays = 64;
/// A client that we have told to close: until it did, or its connection is cut.
inline constexpr auto close_deadline = 2s;
/// Connections are looked at this often: silent ones get a ping, those silent since the last ping too long are cut.
inline constexpr auto ping_interval = 20s;
inline constexpr auto silence = 60s;

}  // namespace vmcbridge::io::bounds
