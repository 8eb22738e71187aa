#include "src/cli/check_config.hpp"

#include <iostream>

namespace vmcbridge::cli {

int check_config(const control::CheckConfigCommand& command) {
    const auto faults = control::faults_of(command.file);
    for (const auto& fault : faults) std::cerr << to_text(fault) << '\n';
    return faults.empty() ? 0 : 1;
}

}  // namespace vmcbridge::cli
