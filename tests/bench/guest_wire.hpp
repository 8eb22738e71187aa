#pragma once

#include "tests/bench/pattern.hpp"

#include <array>
#include <functional>
#include <vector>

namespace vmcbridge::bench {

/// The guest's end of the agent protocol, just enough to play one and written apart from proto/, so that the bench also
/// notices where the two disagree.

/// Appends an integer, little-endian.
void append_u32(std::vector<std::byte>& out, std::uint32_t value);
[[nodiscard]] std::uint32_t read_u32(Bytes bytes, std::size_t at);

/// One message of `body` bytes as the Linux agent writes it: whole, in one chunk. `head` gives the bytes up to the
/// body.
[[nodiscard]] std::vector<std::byte> message_head(std::uint32_t type, std::size_t body);
[[nodiscard]] std::vector<std::byte> whole_message(std::uint32_t type, Bytes body);

/// Bytes from the host -> whole messages.
class MessageReader {
public:
    using Handle = std::function<void(std::uint32_t type, Bytes body)>;

    /// Calls `handle` for each message that ends in `bytes`. Errors: Failure where the host breaks its rules: chunks of
    /// more than 2048 bytes, of unknown ports, or past the end of their message.
    void feed(Bytes bytes, const Handle& handle);

private:
    static constexpr std::size_t ports = 3;

    void take_header(Bytes& bytes);
    void take_part(Bytes& bytes, const Handle& handle);

    std::vector<std::byte> header_;
    std::size_t chunk_left_ = 0;
    std::uint32_t port_ = 0;
    std::array<std::vector<std::byte>, ports> messages_;
};

}  // namespace vmcbridge::bench
