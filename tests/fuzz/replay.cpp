// Runs a fuzz target once over each file of the folders given: the corpus as an ordinary test, without libFuzzer.
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

void replay(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    const std::vector<char> content{std::istreambuf_iterator<char>{in}, {}};
    std::vector<std::uint8_t> bytes(content.size());
    std::ranges::transform(content, bytes.begin(), [](char each) { return static_cast<std::uint8_t>(each); });
    std::printf("%s\n", file.filename().c_str());
    std::fflush(stdout);  // the last name printed is the one that failed
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t replayed = 0;
    for (int i = 1; i < count; ++i) {
        for (const auto& file : files_of(arguments[i])) {
            replay(file);
            ++replayed;
        }
    }
    if (replayed == 0) std::fprintf(stderr, "no seeds: nothing was tested\n");
    return replayed > 0 ? 0 : 1;
}
