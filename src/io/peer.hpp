#pragma once

#include "src/io/pending.hpp"

#include <string>

namespace vmcbridge::io {

/// Who is at the other end of a socket.
[[nodiscard]] Peer peer_of(int socket, bool admin);

/// May the peer of this unix socket administrate? The same user as ours, root, or the group of the socket's file.
[[nodiscard]] bool may_administrate(int socket, const std::string& path);

}  // namespace vmcbridge::io
