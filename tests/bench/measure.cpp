#include "tests/bench/measure.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>

namespace vmcbridge::bench {

double thread_cpu() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double quantile(std::vector<double> values, double part) {
    std::erase_if(values, [](double value) { return std::isnan(value); });
    if (values.empty()) return not_measured;
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

}  // namespace vmcbridge::bench
