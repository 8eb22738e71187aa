#pragma once

#include "tests/bench/socket.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vmcbridge::bench {

/// An endless stream of known bytes: byte `n` is a fixed function of `n`, so whoever receives can check each one, and
/// sending costs no making. Its period is an odd number of units of about 2.4 MiB: a lost, doubled or swapped block
/// shows.
class Pattern {
public:
    /// The period is a multiple of `unit` bytes.
    explicit Pattern(std::size_t unit);

    [[nodiscard]] std::size_t period() const noexcept { return period_; }

    /// The `count` bytes from `offset` on; at most `read_size`. Lives as long as the pattern.
    [[nodiscard]] Bytes at(std::uint64_t offset, std::size_t count) const;

    /// Errors: Failure that names the first byte which differs.
    void verify(std::uint64_t offset, Bytes got) const;

private:
    std::size_t period_;
    std::vector<std::byte> bytes_;
};

/// The text of message `number`: always 64 bytes, and no two alike.
[[nodiscard]] std::string numbered_text(std::uint64_t number);

/// One period of a pattern as it goes over the wire: equal units (frames, chunks or bare writes), one behind the other.
struct Ring {
    std::vector<std::byte> wire;
    std::size_t unit_wire = 0;
    std::size_t unit_payload = 0;
};

/// The pattern itself, in writes of `unit` bytes.
[[nodiscard]] Ring bare_ring(const Pattern& pattern, std::size_t unit);

/// Walks round a ring for ever.
class Feed {
public:
    explicit Feed(const Ring& ring) noexcept : ring_{&ring} {}

    /// The next units, at least one and at most `units`; what `payload()` counts. Fewer at the ring's end.
    [[nodiscard]] Bytes take(std::size_t units) noexcept;

    /// Payload bytes taken so far.
    [[nodiscard]] std::uint64_t payload() const noexcept { return payload_; }

private:
    const Ring* ring_;
    std::size_t at_ = 0;
    std::uint64_t payload_ = 0;
};

}  // namespace vmcbridge::bench
