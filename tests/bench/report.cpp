#include "tests/bench/report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace vmcbridge::bench {
namespace {

namespace json = boost::json;

std::vector<double> column(const std::vector<Sample>& samples, double Sample::* member) {
    std::vector<double> values;
    for (const auto& sample : samples) values.push_back(sample.*member);
    return values;
}

/// Base units -> what is printed.
double shown(const CaseName& about, double value) {
    switch (about.unit) {
        case Unit::rate: return value / 1e6;
        case Unit::messages: return value / 1e6 / static_cast<double>(about.message);
        case Unit::latency: return value * 1e6;
        case Unit::memory: return value / 1024;
    }
    return value;
}

const char* unit_name(Unit unit) {
    switch (unit) {
        case Unit::rate: return "MB/s";
        case Unit::messages: return "million messages/s";
        case Unit::latency: return "us, median (p99)";
        case Unit::memory: return "KiB a connection";
    }
    return "";
}

void print_if(const char* format, double value) {
    if (!std::isnan(value)) std::printf(format, value);
}

void print_row(const CaseName& about, const std::string& relay, const std::vector<Sample>& samples) {
    const auto values = column(samples, &Sample::value);
    const auto cpu = quantile(column(samples, &Sample::cpu), 0.5);
    std::printf("  %-14s %10.2f", relay.c_str(), shown(about, quantile(values, 0.5)));
    print_if(" (%.1f)", shown(about, quantile(column(samples, &Sample::tail), 0.5)));
    std::printf("   [%.2f .. %.2f]", shown(about, quantile(values, 0)), shown(about, quantile(values, 1)));
    if (about.unit == Unit::latency)
        print_if("   CPU %.1f us each", cpu * 1e6);
    else
        print_if("   CPU %.0f ms/GB", cpu * 1e12);
    print_if("   generator %.0f %% busy", quantile(column(samples, &Sample::busy), 0.5) * 100);
    print_if("   memory +%.0f KiB", quantile(column(samples, &Sample::growth), 0.5) / 1024);
    const auto failures = std::ranges::count_if(values, [](double value) { return std::isnan(value); });
    if (failures != 0) std::printf("   FAILED in %td of %zu rounds", failures, values.size());
    std::printf("\n");
}

json::value number(double value) { return std::isnan(value) ? json::value{nullptr} : json::value{value}; }

}  // namespace

const std::vector<Sample>* Results::find(const std::string& name, const std::string& relay) const {
    const auto row = samples.find(name);
    if (row == samples.end()) return nullptr;
    const auto cell = row->second.find(relay);
    return cell == row->second.end() ? nullptr : &cell->second;
}

void print_figures(const Results& results) {
    for (const auto& about : results.cases) {
        if (!results.samples.contains(about.name)) continue;
        std::printf("\n%s (%s), %s\n", about.title.c_str(), about.name.c_str(), unit_name(about.unit));
        for (const auto& relay : results.relays)
            if (const auto* samples = results.find(about.name, relay)) print_row(about, relay, *samples);
    }
}

void write_json(const Results& results, const std::filesystem::path& file) {
    json::object cases;
    for (const auto& [name, row] : results.samples) {
        json::object relays;
        for (const auto& [relay, samples] : row) {
            json::array rounds;
            for (const auto& sample : samples)
                rounds.push_back({{"value", number(sample.value)},
                                  {"p99", number(sample.tail)},
                                  {"cpu", number(sample.cpu)},
                                  {"growth", number(sample.growth)},
                                  {"busy", number(sample.busy)}});
            relays[relay] = std::move(rounds);
        }
        cases[name] = std::move(relays);
    }
    std::ofstream{file} << json::serialize(cases) << "\n";
}

}  // namespace vmcbridge::bench
