#pragma once

#include "proto/result.hpp"

#include <cstdint>
#include <string_view>

/// Clipboard text: what UTF-8 is, and the line ends of Windows guests.
namespace vmcbridge {

[[nodiscard]] std::string_view as_text(Bytes bytes) noexcept;
[[nodiscard]] Bytes as_bytes(std::string_view text) noexcept;

/// Valid UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// CRLF to LF, or LF to CRLF, of a text that comes in pieces cut anywhere. A CR without LF stays; CRLF stays CRLF.
class LineEnds {
public:
    enum class To : std::uint8_t { lf, crlf };
    explicit LineEnds(To to) noexcept : to_{to} {}

    /// Converts as much of `in` as fits into `out`; `in` shrinks. Returns the bytes written.
    /// REQUIRES: out.size() >= 2. With To::lf a closing CR is held back until the next call or finish().
    [[nodiscard]] std::size_t convert(Bytes& in, MutableBytes out) noexcept;
    /// What was held back at the end of the text: 0 or 1 byte.
    [[nodiscard]] std::size_t finish(MutableBytes out) noexcept;

private:
    To to_;
    bool after_cr_ = false;
};

}  // namespace vmcbridge
