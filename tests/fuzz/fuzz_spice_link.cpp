// What a SPICE client opens with. However much of it is here, the answer is "not yet" or that of the whole.
#include "proto/limits.hpp"
#include "proto/spice/link.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

namespace vmcbridge::fuzz {
namespace {

constexpr std::size_t link_header = sizeof(SpiceLinkHeader);
constexpr std::size_t most = link_header + limits::link_body;

void check(const spice::LinkRequest& request, std::size_t taken) {
    require(taken >= link_header + sizeof(SpiceLinkMess) && taken <= most, "a link has its size");
    static_cast<void>(request.capabilities.has_common(31));
}

void run(Input input) {
    const auto stream = input.rest();
    auto left = stream;
    const auto whole = spice::take_link_request(left);
    const auto taken = stream.size() - left.size();
    if (whole && *whole) {
        check(**whole, taken);
    } else {
        require(taken == 0, "what is no link is not taken");
    }
    require(stream.size() < most || !whole || *whole, "it asks for no more than a link may have");
    bool is_told = false;
    for (std::size_t size = 0; size <= std::min(stream.size(), most); ++size) {
        auto part = stream.first(size);
        const auto answer = spice::take_link_request(part);
        if (answer && !*answer) {
            require(!is_told, "what was told stays told");
            require(part.size() == size, "not yet: nothing is taken");
            continue;
        }
        is_told = true;
        require(answer == whole, "the start gives the answer of the whole");
        require(size - part.size() == taken, "the start takes what the whole takes");
    }
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
