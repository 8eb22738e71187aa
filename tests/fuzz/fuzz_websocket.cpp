// A client's WebSocket bytes: [piece u8] [bytes]. Both readers say the same however the bytes are cut, keep within
// their limits, and end at a named fault.
#include "proto/text.hpp"
#include "src/io/websocket/readers.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace vmcbridge::fuzz {
namespace {

using namespace io::websocket;

constexpr MessageReader::Limits limits{.text = 600, .binary = 400, .contiguous = 140};

std::string kind_of(Opcode opcode) { return std::to_string(static_cast<int>(opcode)) + ' '; }

std::string messages(Bytes stream, std::size_t piece) {
    MessageReader reader{limits};
    std::string said;
    std::vector<std::byte> buffer;
    while (!stream.empty()) {
        const auto fresh = stream.first(std::min(piece, stream.size()));
        stream = stream.subspan(fresh.size());
        buffer.insert(buffer.end(), fresh.begin(), fresh.end());
        MutableBytes bytes{buffer};
        for (;;) {
            const auto message = reader.next(bytes);
            if (!message) return said + "fault " + std::string{to_text(message.error())};
            if (!*message) break;
            require((*message)->payload.size() <= limits.text, "a message is within its limit");
            said += kind_of((*message)->opcode) + std::string{as_text((*message)->payload)} + '\n';
        }
        buffer.erase(buffer.begin(), buffer.end() - static_cast<std::ptrdiff_t>(bytes.size()));
        require(buffer.size() <= limits.contiguous, "what waits for its rest is small");
    }
    return said;
}

std::string payload(Bytes stream, std::size_t piece) {
    PayloadReader reader;
    std::string said;
    std::string controls;
    std::vector<std::byte> buffer;
    while (!stream.empty()) {
        const auto fresh = stream.first(std::min(piece, stream.size()));
        stream = stream.subspan(fresh.size());
        buffer.insert(buffer.end(), fresh.begin(), fresh.end());
        MutableBytes in{buffer};
        std::size_t written = 0;
        for (;;) {
            const auto step = reader.next(in, buffer.data() + written);
            // What a fault comes after is not handed on, so how much it was depends on the cut.
            if (!step) return controls + "fault " + std::string{to_text(step.error())};
            written += step->payload;
            if (!step->control) break;
            controls += kind_of(step->control->opcode) + std::string{as_text(step->control->payload)} + '\n';
        }
        require(written + in.size() <= buffer.size(), "payload is never more than what came");
        require(in.size() <= client_header + control_payload, "what waits for its rest is small");
        said += as_text(Bytes{buffer}.first(written));
        buffer.erase(buffer.begin(), buffer.end() - static_cast<std::ptrdiff_t>(in.size()));
    }
    return controls + said;
}

void run(Input input) {
    const std::size_t piece = 1U + input.u8();
    const auto stream = input.rest();
    const auto whole = std::max<std::size_t>(stream.size(), 1);
    require(messages(stream, piece) == messages(stream, whole), "messages don't depend on the cut");
    require(payload(stream, piece) == payload(stream, whole), "payload does not depend on the cut");
    static_cast<void>(decode_close(stream));
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
