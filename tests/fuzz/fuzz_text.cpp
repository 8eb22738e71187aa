// Text: [piece u8] [room u8] [text]. UTF-8 and line ends as the plain rules say, whatever the pieces and buffers.
#include "proto/text.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/plain_text.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace vmcbridge::fuzz {
namespace {

std::string converted(LineEnds::To to, Bytes text, std::size_t piece, std::size_t room) {
    LineEnds line_ends{to};
    std::string result;
    std::vector<std::byte> buffer(room);
    const auto take = [&](std::size_t count) { result += as_text(Bytes{buffer}.first(count)); };
    while (!text.empty()) {
        auto in = text.first(std::min(piece, text.size()));
        text = text.subspan(in.size());
        while (!in.empty()) {
            const auto before = in.size();
            const auto count = line_ends.convert(in, buffer);
            require(count > 0 || in.size() < before, "a call with room gets on");
            take(count);
        }
    }
    take(line_ends.finish(buffer));
    return result;
}

void run(Input input) {
    const std::size_t piece = 1U + input.u8();
    const std::size_t room = 2U + input.u8();
    const auto bytes = input.rest();
    const auto text = as_text(bytes);
    require(is_utf8(text) == support::is_utf8_plainly(text), "UTF-8 is what the plain rule says");
    require(converted(LineEnds::To::lf, bytes, piece, room) == support::to_lf_plainly(text), "to LF");
    require(converted(LineEnds::To::crlf, bytes, piece, room) == support::to_crlf_plainly(text), "to CRLF");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
