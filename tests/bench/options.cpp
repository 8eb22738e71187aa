#include "tests/bench/options.hpp"

#include <getopt.h>

#include <array>
#include <cstdlib>
#include <iostream>

namespace vmcbridge::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1024 * 1024;
constexpr Effort full{600ms, 65536 * mib, 32 * mib, 256 * mib, 64 * mib, 1024 * mib, 200};
constexpr Effort quick{60ms, 2 * mib, 8 * mib, 16 * mib, 4 * mib, 64 * mib, 50};

constexpr auto help = R"(vmcbridge_bench [OPTION]...
  --quick           small amounts, one round: does the bench still work?
  --rounds N        rounds, each measuring every relay in turn (5)
  --vmcbridge PATH  the daemon (the one of this build)
  --only REGEX      only measurements whose CASE/RELAY matches
  --json FILE       every single figure too
)";

[[noreturn]] void wrong_usage(const char* what) {
    std::cerr << "vmcbridge_bench: " << what << "\n" << help;
    std::exit(2);
}

int positive(const char* text) {
    const int value = std::atoi(text);
    if (value <= 0) wrong_usage("--rounds takes a number from 1 on");
    return value;
}

std::regex expression(const char* text) {
    try {
        return std::regex{text};
    } catch (const std::regex_error&) {
        wrong_usage("--only takes a regular expression");
    }
}

}  // namespace

Effort effort_of(const Options& options) { return options.quick ? quick : full; }

Options parse_options(int count, char** words) {
    static constexpr std::array<option, 7> known{{{"quick", no_argument, nullptr, 'q'},
                                                  {"rounds", required_argument, nullptr, 'r'},
                                                  {"vmcbridge", required_argument, nullptr, 'v'},
                                                  {"only", required_argument, nullptr, 'o'},
                                                  {"json", required_argument, nullptr, 'j'},
                                                  {"help", no_argument, nullptr, 'h'},
                                                  {nullptr, 0, nullptr, 0}}};
    Options options;
    options.vmcbridge = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "../../src/vmcbridge";
    for (int choice = 0; (choice = ::getopt_long(count, words, "", known.data(), nullptr)) != -1;) {
        switch (choice) {
            case 'q': options.quick = true, options.rounds = 1; break;
            case 'r': options.rounds = positive(optarg); break;
            case 'v': options.vmcbridge = optarg; break;
            case 'o': options.only = expression(optarg); break;
            case 'j': options.json = optarg; break;
            case 'h': std::cout << help; std::exit(0);
            default: wrong_usage("unknown option");
        }
    }
    if (optind != count) wrong_usage("takes options only");
    return options;
}

}  // namespace vmcbridge::bench
