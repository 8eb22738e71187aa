#pragma once

#include "proto/result.hpp"

#include <string>
#include <utility>

namespace vmcbridge::control {

/// What a person did wrong, in one sentence: what, where, and what to do.
struct Problem {
    std::string text;

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// A value, or what is wrong with the text that should have become one.
template <class T>
using Parsed = Result<T, Problem>;

/// A text is a value here; by itself it could as well become the Problem.
[[nodiscard]] inline Parsed<std::string> parsed_text(std::string text) {
    return {boost::system::in_place_value, std::move(text)};
}

}  // namespace vmcbridge::control
