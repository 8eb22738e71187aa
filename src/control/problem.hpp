#pragma once

#include "proto/result.hpp"

#include <string>

namespace vmcbridge::control {

/// What a person did wrong, in one sentence: what, where, and what to do.
struct Problem {
    std::string text;

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// A value, or what is wrong with the text that should have become one.
template <class T>
using Parsed = Result<T, Problem>;

}  // namespace vmcbridge::control
