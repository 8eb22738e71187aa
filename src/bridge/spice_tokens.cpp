#include "src/bridge/spice_tokens.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

namespace {
/// Tokens are given back so many at a time, as spice-server does.
constexpr std::size_t refund_batch = 5;
}  // namespace

void SpiceTokens::started() noexcept {
    if (++starts_ == 2) window_ += since_start_;
}

bool SpiceTokens::take() noexcept {
    if (window_ == 0) return false;
    --window_;
    ++owed_;
    ++since_start_;
    return true;
}

std::uint32_t SpiceTokens::take_refund() noexcept {
    if (owed_ < refund_batch || held_ > limits::spice_held) return 0;
    window_ += owed_;
    return static_cast<std::uint32_t>(std::exchange(owed_, 0));
}

void SpiceTokens::hold(RequestId file, std::size_t bytes) {
    held_of_[file] += bytes;
    held_ += bytes;
}

void SpiceTokens::release(RequestId file, std::size_t bytes) noexcept {
    const auto found = held_of_.find(file);
    if (found == held_of_.end()) return;
    const auto count = std::min(bytes, found->second);
    found->second -= count;
    held_ -= count;
    if (found->second == 0) held_of_.erase(found);
}

void SpiceTokens::forget(RequestId file) noexcept {
    const auto found = held_of_.find(file);
    if (found != held_of_.end()) release(file, found->second);
}

}  // namespace vmcbridge::bridge
