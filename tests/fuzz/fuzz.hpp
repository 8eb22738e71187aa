#pragma once

#include "proto/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// What the fuzz targets share.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace vmcbridge::fuzz {

/// Ends the program where a rule doesn't hold: libFuzzer keeps the input, the replay fails.
inline void require(bool holds, const char* rule) {
    if (holds) return;
    std::fprintf(stderr, "broken rule: %s\n", rule);
    std::abort();
}

/// An input that is taken apart from its front; past its end everything is 0.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : bytes_{std::as_bytes(std::span{data, size})} {}

    [[nodiscard]] std::uint8_t u8() {
        if (bytes_.empty()) return 0;
        const auto value = std::to_integer<std::uint8_t>(bytes_.front());
        bytes_ = bytes_.subspan(1);
        return value;
    }
    [[nodiscard]] std::size_t u16() {
        const std::size_t low = u8();
        return low + 256U * u8();
    }
    [[nodiscard]] Bytes rest() const { return bytes_; }
    /// The next `count` bytes, or as many as there are.
    [[nodiscard]] Bytes take(std::size_t count) {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }

private:
    Bytes bytes_;
};

}  // namespace vmcbridge::fuzz
