#pragma once

#include "tests/bench/socket.hpp"

#include <limits>
#include <string>
#include <vector>

namespace vmcbridge::bench {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// What one measurement gave, in base units; what does not apply is `not_measured`.
struct Sample {
    double value = not_measured;   // bytes a second, or seconds (median), or bytes
    double tail = not_measured;    // seconds, 99th percentile
    double cpu = not_measured;     // relay's CPU seconds a payload byte, or a round trip
    double growth = not_measured;  // bytes by which the relay's peak rose
    double busy =
        not_measured;  // the generator's busier thread: CPU time over time; near 1 the relay is not what was measured
};

/// How much each measurement moves and how long it may take.
struct Effort {
    std::chrono::milliseconds time;  // of a stream or a series of round trips
    std::uint64_t bytes;             // of a stream at most: what a slow relay has to get through
    std::uint64_t clipboard;         // bytes of one clipboard
    std::uint64_t file;              // bytes of one file, 64 KiB frames
    std::uint64_t small_file;        // bytes of one file, 2 KiB frames
    std::uint64_t long_file;         // bytes of the file that is under way while clipboard messages pass
    std::size_t idle_clients;
};

[[nodiscard]] inline double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// CPU time of the calling thread so far, in seconds.
[[nodiscard]] double thread_cpu();

/// `part` of the way up the sorted values: 0.5 is the median. NaN values don't count; NaN when none is left.
[[nodiscard]] double quantile(std::vector<double> values, double part);

}  // namespace vmcbridge::bench
