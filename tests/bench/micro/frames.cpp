// What a control frame of a client costs: a credit comes with every few hundred KiB, a mouse move with every frame of a
// screen.
#include "proto/browser/frames.hpp"

#include <benchmark/benchmark.h>

namespace vmcbridge::browser {
namespace {

void decode(benchmark::State& state, std::string_view text) {
    for (auto _ : state) benchmark::DoNotOptimize(decode_client(text));
}
BENCHMARK_CAPTURE(decode, credit, R"({"type":"credit","stream":7,"bytes":524288})");
BENCHMARK_CAPTURE(decode, mouse, R"({"type":"mouse","display":0,"x":1023,"y":767,"buttons":["left"]})");
BENCHMARK_CAPTURE(decode, request,
                  R"({"type":"clipboard-request","id":12,"selection":"clipboard","format":"text/plain"})");

void encode_credit(benchmark::State& state) {
    const ServerFrame frame = Credit{.stream = 7, .bytes = 524288};
    for (auto _ : state) benchmark::DoNotOptimize(encode(frame));
}
BENCHMARK(encode_credit);

}  // namespace
}  // namespace vmcbridge::browser
