#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/peers.hpp"

namespace vmcbridge::bench {

/// A relay's CPU and memory from here to `finish`.
class Meter {
public:
    explicit Meter(const Relay& relay) : relay_{relay} {
        relay_.process()->forget_peak();
        memory_ = relay_.process()->peak();
        cpu_ = relay_.cpu();
        start_ = Clock::now();
    }
    [[nodiscard]] Sample finish(std::uint64_t bytes) const {
        Sample sample;
        sample.value = static_cast<double>(bytes) / seconds(Clock::now() - start_);
        sample.cpu = seconds(relay_.cpu() - cpu_) / static_cast<double>(bytes);
        sample.growth = static_cast<double>(relay_.process()->peak() - memory_);
        return sample;
    }

private:
    const Relay& relay_;
    std::uint64_t memory_ = 0;
    std::chrono::nanoseconds cpu_{};
    Clock::time_point start_;
};

}  // namespace vmcbridge::bench
