// Messages to write, by operations: [type u8] [size u16] [piece u16] [room u16], again and again. Whatever the pieces
// and buffers, chunks obey the rules for hosts and are read as what was written.
#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"
#include "proto/vdi/fragmenter.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <vector>

namespace vmcbridge::fuzz {
namespace {

constexpr std::size_t rounds = 8;
constexpr std::size_t most_body = 3 * limits::chunk_to_guest;  // further chunks are like the third
constexpr std::size_t headers = limits::chunk_header + limits::agent_header;
constexpr agent::Dialect dialect{.selection = true, .grab_serial = true};

std::vector<std::byte> written(AgentType type, Bytes body, std::size_t piece, std::size_t room) {
    std::vector<std::byte> out;
    std::vector<std::byte> buffer(room);
    vdi::Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, type, static_cast<std::uint32_t>(body.size()));
    while (!fragmenter.is_idle()) {
        auto part = body.first(std::min(piece, body.size()));
        const auto given = part.size();
        MutableBytes left{buffer};
        fragmenter.write(left, part);
        const auto count = buffer.size() - left.size();
        require(count > 0 || part.size() < given, "a call with room for the headers gets on");
        out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
        body = body.subspan(given - part.size());
        require(fragmenter.body_left() == body.size(), "it knows what is to come");
    }
    return out;
}

void check_chunks(Bytes wire, std::size_t body) {
    const auto message = limits::agent_header + body;
    const auto chunks = (message + limits::chunk_to_guest - 1) / limits::chunk_to_guest;
    require(wire.size() == message + chunks * limits::chunk_header, "as few chunks as possible");
    for (; !wire.empty(); wire = wire.subspan(limits::chunk_header + agent::load_chunk_header(wire.data()).size)) {
        const auto size = agent::load_chunk_header(wire.data()).size;
        require(size > 0 && size <= limits::chunk_to_guest, "no chunk is empty or over the limit");
    }
}

/// The body of the one message in `wire`.
std::vector<std::byte> read_body(Bytes wire, AgentType type) {
    std::vector<std::byte> body;
    const auto append = [&](Bytes bytes) { body.insert(body.end(), bytes.begin(), bytes.end()); };
    vdi::ChunkReader chunks;
    vdi::Assembler assembler;
    while (auto slice = *chunks.next(wire)) {
        while (auto event = *assembler.next(slice->bytes, dialect)) {
            if (const auto* whole = std::get_if<vdi::WholeMessage>(&*event)) append(whole->body);
            if (const auto* bulk = std::get_if<vdi::BulkSlice>(&*event)) append(bulk->bytes);
            const auto* begin = std::get_if<vdi::BulkBegin>(&*event);
            if (begin == nullptr) continue;
            require(begin->type == type, "the type arrives");
            append(begin->prefix);
        }
    }
    require(!assembler.is_amid_message(), "the message is over");
    return body;
}

void run(Input input) {
    for (std::size_t round = 0; round < rounds && !input.rest().empty(); ++round) {
        const auto& row = agent::codecs()[input.u8() % agent::codecs().size()];
        const auto size = input.u16() % (1 + (row.bulk ? most_body : std::min(row.max_body, most_body)));
        const auto piece = 1 + input.u16();
        const auto room = headers + input.u16();
        std::vector<std::byte> body(size);
        for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<std::byte>(i % 251);

        const auto wire = written(row.type, body, piece, room);
        check_chunks(wire, size);
        require(read_body(wire, row.type) == body, "the body arrives");
    }
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
