// [guest u8] [name]. Whatever a client calls a file, the guest gets a base name, and a safe name stays as it is.
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "src/policy/policy.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

namespace vmcbridge::fuzz {
namespace {

void run(Input input) {
    const auto guest = (input.u8() & 1) != 0 ? policy::GuestSystem::windows : policy::GuestSystem::other;
    const auto safe = policy::safe_file_name(as_text(input.rest()), guest);
    if (!safe) return;
    require(!safe->empty() && *safe != "." && *safe != "..", "it names a file");
    require(safe->size() <= limits::file_name, "it is short enough");
    require(safe->find_first_of("/\\") == std::string::npos, "it is no path");
    require(std::ranges::none_of(*safe, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
            "it has no control characters");
    require(is_utf8(*safe), "it is UTF-8");
    require(policy::safe_file_name(*safe, guest) == safe, "a safe name stays as it is");
    if (guest != policy::GuestSystem::windows) return;
    require(safe->find_first_of(":*?\"<>|") == std::string::npos, "Windows takes its characters");
    require(!safe->ends_with('.') && !safe->ends_with(' '), "Windows would cut it");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
