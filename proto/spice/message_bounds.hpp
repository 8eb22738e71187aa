#pragma once

#include "proto/spice/message_reader.hpp"

namespace vmcbridge::spice {

/// Follows a channel's bytes on their way out and tells where a message ends, whatever they are cut into. It looks at
/// no more than the sizes.
class MessageBounds {
public:
    explicit MessageBounds(HeaderKind kind) noexcept : kind_{kind} {}

    /// The next `count` bytes are no message, but stand together like one. REQUIRES: no message is under way.
    void expect(std::size_t count) noexcept { left_ = count; }
    /// How many of the bytes that come next belong together: to the message under way, or else to the next one. At
    /// least one where there are any.
    [[nodiscard]] std::size_t together(Bytes next) const noexcept;
    /// These have gone. REQUIRES: together() counted all of them.
    void took(Bytes bytes) noexcept;

private:
    HeaderKind kind_;
    std::array<std::byte, size_of(HeaderKind::full)> header_{};
    std::size_t have_ = 0;  ///< header bytes so far
    std::size_t left_ = 0;  ///< of the body
};

}  // namespace vmcbridge::spice
