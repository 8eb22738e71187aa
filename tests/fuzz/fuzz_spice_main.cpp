// A SPICE client on the main channel: [full header u8] [cut u16] [stream]. Whatever it holds, it gives the same
// messages in one read, in two and byte by byte.
#include "proto/spice/main_channel.hpp"
#include "proto/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <variant>
#include <vector>

namespace vmcbridge::fuzz {
namespace {

using spice::HeaderKind;

/// Reads a stream and writes down what came.
class MessageLog {
public:
    explicit MessageLog(HeaderKind kind) : reader_{kind, spice::client_message_limit} {}

    void read(Bytes input) {
        while (!over_) {
            const auto message = reader_.next(input);
            if (!message) return fault(message.error());
            if (!*message) return require(input.empty(), "no message: the input is used up");
            note(**message);
        }
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return log_; }

private:
    void note(const spice::Message& message) {
        const auto limit = spice::client_message_limit(message.type);
        require(limit && message.body.size() <= *limit, "a message is known and under its limit");
        require(spice::client_message_name(message.type) != "unknown", "a message that is known has a name");
        log().u16(message.type);
        log().bytes(message.body);
        const auto decoded = spice::decode_client(message);
        if (!decoded) return fault(decoded.error());
        log().u8(static_cast<std::uint8_t>(decoded->index()));
        if (const auto* data = std::get_if<spice::AgentData>(&*decoded))
            require(data->bytes.size() == message.body.size(), "AGENT_DATA is its body");
    }
    void fault(const ParseError& error) {
        over_ = true;
        log().bytes(std::as_bytes(std::span{error.field}));
    }
    Writer log() { return Writer{log_}; }

    spice::MessageReader reader_;
    std::vector<std::byte> log_;
    bool over_ = false;
};

void run(Input input) {
    const auto kind = (input.u8() & 1) != 0 ? HeaderKind::full : HeaderKind::mini;
    const auto wanted_cut = input.u16();
    const auto stream = input.rest();
    const auto cut = std::min(wanted_cut, stream.size());

    MessageLog whole{kind};
    whole.read(stream);
    MessageLog halves{kind};
    halves.read(stream.first(cut));
    halves.read(stream.subspan(cut));
    MessageLog single{kind};
    for (const auto& byte : stream) single.read(Bytes{&byte, 1});

    require(halves.bytes() == whole.bytes(), "two reads give the messages of one");
    require(single.bytes() == whole.bytes(), "single bytes give the messages of one read");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
