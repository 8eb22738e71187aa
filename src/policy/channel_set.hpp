#pragma once

#include "proto/spice/link.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmcbridge::policy {

/// Kinds of the channels of a SPICE session beside the main one, as the configuration and the log name them.
inline constexpr std::array session_channels{
    spice::ChannelType::display,  spice::ChannelType::inputs, spice::ChannelType::cursor,
    spice::ChannelType::playback, spice::ChannelType::record, spice::ChannelType::smartcard,
    spice::ChannelType::usbredir, spice::ChannelType::port,   spice::ChannelType::webdav};

/// Those that clients may open.
class ChannelSet {
public:
    [[nodiscard]] static constexpr ChannelSet all() noexcept {
        ChannelSet set;
        for (const auto type : session_channels) set.add(type);
        return set;
    }
    constexpr void add(spice::ChannelType type) noexcept { bits_ |= bit(type); }
    constexpr void remove(spice::ChannelType type) noexcept { bits_ &= ~bit(type); }
    /// Numbers that we don't know are in no set.
    [[nodiscard]] constexpr bool has(spice::ChannelType type) const noexcept { return (bits_ & bit(type)) != 0; }
    [[nodiscard]] constexpr bool is_within(ChannelSet outer) const noexcept { return (bits_ & ~outer.bits_) == 0; }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    friend constexpr bool operator==(ChannelSet, ChannelSet) noexcept = default;

private:
    static constexpr std::uint32_t bit(spice::ChannelType type) noexcept {
        const auto number = static_cast<unsigned>(type);
        return number < 32 ? 1U << number : 0;
    }
    std::uint32_t bits_ = 0;
};

}  // namespace vmcbridge::policy
