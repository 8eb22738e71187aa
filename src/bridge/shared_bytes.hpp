#pragma once

#include "proto/result.hpp"

#include <memory>
#include <string>
#include <utility>

namespace vmcbridge::bridge {

/// Bytes that never change and that several outboxes may hold at once; the last one frees them.
class SharedBytes {
public:
    SharedBytes() = default;
    /// A view of what `owner` keeps alive.
    SharedBytes(std::shared_ptr<const void> owner, Bytes view) noexcept : owner_{std::move(owner)}, view_{view} {}
    explicit SharedBytes(std::string text) {
        auto kept = std::make_shared<const std::string>(std::move(text));
        view_ = std::as_bytes(std::span{*kept});
        owner_ = std::move(kept);
    }

    [[nodiscard]] Bytes view() const noexcept { return view_; }
    [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
    /// The same owner, a part of the view. REQUIRES: offset + count <= size().
    [[nodiscard]] SharedBytes part(std::size_t offset, std::size_t count) const {
        return {owner_, view_.subspan(offset, count)};
    }

    /// Takes `next` in where it has the same owner and lies right behind; false: it does not.
    [[nodiscard]] bool extend(const SharedBytes& next) noexcept {
        if (owner_ != next.owner_ || view_.data() + view_.size() != next.view_.data()) return false;
        view_ = {view_.data(), view_.size() + next.view_.size()};
        return true;
    }

private:
    std::shared_ptr<const void> owner_;
    Bytes view_;
};

}  // namespace vmcbridge::bridge
