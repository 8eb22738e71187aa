#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vmcbridge {

/// Bytes that somebody else owns; every view in proto/ dies with the buffer that it was decoded from.
using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// What is wrong with bytes from a peer.
enum class Fault : std::uint8_t {
    truncated,       ///< the field does not fit in what is left
    trailing_bytes,  ///< bytes follow the last field
    bad_value,       ///< the field holds a number or text that the format does not allow
    too_large,       ///< over the named limit (proto/limits.hpp)
    bad_port,        ///< chunk port outside 0..2
    bad_protocol,    ///< agent protocol other than 1
    overrun,         ///< a chunk goes on past the end of its message
};

[[nodiscard]] std::string_view to_text(Fault fault) noexcept;

/// A peer's error, as a value: it ends that peer at most, never the program.
struct ParseError {
    Fault fault;
    std::string_view field;  ///< a literal: the field's name in the specification
    std::size_t offset;      ///< bytes from the start of what was being decoded

    friend bool operator==(const ParseError&, const ParseError&) = default;
};

/// "truncated at byte 12: serial".
[[nodiscard]] std::string to_text(const ParseError& error);

/// Value or error; used through `if (!r)`, `*r`, `r.error()` only, so that std::expected can take its place.
template <class T, class E = ParseError>
using Result = boost::system::result<T, E>;

// boost::system::result asks for this where value() is called on an error. Nobody here calls value().
[[noreturn]] void throw_exception_from_error(const ParseError& error, const boost::source_location& where);

}  // namespace vmcbridge
