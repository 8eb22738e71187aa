#include "tests/bench/pattern.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t wanted_period = 37 * 64 * 1024;

std::size_t odd_multiple(std::size_t unit) {
    const std::size_t count = std::max<std::size_t>(1, wanted_period / unit);
    return unit * (count % 2 == 0 ? count - 1 : count);
}

}  // namespace

Pattern::Pattern(std::size_t unit) : period_{odd_multiple(unit)}, bytes_(period_ + read_size) {
    std::mt19937_64 random{unit};  // NOLINT(cert-msc51-cpp): the same bytes in each run on purpose
    for (std::size_t at = 0; at < period_; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = random();
        std::memcpy(&bytes_[at], &word, std::min(sizeof word, period_ - at));
    }
    for (std::size_t at = period_; at < bytes_.size(); ++at) bytes_[at] = bytes_[at - period_];
}

Bytes Pattern::at(std::uint64_t offset, std::size_t count) const {
    return Bytes{bytes_}.subspan(offset % period_, count);
}

void Pattern::verify(std::uint64_t offset, Bytes got) const {
    while (!got.empty()) {
        const auto here = got.first(std::min(got.size(), read_size));
        const auto expected = at(offset, here.size());
        if (std::memcmp(here.data(), expected.data(), here.size()) != 0) {
            const auto fault = std::ranges::mismatch(here, expected).in1 - here.begin();
            throw Failure{"byte " + std::to_string(offset + static_cast<std::uint64_t>(fault)) + " arrived wrong"};
        }
        offset += here.size();
        got = got.subspan(here.size());
    }
}

std::string numbered_text(std::uint64_t number) {
    constexpr std::size_t text_size = 64;
    auto digits = std::to_string(number);
    return std::string(text_size - digits.size(), '.') + digits;
}

Ring bare_ring(const Pattern& pattern, std::size_t unit) {
    Ring ring{{}, unit, unit};
    ring.wire.reserve(pattern.period());
    for (std::size_t at = 0; at < pattern.period(); at += unit) {
        const auto part = pattern.at(at, unit);
        ring.wire.insert(ring.wire.end(), part.begin(), part.end());
    }
    return ring;
}

Bytes Feed::take(std::size_t units) noexcept {
    const auto count = std::min(units * ring_->unit_wire, ring_->wire.size() - at_);
    const auto taken = Bytes{ring_->wire}.subspan(at_, count);
    at_ = (at_ + count) % ring_->wire.size();
    payload_ += count / ring_->unit_wire * ring_->unit_payload;
    return taken;
}

}  // namespace vmcbridge::bench
