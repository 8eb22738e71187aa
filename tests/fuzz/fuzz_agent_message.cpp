// A message's body: [type u8] [dialect u8] [body]. What can be read can be written, and is read again as the same.
#include "proto/agent/codec.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace vmcbridge::fuzz {
namespace {

using agent::AgentMessage;
using agent::Dialect;

/// Without selections agreed, only the clipboard can be spoken of; vdagentd's release is read for others all the same.
bool can_be_said(const AgentMessage& message, Dialect dialect) {
    const auto* release = std::get_if<agent::ClipboardRelease>(&message);
    return release == nullptr || dialect.selection || release->selection == Selection::clipboard;
}

void read_again(const AgentMessage& message, Dialect dialect) {
    std::vector<std::byte> body;
    agent::encode(message, dialect, body);
    const auto again = agent::decode(agent::type_of(message), body, dialect);
    require(again.has_value(), "what we write can be read");
    require(*again == message, "what we write means what we read");
    std::vector<std::byte> twice;
    agent::encode(*again, dialect, twice);
    require(twice == body, "the same is written the same");
}

void run(Input input) {
    const AgentType type{input.u8()};
    const auto flags = input.u8();
    const Dialect dialect{.selection = (flags & 1) != 0, .grab_serial = (flags & 2) != 0};
    const auto body = input.rest();

    const auto message = agent::decode(type, body, dialect);
    if (!message) return require(message.error().offset <= body.size(), "a fault lies within the body");
    require(agent::type_of(*message) == type, "a message knows its type");
    if (std::holds_alternative<agent::Unknown>(*message)) return;
    if (can_be_said(*message, dialect)) read_again(*message, dialect);
    read_again(*message, {.selection = true, .grab_serial = dialect.grab_serial});
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
