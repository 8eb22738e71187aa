#pragma once

#include "tests/bench/measure.hpp"

#include <filesystem>
#include <optional>
#include <regex>

namespace vmcbridge::bench {

struct Options {
    bool quick = false;
    int rounds = 5;
    std::filesystem::path vmcbridge;
    std::regex only{""};
    std::optional<std::filesystem::path> json;
};

[[nodiscard]] Effort effort_of(const Options& options);

/// Parses the command line. On `--help` and on wrong usage it says so and ends the program (0, 2).
[[nodiscard]] Options parse_options(int count, char** words);

}  // namespace vmcbridge::bench
