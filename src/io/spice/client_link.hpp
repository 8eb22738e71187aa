#pragma once

#include "proto/spice/link.hpp"
#include "proto/spice/message_reader.hpp"
#include "src/config.hpp"
#include "src/io/stream.hpp"

#include <string>

namespace vmcbridge::io::spice {

/// A channel of a SPICE server, its link done.
struct ClientLink {
    Stream stream;
    ::vmcbridge::spice::HeaderKind header = ::vmcbridge::spice::HeaderKind::mini;
    std::string early;  ///< what came behind the link
};

/// Connects to the server that holds a guest's port, by TLS where its kind says so, and links to its main channel with
/// the password in its file, which is read now. Error: a sentence.
[[nodiscard]] Task<Result<ClientLink, std::string>> link_as_client(net::io_context& context, const Guest& guest,
                                                                   Clock::time_point deadline);

}  // namespace vmcbridge::io::spice
