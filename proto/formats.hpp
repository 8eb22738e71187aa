#pragma once

#include "proto/ids.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>

namespace vmcbridge {

/// The formats of one clipboard offer, in the sender's order of preference, each at most once. Never allocates.
class FormatList {
public:
    static constexpr std::size_t capacity = 6;  // every known ClipboardFormat but none

    constexpr FormatList() noexcept = default;
    constexpr FormatList(std::initializer_list<ClipboardFormat> formats) noexcept {
        for (const auto format : formats) add(format);
    }

    /// Unknown formats, none, and what is in the list already change nothing.
    constexpr void add(ClipboardFormat format) noexcept {
        const auto raw = static_cast<std::uint32_t>(format);
        if (raw == 0 || raw > capacity || has(format)) return;
        formats_[size_++] = format;
    }
    [[nodiscard]] constexpr bool has(ClipboardFormat format) const noexcept {
        for (const auto each : *this)
            if (each == format) return true;
        return false;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr const ClipboardFormat* begin() const noexcept { return formats_.data(); }
    [[nodiscard]] constexpr const ClipboardFormat* end() const noexcept { return formats_.data() + size_; }

    /// Those of this list, in this order, that `allowed` holds too.
    [[nodiscard]] constexpr FormatList only(const FormatList& allowed) const noexcept {
        FormatList kept;
        for (const auto format : *this)
            if (allowed.has(format)) kept.add(format);
        return kept;
    }

    friend constexpr bool operator==(const FormatList& a, const FormatList& b) noexcept {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (a.formats_[i] != b.formats_[i]) return false;
        return true;
    }

private:
    std::array<ClipboardFormat, capacity> formats_{};
    std::size_t size_ = 0;
};

}  // namespace vmcbridge
