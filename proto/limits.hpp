#pragma once

#include <spice/vd_agent.h>

#include <cstddef>
#include <cstdint>

/// Every bound on what a peer may make us hold or do. Sizes are bytes.
namespace vmcbridge::limits {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// ---- Fixed by SPICE -------------------------------------------------------------------------------------------

/// Largest chunk that a host may send; vdagentd closes the port at a larger one.
inline constexpr std::size_t chunk_to_guest = VD_AGENT_MAX_DATA_SIZE;
inline constexpr std::size_t chunk_header = 8;
inline constexpr std::size_t agent_header = 20;

// ---- Chosen by us: SPICE clients ------------------------------------------------------------------------------------

/// Link message, without its 16 bytes of header, and the words of capabilities in a group: as spice-server takes them.
inline constexpr std::size_t link_body = 4096;
inline constexpr std::size_t link_words = 1024;
/// Body of a message that has no size of its own and no meaning here.
inline constexpr std::size_t spice_small = 1024;
/// Body of any message of a SPICE server's main channel but PING, which has padding.
inline constexpr std::size_t spice_main_body = 64 * kib;
/// Bytes of a machine's name that its SPICE server tells, and that its viewers show.
inline constexpr std::size_t spice_name = 256;
/// Body of a message of a viewer's keys and clicks.
inline constexpr std::size_t spice_inputs_body = 4 * kib;
/// AGENT_DATA that we let a SPICE server send before we took any; given back as the hub takes them.
inline constexpr std::size_t spice_grant = 64;
/// AGENT_DATA that a client may have under way. spice-server grants 10; more keep a distant client's uploads moving.
inline constexpr std::size_t spice_tokens = 128;
/// Bytes of such a client's files that wait for the guest, before it gets no more tokens.
inline constexpr std::size_t spice_held = 128 * kib;

// ---- Chosen by us: bodies of agent messages that are assembled whole ----------------------------------------------

/// Announced capabilities: 4 bytes and a word for each 32 capabilities; one word exists today.
inline constexpr std::size_t announce_body = 4 + 4 * 64;
/// 8 bytes and 20 (24 with physical size) for each monitor.
inline constexpr std::size_t monitors = 256;
inline constexpr std::size_t monitors_body = 8 + 24 * monitors;
/// A grab: 8 bytes of prefix and 4 for each format. Agents offer six formats; unknown ones are skipped.
inline constexpr std::size_t grab_body = 8 + 4 * 64;
/// Key file of a START: name up to 255 bytes, escaped to at most twice that, and its few other keys.
inline constexpr std::size_t file_start_body = 4096;
inline constexpr std::size_t file_status_body = 64;
inline constexpr std::size_t volume_channels = 64;
inline constexpr std::size_t volume_body = 3 + 2 * volume_channels;
inline constexpr std::size_t graphics_body = 16 * kib;
/// A message of a type that we don't know: skipped, not kept, up to this size.
inline constexpr std::size_t unknown_body = mib;
/// File name, as agents' file systems take it.
inline constexpr std::size_t file_name = 255;
/// Data of one FILE_XFER_DATA that we send: small enough that a clipboard message need not wait long behind it.
inline constexpr std::size_t file_data = 64 * kib;

// ---- Chosen by us: browsers -----------------------------------------------------------------------------------

/// Payload of one binary frame, without the 4 bytes of its stream number. Fixed by vmcbridge.v1.
inline constexpr std::size_t frame_payload = 256 * kib;
/// Text that travels inside a clipboard-data frame instead of a stream. Fixed by vmcbridge.v1.
inline constexpr std::size_t inline_text = 64 * kib;
/// A text frame: inline text, which JSON may write as six bytes a byte (\u0001), and its other members.
inline constexpr std::size_t text_frame = 6 * inline_text + 4096;
/// What a sender may send on a new stream before it was granted more.
inline constexpr std::size_t initial_credit = 64 * kib;
/// What the bridge lets a client have in flight on a stream that moves.
inline constexpr std::size_t stream_window = 512 * kib;
/// Depth of nesting in a frame's JSON.
inline constexpr std::size_t json_depth = 8;
/// Values in a frame's JSON: more than all monitors with all their members. Each takes 24 bytes and more.
inline constexpr std::size_t json_values = 4096;
/// Ids that clients choose (requests, files): numbers that JavaScript holds exactly.
inline constexpr std::uint64_t max_id = (std::uint64_t{1} << 53) - 1;

// ---- Chosen by us: the QEMU guest agent -------------------------------------------------------------------------

/// A line of the agent: the file systems of a host of containers are some hundred KiB.
inline constexpr std::size_t qga_line = mib;
/// Depth and values of its JSON: a disk of a file system is six deep, and has a dozen values.
inline constexpr std::size_t qga_depth = 16;
inline constexpr std::size_t qga_values = 32 * kib;
/// What it may say unasked on one connection, before that is closed.
inline constexpr std::size_t qga_unasked = 2 * mib;
/// Entries that are taken of each of its lists: addresses, users, file systems.
inline constexpr std::size_t qga_entries = 512;
/// Bytes of each of its texts, and of a path.
inline constexpr std::size_t qga_text = 256;
inline constexpr std::size_t qga_path = 1024;
/// Clients that wait for an answer of one machine's agent.
inline constexpr std::size_t qga_waiting = 64;
/// Notes in a minute of what it was asked: a log must not grow as fast as anybody can ask.
inline constexpr std::size_t qga_notes = 60;

// ---- Chosen by us: a VM's hub ---------------------------------------------------------------------------------

/// Frames and bulk bytes that wait for one client's socket, before the guest is paused or the client is let go.
inline constexpr std::size_t client_outbox = 512 * kib;
/// Small messages that wait for the guest's port; clients are not read while it is full.
inline constexpr std::size_t guest_outbox = 256 * kib;
/// Clipboard answers that wait for the guest's port; the guest is not read while there are so many.
inline constexpr std::size_t guest_answers = 64;
/// Clipboard requests of one client that wait for their answer.
inline constexpr std::size_t client_requests = 32;
/// Contents that lie here for one client until it takes them; more of its requests are refused meanwhile.
inline constexpr std::size_t client_spools = 8;
/// What a client must grant of such contents within the deadline of a request, once it has used up what it granted.
inline constexpr std::size_t stream_least = 16 * kib;
/// Requests of a guest for the same contents that wait for their answer; the agent asks once for each that pastes.
inline constexpr std::size_t guest_requests = 64;
/// File transfers of one client, waiting ones included.
inline constexpr std::size_t client_transfers = 32;
/// Of them, those that run at once: one slot of the VM is always left to others.
inline constexpr std::size_t client_transfers_running = 3;
/// File transfers of one VM, waiting ones included (beyond them, each client may have its first still), and those that
/// run at once.
inline constexpr std::size_t vm_transfers = 64;
inline constexpr std::size_t vm_transfers_running = 4;
/// What a running file must receive in a minute while somebody waits who has none running, where its client has others.
inline constexpr std::size_t transfer_least = 64 * kib;
/// What a further port has said and its next client is shown first; what a client of it may be behind before the port
/// is not read; and what clients wrote that waits for it. Bytes, of one port.
inline constexpr std::size_t port_scroll_back = 64 * kib;
inline constexpr std::size_t port_backlog = 256 * kib;
inline constexpr std::size_t port_to_guest = 64 * kib;
/// Clients of one such port.
inline constexpr std::size_t port_clients = 64;
/// Clients of one VM.
inline constexpr std::size_t vm_clients = 256;
/// Clipboard contents in memory, for all fetches of one VM; beyond that they go to an unlinked temporary file.
inline constexpr std::size_t vm_clipboard_memory = 4 * mib;
/// Such files of one VM.
inline constexpr std::size_t vm_clipboard_files = 32;
/// Times that an agent may announce itself anew within a second, before the guest's connection is dropped.
inline constexpr std::size_t agent_restarts = 50;
/// Notes in a minute of the agent's coming and going: a log must not grow as fast as a guest can write.
inline constexpr std::size_t agent_notes = 10;
/// Steps of copies, files and layouts that a VM's trace remembers, and the words of each.
inline constexpr std::size_t trace_events = 256;
inline constexpr std::size_t trace_detail = 320;

}  // namespace vmcbridge::limits
