#include "src/cli/check_config.hpp"

#include <iostream>

namespace vmcbridge::cli {

int check_config(const control::CheckConfigCommand& command, control::TlsCheck check_tls) {
    const auto faults = control::faults_of(command.file, check_tls);
    for (const auto& fault : faults) std::cerr << to_text(fault) << '\n';
    return faults.empty() ? 0 : 1;
}

}  // namespace vmcbridge::cli
