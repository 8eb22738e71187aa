#include "tests/bench/report.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace vmcbridge::bench {
namespace {

enum class Sense { at_least, at_most };

/// The daemon's figure over a peer's, or, without a peer, the daemon's figure alone in base units.
struct Goal {
    const char* number;
    const char* name;       // case of the daemon
    const char* peer;       // relay compared with; null: none
    const char* peer_case;  // null: the same
    double Sample::* figure;
    Sense sense;
    double mark;
    double scale;  // printed = figure / scale
    const char* unit;
};

constexpr double ms = 1e-3;
constexpr double kib = 1024;
constexpr auto value = &Sample::value;
constexpr auto at_least = Sense::at_least;
constexpr auto at_most = Sense::at_most;

constexpr std::array goals{
    Goal{"P1", "down-64k", "hand-written", nullptr, value, at_least, 0.95, 1, "x hand-written"},
    Goal{"P1", "down-64k", "websockify", nullptr, value, at_least, 1.5, 1, "x websockify"},
    Goal{"P2", "down-2k", "copy", nullptr, value, at_least, 0.95, 1, "x copy"},
    Goal{"P2", "down-2k", "copy", nullptr, &Sample::cpu, at_most, 1.0, 1, "x copy's CPU"},
    Goal{"P3", "up-64k", "hand-written", nullptr, value, at_least, 0.9, 1, "x hand-written"},
    Goal{"P3", "up-64k", "websockify", nullptr, value, at_least, 4, 1, "x websockify"},
    Goal{"P3", "up-2k", "hand-written", nullptr, value, at_least, 0.7, 1, "x hand-written"},
    Goal{"P3", "up-2k", "websockify", nullptr, value, at_least, 10, 1, "x websockify"},
    Goal{"P3", "up-64b", "hand-written", nullptr, value, at_least, 0.5, 1, "x hand-written"},
    Goal{"P3", "up-64b", "websockify", nullptr, value, at_least, 50, 1, "x websockify"},
    Goal{"P4", "rtt-64b", "copy", nullptr, value, at_most, 1.1, 1, "x copy"},
    Goal{"P4", "rtt-64b", "websockify", nullptr, value, at_most, 0.6, 1, "x websockify"},
    Goal{"P4", "rtt-64k", "hand-written", nullptr, value, at_most, 1.1, 1, "x hand-written"},
    Goal{"P6", "idle-agent", nullptr, nullptr, value, at_most, 4 * kib, kib, "KiB"},
    Goal{"P6", "idle-display", nullptr, nullptr, value, at_most, 4 * kib, kib, "KiB"},
    Goal{"P7", "agent-down-64k", "hand-written", "down-64k", value, at_least, 0.83, 1, "x hand-written"},
    Goal{"P7", "agent-down-64k", nullptr, nullptr, &Sample::growth, at_most, 1024 * kib, kib, "KiB growth"},
    Goal{"P8", "agent-beside-file", nullptr, nullptr, &Sample::tail, at_most, 5 * ms, ms, "ms p99"},
    Goal{"P1", "down-64k", "spice-server", "spice-down", value, at_least, 5, 1, "x spice-server"},
    Goal{"P4", "spice-rtt-64b", "spice-server", nullptr, value, at_most, 0.8, 1, "x spice-server"},
    Goal{"P5", "spice-down", "spice-server", nullptr, value, at_least, 4, 1, "x spice-server"},
    Goal{"P5", "spice-down", "spice-server", nullptr, &Sample::cpu, at_most, 0.25, 1, "x its CPU"},
    Goal{"P5", "spice-up", "spice-server", nullptr, value, at_least, 4, 1, "x spice-server"},
    Goal{"P5", "spice-up", "spice-server", nullptr, &Sample::cpu, at_most, 0.25, 1, "x its CPU"},
    Goal{"P5", "spice-down-10", "spice-server", nullptr, value, at_least, 2, 1, "x spice-server"},
    Goal{"S1", "session-down", "copy", nullptr, value, at_least, 0.9, 1, "x copy"},
    // No goal of their own; printed because they say what the hub costs over the relay of bytes.
    Goal{"-", "session-input", "copy", nullptr, value, at_most, not_measured, 1, "x copy"},
    Goal{"-", "agent-down-64k", "copy", "down-64k", value, at_least, not_measured, 1, "x copy"},
    Goal{"-", "agent-down-2k", "copy", "down-2k", value, at_least, not_measured, 1, "x copy"},
    Goal{"-", "agent-up-64k", "hand-written", "up-64k", value, at_least, not_measured, 1, "x hand-written"},
    Goal{"-", "agent-up-2k", "hand-written", "up-2k", value, at_least, not_measured, 1, "x hand-written"},
    Goal{"-", "agent-rtt", "copy", "rtt-64b", value, at_most, not_measured, 1, "x copy"},
};

/// Median over the rounds; a round in which either failed does not count.
double measured(const Results& results, const Goal& goal) {
    const auto* ours = results.find(goal.name, "vmcbridge");
    if (ours == nullptr) return not_measured;
    const auto* peers = goal.peer == nullptr
                            ? nullptr
                            : results.find(goal.peer_case == nullptr ? goal.name : goal.peer_case, goal.peer);
    if (goal.peer != nullptr && (peers == nullptr || peers->size() != ours->size())) return not_measured;
    std::vector<double> figures;
    for (std::size_t round = 0; round < ours->size(); ++round)
        figures.push_back((*ours)[round].*goal.figure / (peers == nullptr ? goal.scale : (*peers)[round].*goal.figure));
    return quantile(figures, 0.5);
}

const char* verdict(const Goal& goal, double figure) {
    if (std::isnan(figure)) return "not measured";
    if (std::isnan(goal.mark)) return "";
    const double mark = goal.mark / goal.scale;
    return (goal.sense == Sense::at_least ? figure >= mark : figure <= mark) ? "pass" : "MISS";
}

}  // namespace

void print_goals(const Results& results) {
    std::printf("\nGoals: vmcbridge against its peers, median of each round's own ratio\n");
    for (const auto& goal : goals) {
        const double figure = measured(results, goal);
        std::printf("  %-3s %-18s %9.3f %-16s", goal.number, goal.name, figure, goal.unit);
        if (std::isnan(goal.mark))
            std::printf("%12s", "");
        else
            std::printf("  %s %-8g", goal.sense == Sense::at_least ? ">=" : "<=", goal.mark / goal.scale);
        std::printf("  %s\n", verdict(goal, figure));
    }
}

}  // namespace vmcbridge::bench
