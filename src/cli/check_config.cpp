#include "src/cli/check_config.hpp"

#include <iostream>

namespace vmcbridge::cli {

int check_config(const control::CheckConfigCommand& command, control::TlsCheck check_tls) {
    const auto [faults, notes] = control::findings_of(command, check_tls);
    for (const auto& fault : faults) std::cerr << to_text(fault) << '\n';
    for (const auto& note : notes) std::cerr << "note: " << to_text(note) << '\n';
    return faults.empty() ? 0 : 1;
}

}  // namespace vmcbridge::cli
