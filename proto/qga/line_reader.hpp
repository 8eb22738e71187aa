#pragma once

#include "proto/result.hpp"

#include <string>
#include <string_view>

namespace vmcbridge::qga {

/// No byte of UTF-8: it stands in front of the answer to guest-sync-delimited, and makes an agent forget half a line.
inline constexpr std::byte sentinel_byte{0xFF};

/// The lines of a guest agent, out of its bytes: one JSON document each. Holds at most limits::qga_line bytes.
class LineReader {
public:
    enum class Found : std::uint8_t {
        nothing,   ///< the bytes are used up
        line,      ///< see line()
        sentinel,  ///< whatever was before it of a line is forgotten
        too_long,  ///< over limits::qga_line: it seeks the next sentinel
    };

    /// Takes what it found off the front of `bytes`.
    [[nodiscard]] Found next(Bytes& bytes);
    /// The line that was found, without its end, until the next call.
    [[nodiscard]] std::string_view line() const noexcept;
    /// Forgets half a line, and drops all that comes before the next sentinel.
    void seek_sentinel() noexcept;
    /// Forgets half a line, and gives the memory back.
    void clear() noexcept;

private:
    std::string line_;
    bool is_whole_ = false;
    bool is_seeking_ = false;
};

}  // namespace vmcbridge::qga
