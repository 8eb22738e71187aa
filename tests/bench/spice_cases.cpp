#include "tests/bench/spice_cases.hpp"

#include "tests/bench/guest.hpp"
#include "tests/bench/meter.hpp"

#include <spice/vd_agent.h>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t period_unit = 64 * 1024;

/// A guest and a client that have agreed, with a server between them.
struct Pair {
    Pair(const Relay& server, Guest::Script script, SpiceClient::Grant grant)
        : guest{server.guest_path(), std::move(script), Guest::Host::server}, client{server.spice_port(), grant} {
        guest.wait_for_client();
    }
    Guest guest;
    SpiceClient client;
};

}  // namespace

Sample spice_download(const Relay& server, SpiceClient::Grant grant, const Effort& effort) {
    const Pattern pattern{period_unit};
    const auto answer = [&](Guest& self, std::uint32_t format) {
        self.answer_with_pattern(format, pattern, effort.clipboard, Guest::Shape::one_chunk);
    };
    Pair pair{server, {answer, [](Guest&, Bytes) {}, nullptr}, grant};
    pair.guest.offer(VD_AGENT_CLIPBOARD_IMAGE_PNG);
    pair.client.wait_for_grab();
    const Meter meter{server};
    pair.client.fetch_image(pattern, effort.clipboard);
    pair.guest.check();
    return meter.finish(effort.clipboard);
}

Sample spice_upload(const Relay& server, const Effort& effort) {
    const Pattern pattern{period_unit};
    Pair pair{server, {[](Guest&, std::uint32_t) {}, [](Guest&, Bytes) {}, &pattern}, SpiceClient::unlimited};
    const Meter meter{server};
    pair.client.upload(pattern, effort.file);
    pair.guest.check();
    return meter.finish(effort.file);
}

Sample spice_round_trip(const Relay& server, const Effort& effort) {
    std::uint64_t answered = 0;
    const auto answer = [&](Guest& self, std::uint32_t format) {
        const auto text = numbered_text(answered++);
        self.answer(format, std::as_bytes(std::span{text}));
    };
    Pair pair{server, {answer, [](Guest&, Bytes) {}, nullptr}, SpiceClient::unlimited};
    pair.guest.offer(VD_AGENT_CLIPBOARD_UTF8_TEXT);
    pair.client.wait_for_grab();

    std::vector<double> times;
    const auto cpu = server.cpu();
    for (const auto end = Clock::now() + effort.time; Clock::now() < end;) {
        const auto start = Clock::now();
        if (pair.client.fetch_text() != numbered_text(times.size())) throw Failure{"a clipboard text arrived wrong"};
        times.push_back(seconds(Clock::now() - start));
    }
    pair.guest.check();
    Sample sample;
    sample.value = quantile(times, 0.5);
    sample.tail = quantile(times, 0.99);
    sample.cpu = seconds(server.cpu() - cpu) / static_cast<double>(times.size());
    return sample;
}

}  // namespace vmcbridge::bench
