#pragma once

#include "proto/spice/link.hpp"
#include "proto/spice/message_reader.hpp"
#include "src/config.hpp"
#include "src/io/spice/exchange.hpp"
#include "src/io/stream.hpp"

#include <string>

namespace vmcbridge::io::spice {

/// A link that the server has answered: what it can do is known, who we are it is not told yet. Lives on one context.
struct AnsweredLink {
    Exchange exchange;
    ::vmcbridge::spice::LinkAnswer answer;

    /// Between two contexts. A value.
    struct Parts {
        Wire::Parts wire;
        std::string early;
        ::vmcbridge::spice::LinkAnswer answer;
    };
    [[nodiscard]] Parts release();
    [[nodiscard]] static Result<AnsweredLink, error_code> open(net::io_context& context, Parts parts,
                                                               Clock::time_point deadline);
};

/// Connects to the server that holds a guest's port, by TLS where its kind says so, and asks for a channel. Of the
/// common capabilities in `request` the header's counts; the others are ours. Error: a sentence.
[[nodiscard]] Task<Result<AnsweredLink, std::string>> ask_as_client(net::io_context& context, const Guest& guest,
                                                                    ::vmcbridge::spice::LinkRequest request,
                                                                    Clock::time_point deadline);

/// A channel of a SPICE server, its link done.
struct ClientLink {
    Stream stream;
    ::vmcbridge::spice::HeaderKind header = ::vmcbridge::spice::HeaderKind::mini;
    std::string early;  ///< what came behind the link
};

/// Goes on with the password in the guest's file, which is read now: as a ticket, or by SASL where a user is given.
/// Error: a sentence.
[[nodiscard]] Task<Result<ClientLink, std::string>> log_in_as_client(AnsweredLink link, const Guest& guest);

/// Both, for the main channel.
[[nodiscard]] Task<Result<ClientLink, std::string>> link_as_client(net::io_context& context, const Guest& guest,
                                                                   Clock::time_point deadline);

}  // namespace vmcbridge::io::spice
