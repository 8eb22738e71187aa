#include "proto/browser/members.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace vmcbridge::browser {

void Complaint::make(std::string path, std::string_view expected) {
    if (made()) return;
    text_ = std::move(path);
    text_.append(": expected ").append(expected);
}

std::string Place::path() const {
    std::string text = parent == nullptr ? std::string{} : parent->path();
    if (!text.empty()) text += '.';
    text += member;
    if (index != no_index) text.append("[").append(std::to_string(index)).append("]");
    return text;
}

std::optional<std::int64_t> Members::whole_number(const boost::json::value& value) noexcept {
    constexpr auto exact = static_cast<std::int64_t>(limits::max_id);
    std::optional<std::int64_t> whole;
    if (const auto* const number = value.if_int64()) {
        whole = *number;
    } else if (const auto* const fraction = value.if_double()) {
        // Also false for NaN, were there one.
        const bool fits = std::abs(*fraction) <= static_cast<double>(exact);
        if (fits && std::trunc(*fraction) == *fraction) whole = static_cast<std::int64_t>(*fraction);
    }
    return whole && *whole >= -exact && *whole <= exact ? whole : std::nullopt;
}

const boost::json::value* Members::optional(std::string_view name) const noexcept {
    return complaint_.made() ? nullptr : object_.if_contains(name);
}

const boost::json::value* Members::required(std::string_view name) {
    const auto* const value = optional(name);
    if (value == nullptr) complain(name, "this member");
    return value;
}

bool Members::flag(std::string_view name) {
    const auto* const value = required(name);
    return value != nullptr && flag_if_any(name).value_or(false);
}

std::optional<bool> Members::flag_if_any(std::string_view name) {
    const auto* const value = optional(name);
    if (value == nullptr) return std::nullopt;
    if (const auto* const flag = value->if_bool()) return *flag;
    complain(name, "true or false");
    return std::nullopt;
}

std::string_view Members::read_text(const boost::json::value& value, const Place& place) {
    if (const auto* const text = value.if_string()) return *text;
    complain(place, "a text");
    return {};
}

std::string_view Members::text(std::string_view name) {
    const auto* const value = required(name);
    return value == nullptr ? std::string_view{} : read_text(*value, at(name));
}

std::optional<std::string_view> Members::text_if_any(std::string_view name) {
    const auto* const value = optional(name);
    if (value == nullptr) return std::nullopt;
    return read_text(*value, at(name));
}

const boost::json::array* Members::read_array(std::string_view name, std::size_t least, std::size_t most) {
    const auto* const value = required(name);
    if (value == nullptr) return nullptr;
    const auto* const array = value->if_array();
    if (array != nullptr && array->size() >= least && array->size() <= most) return array;
    std::string expected = "a list";
    if (most != Place::no_index)
        expected.append(" of ").append(std::to_string(least)).append(" to ").append(std::to_string(most));
    complain(name, expected);
    return nullptr;
}

void Members::complain_range(const Place& place, std::int64_t least, std::int64_t most) {
    complain(place, "a number from " + std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace vmcbridge::browser
