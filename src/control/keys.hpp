#pragma once

#include "src/config.hpp"
#include "src/control/problem.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Every key of the configuration file, in one table: the parser, the faults, the sample and the manual agree with it.
namespace vmcbridge::control {

/// What a key writes to. For [policy] and [limits], `vm` holds what all machines start from.
struct Scope {
    ServerConfig& server;
    VmConfig& vm;
    SourcesConfig& sources;
    std::string_view key{};  ///< as it was written, for a family of keys
};

struct Key {
    std::string_view group;          ///< server, auth, policy, limits, libvirt, discover or vm
    std::string_view name;           ///< kebab case; port.NAME: a family, whose NAMEs are chosen by who writes the file
    std::string_view default_value;  ///< as it would stand in the file; empty: none
    std::string_view values;         ///< what may stand there: unit and range
    std::string_view help;           ///< one sentence
    /// Parses `text` into its place; the Problem, or nullopt.
    std::optional<Problem> (*apply)(Scope scope, std::string_view text);
};

/// Is `name`, as it was written, this key or one of its family?
[[nodiscard]] bool is_named(const Key& key, std::string_view name) noexcept;

/// In the order in which they are applied: a general key before the ones that narrow it.
[[nodiscard]] std::span<const Key> keys() noexcept;

/// May `key` stand in a group of this kind? The keys of [policy] and [limits] may stand in [vm NAME] too.
[[nodiscard]] bool belongs_to(const Key& key, std::string_view group) noexcept;

/// Is this a key or group of the interface that this version does not have yet?
[[nodiscard]] bool is_later_key(std::string_view group, std::string_view name) noexcept;
[[nodiscard]] bool is_later_group(std::string_view group) noexcept;

/// The candidate with the fewest insertions, deletions, replacements and swaps of neighbours; the first one of several.
/// Empty where there is no candidate.
[[nodiscard]] std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace vmcbridge::control
