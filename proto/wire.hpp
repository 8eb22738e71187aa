#pragma once

#include "proto/result.hpp"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Little-endian numbers in bytes. Nothing else in this program shifts or casts bytes.
namespace vmcbridge {

/// REQUIRES: sizeof(T) bytes at `from`.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_le(const std::byte* from) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
    return static_cast<T>(value);
}

/// REQUIRES: room for sizeof(T) bytes at `to`.
template <std::unsigned_integral T>
constexpr void store_le(std::byte* to, T value) noexcept {
    for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(std::uint64_t{value} >> (8 * i));
}

/// memcpy that is allowed to copy nothing from nowhere. REQUIRES: from.size() bytes of room at `to`.
inline void copy_bytes(std::byte* to, Bytes from) noexcept {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

/// Reads fields in the order of the specification, one a line, without an `if` between them.
///
/// Sticky: after the first fault every read returns zero and changes nothing, and finish() returns that fault with its
/// field and offset. So a loop over peer-made counts must end at !ok() or !more().
class Reader {
public:
    constexpr explicit Reader(Bytes bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] constexpr std::uint8_t u8(std::string_view field) noexcept { return number<std::uint8_t>(field); }
    [[nodiscard]] constexpr std::uint16_t u16(std::string_view field) noexcept { return number<std::uint16_t>(field); }
    [[nodiscard]] constexpr std::uint32_t u32(std::string_view field) noexcept { return number<std::uint32_t>(field); }
    [[nodiscard]] constexpr std::uint64_t u64(std::string_view field) noexcept { return number<std::uint64_t>(field); }
    [[nodiscard]] constexpr std::int32_t i32(std::string_view field) noexcept {
        return static_cast<std::int32_t>(u32(field));
    }
    /// An enumeration as the number that it stands for; any number is taken.
    template <class E>
        requires std::is_enum_v<E>
    [[nodiscard]] constexpr E as(std::string_view field) noexcept {
        // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): a peer may send any number
        return static_cast<E>(number<std::underlying_type_t<E>>(field));
    }

    /// The next `count` bytes; every read ends here. Views the input.
    constexpr Bytes take(std::size_t count, std::string_view field) noexcept {
        if (error_) return {};
        last_ = at_;
        if (left() < count) {
            reject(field, Fault::truncated);
            return {};
        }
        return bytes_.subspan(std::exchange(at_, at_ + count), count);
    }
    /// All that is left; it may be nothing.
    constexpr Bytes rest() noexcept { return take(left(), "rest"); }

    /// Refuses what was read last. The first fault stands.
    constexpr void reject(std::string_view field, Fault fault = Fault::bad_value) noexcept {
        if (!error_) error_ = ParseError{.fault = fault, .field = field, .offset = last_};
    }

    [[nodiscard]] constexpr std::size_t left() const noexcept { return bytes_.size() - at_; }
    [[nodiscard]] constexpr bool ok() const noexcept { return !error_; }
    /// There are bytes left and nothing was wrong so far.
    [[nodiscard]] constexpr bool more() const noexcept { return ok() && left() > 0; }

    /// `value`, or the first fault; bytes that nobody read are a fault too.
    template <class T>
    [[nodiscard]] constexpr Result<T> finish(T value) noexcept(std::is_nothrow_move_constructible_v<T>) {
        last_ = at_;
        if (left() > 0) reject("end", Fault::trailing_bytes);
        if (error_) return *error_;
        return value;
    }

private:
    template <std::unsigned_integral T>
    constexpr T number(std::string_view field) noexcept {
        const auto bytes = take(sizeof(T), field);
        return bytes.empty() ? T{} : load_le<T>(bytes.data());
    }

    Bytes bytes_;
    std::size_t at_ = 0;
    std::size_t last_ = 0;  ///< where the field read last begins
    std::optional<ParseError> error_;
};

/// Appends fields to a buffer: the mirror of Reader.
class Writer {
public:
    constexpr explicit Writer(std::vector<std::byte>& out) noexcept : out_{out} {}

    constexpr void u8(std::uint8_t value) { number(value); }
    constexpr void u16(std::uint16_t value) { number(value); }
    constexpr void u32(std::uint32_t value) { number(value); }
    constexpr void u64(std::uint64_t value) { number(value); }
    constexpr void i32(std::int32_t value) { number(static_cast<std::uint32_t>(value)); }
    template <class E>
        requires std::is_enum_v<E>
    constexpr void as(E value) {
        number(static_cast<std::underlying_type_t<E>>(value));
    }
    constexpr void bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    constexpr void zeros(std::size_t count) { out_.resize(out_.size() + count); }

private:
    template <std::unsigned_integral T>
    constexpr void number(T value) {
        out_.resize(out_.size() + sizeof(T));
        store_le(out_.data() + (out_.size() - sizeof(T)), value);
    }

    std::vector<std::byte>& out_;
};

}  // namespace vmcbridge
