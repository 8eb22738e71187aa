#pragma once

#include <string>
#include <string_view>

namespace vmcbridge::qga {

/// A guest's text as it may be shown: at most `limit` bytes of UTF-8, with U+FFFD for control characters and for those
/// that end a line or turn the direction of writing. REQUIRES: text is UTF-8.
[[nodiscard]] std::string plain_text(std::string_view text, std::size_t limit);

}  // namespace vmcbridge::qga
