#pragma once

#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmcbridge::browser {

/// The first thing that was wrong with a frame: "monitors[2].width: expected a number from 1 to 65535".
/// Later ones change nothing, so that decoding reads top to bottom without a branch a member.
class Complaint {
public:
    [[nodiscard]] bool made() const noexcept { return !text_.empty(); }
    /// Keeps the first only.
    void make(std::string path, std::string_view expected);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// Where a value stands in its frame. The path is spelled only when something is wrong.
struct Place {
    static constexpr std::size_t no_index = std::numeric_limits<std::size_t>::max();

    const Place* parent = nullptr;  ///< nullptr: the frame itself
    std::string_view member;        ///< empty in the frame itself
    std::size_t index = no_index;   ///< of an element, when `member` is an array

    [[nodiscard]] std::string path() const;
};

/// A word of a closed set and what it stands for.
template <class Value>
struct Word {
    std::string_view name;
    Value value;
};

/// The smallest and the largest number that a member may be.
template <std::integral Number>
struct Range {
    Number least = std::numeric_limits<Number>::min();
    Number most = std::numeric_limits<Number>::max();
};

/// Ids, sizes and counts: those that JavaScript holds exactly.
inline constexpr Range<std::uint64_t> exact_numbers{.least = 0, .most = limits::max_id};

/// Reads the known members of one JSON object. After a complaint every read gives the default and adds nothing.
/// Lifetime: views the object, the place and the complaint.
class Members {
public:
    Members(const boost::json::object& object, const Place& place, Complaint& complaint) noexcept
        : object_{object}, place_{place}, complaint_{complaint} {}

    [[nodiscard]] bool has(std::string_view name) const noexcept { return object_.contains(name); }

    /// A whole number; 5.0 is one too.
    template <std::integral Number>
    [[nodiscard]] Number number(std::string_view name, Range<Number> range = {}) {
        const auto* const value = required(name);
        return value == nullptr ? Number{} : read_number(*value, at(name), range);
    }
    template <std::integral Number>
    [[nodiscard]] std::optional<Number> number_if_any(std::string_view name, Range<Number> range = {}) {
        const auto* const value = optional(name);
        if (value == nullptr) return std::nullopt;
        return read_number(*value, at(name), range);
    }
    /// An id, a size or a count.
    [[nodiscard]] std::uint64_t exact(std::string_view name) { return number<std::uint64_t>(name, exact_numbers); }

    [[nodiscard]] bool flag(std::string_view name);
    [[nodiscard]] std::optional<bool> flag_if_any(std::string_view name);
    /// Views the parsed frame.
    [[nodiscard]] std::string_view text(std::string_view name);
    [[nodiscard]] std::optional<std::string_view> text_if_any(std::string_view name);

    /// One word of a closed set.
    template <class Value>
    [[nodiscard]] std::optional<Value> word_if_any(std::string_view name, std::span<const Word<Value>> words) {
        const auto* const value = optional(name);
        if (value == nullptr) return std::nullopt;
        return read_word(*value, at(name), words);
    }

    /// Calls `each(value, place)` for every element of an array of `least` to `most` elements.
    template <class Each>
    void list(std::string_view name, std::size_t least, std::size_t most, Each&& each) {
        const auto* const array = read_array(name, least, most);
        if (array == nullptr) return;
        for (std::size_t i = 0; i < array->size() && !complaint_.made(); ++i) each((*array)[i], at(name, i));
    }

    /// An object as the value of a member, or as an element of a list.
    template <class Decode>
    auto object_if_any(std::string_view name, Decode&& decode) -> std::optional<decltype(decode(*this))> {
        const auto* const value = optional(name);
        if (value == nullptr) return std::nullopt;
        return object(*value, at(name), decode);
    }
    template <class Decode>
    auto object(const boost::json::value& value, const Place& place, Decode&& decode) -> decltype(decode(*this)) {
        const auto* const inner = value.if_object();
        if (inner == nullptr) {
            complain(place, "an object");
            return {};
        }
        Members members{*inner, place, complaint_};
        return decode(members);
    }

    template <std::integral Number>
    [[nodiscard]] Number read_number(const boost::json::value& value, const Place& place, Range<Number> range = {}) {
        const auto found = whole_number(value);
        if (found && std::in_range<Number>(*found)) {
            const auto number = static_cast<Number>(*found);
            if (number >= range.least && number <= range.most) return number;
        }
        complain_range(place, static_cast<std::int64_t>(range.least), static_cast<std::int64_t>(range.most));
        return {};
    }
    template <class Value>
    [[nodiscard]] Value read_word(const boost::json::value& value, const Place& place,
                                  std::span<const Word<Value>> words) {
        if (const auto* const text = value.if_string()) {
            const auto found = std::ranges::find(words, std::string_view{*text}, &Word<Value>::name);
            if (found != words.end()) return found->value;
        }
        std::string expected = "one of";
        for (const auto& word : words) expected.append(&word == words.data() ? " " : ", ").append(word.name);
        complain(place, expected);
        return {};
    }
    [[nodiscard]] std::string_view read_text(const boost::json::value& value, const Place& place);

    void complain(std::string_view name, std::string_view expected) { complain(at(name), expected); }

private:
    [[nodiscard]] Place at(std::string_view name, std::size_t index = Place::no_index) const noexcept {
        return {.parent = &place_, .member = name, .index = index};
    }
    // Only numbers that a double holds exactly: beyond, two different texts would be the same number somewhere.
    [[nodiscard]] static std::optional<std::int64_t> whole_number(const boost::json::value& value) noexcept;
    [[nodiscard]] const boost::json::value* optional(std::string_view name) const noexcept;
    [[nodiscard]] const boost::json::value* required(std::string_view name);
    [[nodiscard]] const boost::json::array* read_array(std::string_view name, std::size_t least, std::size_t most);
    void complain(const Place& place, std::string_view expected) { complaint_.make(place.path(), expected); }
    void complain_range(const Place& place, std::int64_t least, std::int64_t most);

    const boost::json::object& object_;
    const Place& place_;
    Complaint& complaint_;
};

}  // namespace vmcbridge::browser
