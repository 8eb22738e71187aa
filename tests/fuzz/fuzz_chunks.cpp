// A guest's byte stream: [dialect u8] [cut u16] [stream]. Whatever it holds, it gives the same events in one read, in
// two and byte by byte.
#include "proto/agent/codec.hpp"
#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"
#include "proto/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::fuzz {
namespace {

/// Reads a stream and writes down what came. The bytes of bulk stand in the order of the stream without the bounds of
/// their slices, so the same events give the same log.
class EventLog {
public:
    explicit EventLog(agent::Dialect dialect) : dialect_{dialect} {}

    void read(Bytes input) {
        while (!over_) {
            const auto slice = chunks_.next(input);
            if (!slice) return fault(slice.error());
            if (!*slice) return require(input.empty(), "no slice: the input is used up");
            read_slice((*slice)->port, (*slice)->bytes);
        }
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return log_; }

private:
    void read_slice(ChunkPort port, Bytes slice) {
        require(!slice.empty(), "a slice of a chunk holds something");
        auto& assembler = assemblers_.at(static_cast<std::size_t>(port));
        while (!over_) {
            const auto event = assembler.next(slice, dialect_);
            if (!event) return fault(event.error());
            if (!*event) return require(slice.empty(), "no event: the slice is used up");
            std::visit([&](const auto& each) { note(port, each); }, **event);
        }
    }

    void note(ChunkPort port, const vdi::WholeMessage& message) {
        const auto* row = agent::find_codec(message.type);
        require(row != nullptr && message.body.size() <= row->max_body, "a message kept whole is under its cap");
        (void)agent::decode(message.type, message.body, dialect_);
        head('m', port, message.type, message.body.size());
        log().bytes(message.body);
    }
    void note(ChunkPort port, const vdi::BulkBegin& begin) {
        require(begin.prefix.size() == agent::bulk_prefix(begin.type, dialect_), "bulk begins with its prefix");
        head('b', port, begin.type, begin.size);
        log().bytes(begin.prefix);
    }
    void note(ChunkPort /*port*/, const vdi::BulkSlice& slice) {
        require(!slice.bytes.empty(), "a slice of bulk holds something");
        log().bytes(slice.bytes);
    }
    void note(ChunkPort port, const vdi::SkippedMessage& skipped) { head('s', port, skipped.type, skipped.size); }

    void fault(const ParseError& error) {
        over_ = true;
        log().bytes(std::as_bytes(std::span{error.field}));
    }
    void head(char kind, ChunkPort port, AgentType type, std::size_t size) {
        log().u8(static_cast<std::uint8_t>(kind));
        log().as(port);
        log().as(type);
        log().u64(size);
    }
    Writer log() { return Writer{log_}; }

    agent::Dialect dialect_;
    vdi::ChunkReader chunks_;
    std::array<vdi::Assembler, 3> assemblers_;
    std::vector<std::byte> log_;
    bool over_ = false;
};

void run(Input input) {
    const auto flags = input.u8();
    const agent::Dialect dialect{.selection = (flags & 1) != 0, .grab_serial = (flags & 2) != 0};
    const auto wanted_cut = input.u16();
    const auto stream = input.rest();
    const auto cut = std::min(wanted_cut, stream.size());

    EventLog whole{dialect};
    whole.read(stream);
    EventLog halves{dialect};
    halves.read(stream.first(cut));
    halves.read(stream.subspan(cut));
    EventLog single{dialect};
    for (const auto& byte : stream) single.read(Bytes{&byte, 1});

    require(halves.bytes() == whole.bytes(), "two reads give the events of one");
    require(single.bytes() == whole.bytes(), "single bytes give the events of one read");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
