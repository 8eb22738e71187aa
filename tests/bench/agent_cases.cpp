#include "tests/bench/agent_cases.hpp"

#include "tests/bench/agent_client.hpp"
#include "tests/bench/meter.hpp"

#include <spice/vd_agent.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>

namespace vmcbridge::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t period_unit = 64 * 1024;

std::string as_text(Bytes content) { return {reinterpret_cast<const char*>(content.data()), content.size()}; }

Ring upload_ring(const Pattern& pattern, std::size_t unit) {
    std::vector<std::byte> prefix;
    append_u32(prefix, AgentClient::upload_stream);
    return framed_ring(pattern, unit, prefix);
}

/// One side of clipboard_beside_file: asks the client again and again, and times each answer.
class Asker {
public:
    [[nodiscard]] Guest::Script script(const Pattern& files) {
        return {[](Guest&, std::uint32_t) {}, [this](Guest& guest, Bytes content) { take(guest, content); }, &files};
    }

    /// The client sends answer `number` now.
    [[nodiscard]] std::string stamp() {
        sent_at_ = Clock::now().time_since_epoch().count();
        return numbered_text(sent_++);
    }
    void stop() noexcept { stopped_ = true; }

    /// Once the guest is gone.
    [[nodiscard]] const std::vector<double>& times() const noexcept { return times_; }

private:
    void take(Guest& guest, Bytes content) {
        const auto now = Clock::now().time_since_epoch().count();
        if (as_text(content) != numbered_text(times_.size())) throw Failure{"a clipboard text arrived wrong"};
        times_.push_back(seconds(Clock::duration{now - sent_at_}));
        if (!stopped_) guest.request(VD_AGENT_CLIPBOARD_UTF8_TEXT);
    }

    std::atomic<Clock::rep> sent_at_ = 0;
    std::atomic<bool> stopped_ = false;
    std::uint64_t sent_ = 0;
    std::vector<double> times_;
};

/// Answers the guest's requests, one a millisecond, until the connection is hung up.
void answer_requests(AgentClient& client, Asker& asker) {
    for (;;) {
        const auto request = client.wait_for("clipboard-request");
        std::this_thread::sleep_for(1ms);
        client.send(
            {{"type", "clipboard-data"}, {"id", request.at("id")}, {"format", "text/plain"}, {"text", asker.stamp()}});
    }
}

/// Memory of one of `count` connections. One before the count brings in the code that each of them uses.
template <class Open>
Sample idle(const Relay& relay, std::size_t count, Open open) {
    [[maybe_unused]] const auto first = open();
    const auto before = relay.process()->memory();
    std::vector<decltype(open())> connections;
    while (connections.size() < count) connections.push_back(open());
    const auto after = relay.process()->memory();
    Sample sample;
    sample.value = (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(count);
    return sample;
}

/// Agents, each of which hears of those that come after it and reads that.
class IdleAgents {
public:
    explicit IdleAgents(const Relay& daemon) : daemon_{daemon} {}
    AgentClient* open() {
        for (const auto& client : clients_) client->read_up();
        return clients_.emplace_back(std::make_unique<AgentClient>(daemon_.port())).get();
    }

private:
    const Relay& daemon_;
    std::vector<std::unique_ptr<AgentClient>> clients_;
};

}  // namespace

Sample clipboard_download(const Relay& daemon, Guest::Shape shape, const Effort& effort) {
    const Pattern pattern{period_unit};
    Guest guest{
        daemon.guest_path(),
        {[&](Guest& self, std::uint32_t format) { self.answer_with_pattern(format, pattern, effort.clipboard, shape); },
         [](Guest&, Bytes) {}, nullptr}};
    AgentClient client{daemon.port()};
    guest.offer(VD_AGENT_CLIPBOARD_IMAGE_PNG);
    (void)client.wait_for("clipboard-grab");
    const Meter meter{daemon};
    client.fetch_image(pattern, effort.clipboard);
    guest.check();
    return meter.finish(effort.clipboard);
}

Sample file_upload(const Relay& daemon, std::size_t unit, std::uint64_t size) {
    const Pattern pattern{period_unit};
    const auto ring = upload_ring(pattern, unit);
    Guest guest{daemon.guest_path(), {[](Guest&, std::uint32_t) {}, [](Guest&, Bytes) {}, &pattern}};
    AgentClient client{daemon.port()};
    const Meter meter{daemon};
    client.upload(ring, size);
    guest.check();
    return meter.finish(size);
}

Sample clipboard_round_trip(const Relay& daemon, const Effort& effort) {
    std::uint64_t answered = 0;
    const auto answer = [&](Guest& self, std::uint32_t format) {
        const auto text = numbered_text(answered++);
        self.answer(format, std::as_bytes(std::span{text}));
    };
    Guest guest{daemon.guest_path(), {answer, [](Guest&, Bytes) {}, nullptr}};
    AgentClient client{daemon.port()};
    guest.offer(VD_AGENT_CLIPBOARD_UTF8_TEXT);
    (void)client.wait_for("clipboard-grab");

    std::vector<double> times;
    const auto cpu = daemon.cpu();
    for (const auto end = Clock::now() + effort.time; Clock::now() < end;) {
        const auto start = Clock::now();
        if (client.fetch_text() != numbered_text(times.size())) throw Failure{"a clipboard text arrived wrong"};
        times.push_back(seconds(Clock::now() - start));
    }
    guest.check();
    Sample sample;
    sample.value = quantile(times, 0.5);
    sample.tail = quantile(times, 0.99);
    sample.cpu = seconds(daemon.cpu() - cpu) / static_cast<double>(times.size());
    return sample;
}

Sample clipboard_beside_file(const Relay& daemon, const Effort& effort) {
    const Pattern pattern{period_unit};
    const auto ring = upload_ring(pattern, period_unit);
    Asker asker;
    {
        Guest guest{daemon.guest_path(), asker.script(pattern)};
        AgentClient uploader{daemon.port()};
        AgentClient copier{daemon.port()};
        copier.send({{"type", "clipboard-grab"}, {"selection", "clipboard"}, {"formats", {"text/plain"}}});
        guest.wait_for_grab();
        const auto answering = std::async(std::launch::async, [&] {
            try {
                answer_requests(copier, asker);
            } catch (const Failure&) {
                // Hung up below; whatever else it may be, then too few answers come, which is told.
            }
        });
        guest.request(VD_AGENT_CLIPBOARD_UTF8_TEXT);
        try {
            uploader.upload(ring, effort.long_file);
        } catch (...) {
            copier.hang_up();
            throw;
        }
        asker.stop();
        copier.hang_up();
        guest.check();
    }
    constexpr std::size_t enough = 10;
    if (asker.times().size() < enough)
        throw Failure{"only " + std::to_string(asker.times().size()) + " clipboard messages came"};
    Sample sample;
    sample.value = quantile(asker.times(), 0.5);
    sample.tail = quantile(asker.times(), 0.99);
    return sample;
}

Sample idle_agents(const Relay& daemon, const Effort& effort) {
    Guest guest{daemon.guest_path(), {}};
    IdleAgents agents{daemon};
    return idle(daemon, effort.idle_clients, [&] { return agents.open(); });
}

Sample idle_links(const Relay& relay, std::size_t count) {
    return idle(relay, count, [&] { return std::make_unique<Link>(relay.connect()); });
}

}  // namespace vmcbridge::bench
