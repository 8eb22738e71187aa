#pragma once

#include "src/policy/policy.hpp"

/// The rules that refuse_clipboard() asks in this order; each says why not, or nullopt.
namespace vmcbridge::policy::rules {

/// Only CLIPBOARD, unless primary-selection is on: disabled.
[[nodiscard]] std::optional<browser::Code> selection(const Policy& policy, Selection selection) noexcept;
/// A way without formats is off: policy-direction.
[[nodiscard]] std::optional<browser::Code> direction(const Policy& policy, Way way) noexcept;
/// Only the way's formats: policy-format.
[[nodiscard]] std::optional<browser::Code> format(const Policy& policy, Way way, ClipboardFormat format) noexcept;

}  // namespace vmcbridge::policy::rules
