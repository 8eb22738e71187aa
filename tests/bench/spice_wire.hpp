#pragma once

#include "tests/bench/socket.hpp"

#include <vector>

namespace vmcbridge::bench {

/// The link stage of SPICE and its main messages with mini headers, as a client sees them; written apart from proto/.

/// What a client of ours does in the link stage: mini headers, an empty ticket; the main channel of a new session.
/// Errors: Failure.
void link_main_channel(int fd);

/// The same step by step, for whoever plays the server behind it as well.
struct Wish {
    std::uint32_t session = 0;  // 0: a new one
    std::uint8_t type = 1;      // the main channel
};
void ask_for_channel(int fd, Wish wish);
void log_in(int fd);
void expect_in(int fd);

/// What a server does: it offers this key, and lets everybody in.
void answer_link(int fd, Bytes public_key);
void let_in(int fd);
/// DER of a new key as SPICE has them. The tickets made with it are not read.
[[nodiscard]] std::vector<std::byte> make_public_key();

struct MainMessage {
    std::uint16_t type = 0;
    Bytes body;
};

/// Messages from a socket. Reads as much at once as has come.
class MainReader {
public:
    explicit MainReader(int fd) : fd_{fd}, buffer_(2 * read_size) {}

    /// The next message; its body lives until the next call. Errors: Failure, also at the server's end.
    [[nodiscard]] MainMessage next();

private:
    /// `count` bytes in one piece, left where they are.
    [[nodiscard]] Bytes peek(std::size_t count);

    int fd_;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Appends a message with its header.
void append_main_message(std::vector<std::byte>& out, std::uint16_t type, Bytes body);

}  // namespace vmcbridge::bench
