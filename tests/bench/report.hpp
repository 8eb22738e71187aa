#pragma once

#include "tests/bench/measure.hpp"

#include <filesystem>
#include <map>
#include <optional>

namespace vmcbridge::bench {

enum class Unit { rate, messages, latency, memory };

/// One measurement, done with each relay that can.
struct CaseName {
    std::string name;
    std::string title;
    Unit unit;
    std::size_t message = 0;  // bytes, where the unit is messages
};

/// Every figure of the run: case -> relay -> one sample a round; a failed one has no values.
struct Results {
    std::vector<CaseName> cases;
    std::vector<std::string> relays;
    std::map<std::string, std::map<std::string, std::vector<Sample>>> samples;

    /// Null when that was not measured at all.
    [[nodiscard]] const std::vector<Sample>* find(const std::string& name, const std::string& relay) const;
};

void print_figures(const Results& results);

/// The goals: the daemon's ratio to its peer in each round, the median of these ratios, and whether that passes.
void print_goals(const Results& results);

void write_json(const Results& results, const std::filesystem::path& file);

}  // namespace vmcbridge::bench
