#pragma once

#include "proto/spice/message_reader.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmcbridge::bridge {

/// Holds back the keys and clicks of a viewer who may only look, on the inputs channel of a SPICE server. Pure.
///
/// Whoever loses the right amid a press still lets go: releases always pass, as far as they are none but in name: the
/// server takes a code that goes down from a KEY_UP too, and buttons that are down from a MOUSE_RELEASE. A motion that
/// is held back becomes one of no distance, since the server counts them and the viewer waits for its count.
class SpiceInputs {
public:
    explicit SpiceInputs(spice::HeaderKind kind) noexcept : reader_{kind, limit}, header_{kind} {}

    /// Appends to `out` what of the client's bytes goes on to the server. A sentence: they make no sense, and why.
    [[nodiscard]] std::optional<std::string> handle_client(Bytes bytes, bool may_input, std::vector<std::byte>& out);
    /// true: a press was held back, the first one since its viewer had the right.
    [[nodiscard]] bool take_held() noexcept { return std::exchange(held_is_news_, false); }

private:
    [[nodiscard]] static std::optional<std::size_t> limit(spice::MessageType type);

    spice::MessageReader reader_;
    spice::HeaderWriter header_;
    bool holds_ = false;  ///< a press was held back, and nothing has passed since
    bool held_is_news_ = false;
};

}  // namespace vmcbridge::bridge
