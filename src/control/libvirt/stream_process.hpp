#pragma once

#include "src/opener.hpp"

#include <span>
#include <string>
#include <string_view>

/// A stream of libvirt as a socket, by way of a process of its own.
///
/// Where a program has an event loop, libvirt's client reads whatever comes for a stream into memory without bound;
/// where it has none, it reads when the stream is read. The bridge has one, for events. So each stream has a process
/// without, which holds both sides back as they hold it back, and which can be ended while a daemon hangs.
namespace vmcbridge::control {

struct StreamEnd {
    std::string uri;   ///< of the daemon
    std::string uuid;  ///< of the domain
    std::string kind;  ///< channel or console
    std::string name;  ///< of the channel, or the console's alias
};

/// Starts the process; `done` has the bridge's end of the socket when libvirt has opened the stream. It ends when that
/// socket is closed. Main thread only.
void start_stream(const StreamEnd& what, Opener::Done done);

/// The first argument of the process, which is this program again; no command of a user's.
inline constexpr std::string_view stream_command = "libvirt-stream";
/// What it writes when the stream is open.
inline constexpr std::string_view stream_is_open = "open";

/// That process: `arguments` are the fields of StreamEnd. Its standard input is the socket; to its standard output it
/// writes that the stream is open, or why it isn't, and closes it. Gives its exit code.
[[nodiscard]] int run_stream(std::span<const char* const> arguments);

}  // namespace vmcbridge::control
