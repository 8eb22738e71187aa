// What the two directions of the guest's port cost a byte: chunks apart and messages together, and back again.
#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"
#include "proto/vdi/fragmenter.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace vmcbridge {
namespace {

constexpr std::size_t body_size = 16 * 1024 * 1024;
constexpr std::size_t read_size = 256 * 1024;
constexpr agent::Dialect dialect{};

/// One clipboard message of `body_size` bytes as the guest would write it, in chunks of at most 2048 bytes.
std::vector<std::byte> chunked_clipboard() {
    std::vector<std::byte> wire(body_size + body_size / 128);
    const std::vector<std::byte> content(body_size);
    vdi::Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, AgentType::clipboard, static_cast<std::uint32_t>(content.size()));
    MutableBytes out{wire};
    Bytes body{content};
    fragmenter.write(out, body);
    wire.resize(wire.size() - out.size());
    return wire;
}

/// Reads `wire` as it comes in reads of 256 KiB; gives the number of content bytes seen.
std::size_t read_all(Bytes wire) {
    vdi::ChunkReader chunks;
    vdi::Assembler assembler;
    std::size_t seen = 0;
    while (!wire.empty()) {
        auto input = wire.first(std::min(read_size, wire.size()));
        wire = wire.subspan(input.size());
        for (auto slice = chunks.next(input); slice && *slice; slice = chunks.next(input)) {
            auto bytes = (*slice)->bytes;
            for (auto event = assembler.next(bytes, dialect); event && *event; event = assembler.next(bytes, dialect))
                if (const auto* bulk = std::get_if<vdi::BulkSlice>(&**event)) seen += bulk->bytes.size();
        }
    }
    return seen;
}

void guest_chunks_to_slices(benchmark::State& state) {
    const auto wire = chunked_clipboard();
    for (auto _ : state) benchmark::DoNotOptimize(read_all(wire));
    state.counters["per chunk"] = benchmark::Counter(static_cast<double>(state.iterations()) * body_size / 2048,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body_size));
}
BENCHMARK(guest_chunks_to_slices);

void file_data_to_chunks(benchmark::State& state) {
    constexpr std::size_t message = 64 * 1024;
    const std::vector<std::byte> content(message);
    std::vector<std::byte> buffer(2 * message);
    for (auto _ : state) {
        vdi::Fragmenter fragmenter;
        fragmenter.begin(ChunkPort::client, AgentType::file_xfer_data, message);
        MutableBytes out{buffer};
        Bytes body{content};
        fragmenter.write(out, body);
        benchmark::DoNotOptimize(buffer.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(message));
}
BENCHMARK(file_data_to_chunks);

}  // namespace
}  // namespace vmcbridge
