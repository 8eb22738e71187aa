#pragma once

#include "src/bridge/client.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

namespace vmcbridge::bridge {

/// How often something may happen within a time, which begins with the first one and begins anew with the next one
/// after it.
class Rate {
public:
    Rate(std::size_t most, std::chrono::seconds within) noexcept : most_{most}, within_{within} {}

    /// It happens. false: this one is too many.
    [[nodiscard]] bool take(Time now) noexcept {
        if (!until_ || *until_ <= now) {
            until_ = now + within_;
            count_ = 0;
        }
        return ++count_ <= most_;
    }
    /// How many were too many, once their time is over; then it begins anew. 0: none, or it is not over.
    [[nodiscard]] std::size_t take_surplus(Time now) noexcept {
        if (count_ <= most_ || now < *until_) return 0;
        const auto surplus = count_ - most_;
        count_ = 0;
        return surplus;
    }
    /// When take_surplus() has some.
    [[nodiscard]] std::optional<Time> surplus_at() const noexcept { return count_ > most_ ? until_ : std::nullopt; }

private:
    std::size_t most_;
    std::chrono::seconds within_;
    std::size_t count_ = 0;
    std::optional<Time> until_;
};

}  // namespace vmcbridge::bridge
