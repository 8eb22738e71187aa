#include "proto/qga/line_reader.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"

#include <algorithm>

namespace vmcbridge::qga {

LineReader::Found LineReader::next(Bytes& bytes) {
    constexpr std::byte line_end{'\n'};
    if (std::exchange(is_whole_, false)) line_.clear();
    const auto ends = [this](std::byte each) { return each == sentinel_byte || (each == line_end && !is_seeking_); };
    const auto size = static_cast<std::size_t>(std::ranges::find_if(bytes, ends) - bytes.begin());
    const auto piece = bytes.first(size);
    const bool has_end = size < bytes.size();
    const bool at_sentinel = has_end && bytes[size] == sentinel_byte;
    bytes = bytes.subspan(size + (has_end ? 1 : 0));
    if (at_sentinel) {
        line_.clear();
        is_seeking_ = false;
        return Found::sentinel;
    }
    if (is_seeking_) return Found::nothing;
    if (size > limits::qga_line - line_.size()) {
        seek_sentinel();
        return Found::too_long;
    }
    line_ += as_text(piece);
    is_whole_ = has_end;
    return has_end ? Found::line : Found::nothing;
}

std::string_view LineReader::line() const noexcept {
    const std::string_view line{line_};
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

void LineReader::seek_sentinel() noexcept {
    clear();
    is_seeking_ = true;
}

void LineReader::clear() noexcept {
    std::string{}.swap(line_);
    is_whole_ = false;
    is_seeking_ = false;
}

}  // namespace vmcbridge::qga
