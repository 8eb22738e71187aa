// Flow of a stream:
//   1. run         the sender runs in a thread of its own, the receiver in the caller's
//   2. send_for    walks the ring until the time is up; publishes the total just before its last write
//   3. receive_all checks each byte where it arrives, until the total is there; the clock starts at the first byte
#include "tests/bench/raw_cases.hpp"

#include "tests/bench/spice_wire.hpp"

#include <spice/enums.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <future>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t write_size = 64 * 1024;
constexpr std::size_t largest_frame = 64 * 1024;
constexpr std::uint64_t unknown = ~std::uint64_t{0};

using Receive = std::function<Bytes()>;

/// Runs `work` in a thread. Whichever side fails first hangs both descriptors up, so that the other ends too.
class Partner {
public:
    template <class Work>
    Partner(const Link& link, Work work) : link_{link} {
        done_ = std::async(std::launch::async, [this, work = std::move(work)] {
            try {
                work();
            } catch (...) {
                hang_up_both();
                throw;
            }
        });
    }
    Partner(const Partner&) = delete;
    Partner& operator=(const Partner&) = delete;
    ~Partner() { hang_up_both(); }
    void join() { done_.get(); }

private:
    void hang_up_both() const noexcept {
        hang_up(link_.client.fd());
        hang_up(link_.guest.get());
    }

    const Link& link_;
    std::future<void> done_;  // its destructor waits
};

void send_for(int fd, const Ring& ring, std::size_t units, const Effort& effort, std::atomic<std::uint64_t>& total) {
    Feed feed{ring};
    const auto end = Clock::now() + effort.time;
    for (bool last = false; !last;) {
        const auto bytes = feed.take(units);
        last = Clock::now() >= end || feed.payload() >= effort.bytes;
        if (last) total = feed.payload();
        send_all(fd, bytes);
    }
}

/// Bytes a second.
double receive_all(const Receive& receive, const Pattern& pattern, const std::atomic<std::uint64_t>& total) {
    std::uint64_t received = 0;
    std::uint64_t at_start = 0;
    auto start = Clock::now();
    while (received != total) {
        const auto bytes = receive();
        pattern.verify(received, bytes);
        if (received == 0) {
            start = Clock::now();
            at_start = bytes.size();
        }
        received += bytes.size();
        if (received > total) throw Failure{"more bytes came than were sent"};
    }
    return static_cast<double>(received - at_start) / seconds(Clock::now() - start);
}

/// One stream through a link.
struct Stream {
    const Pattern& pattern;
    const Ring& ring;
    std::size_t units;  // to a write
    int from;
    Receive receive;
};

Sample run(const Relay& relay, const Link& link, const Stream& stream, const Effort& effort) {
    std::atomic<std::uint64_t> total = unknown;
    double sending = 0;
    const auto cpu = relay.cpu();
    const auto start = Clock::now();
    const auto thread_start = thread_cpu();
    Partner sender{link, [&] {
                       send_for(stream.from, stream.ring, stream.units, effort, total);
                       sending = thread_cpu();
                   }};
    Sample sample;
    sample.value = receive_all(stream.receive, stream.pattern, total);
    sender.join();
    sample.busy = std::max(sending, thread_cpu() - thread_start) / seconds(Clock::now() - start);
    sample.cpu = seconds(relay.cpu() - cpu) / static_cast<double>(total.load());
    return sample;
}

void echo(int guest, std::size_t size) {
    std::vector<std::byte> message(size);
    while (receive_exactly(guest, message)) send_all(guest, message);
}

void receive_echo(ClientEnd& client, const Pattern& pattern, std::uint64_t offset, std::size_t size) {
    for (std::size_t have = 0; have < size;) {
        const auto bytes = client.receive();
        pattern.verify(offset + have, bytes);
        have += bytes.size();
        if (have > size) throw Failure{"more bytes came than were sent"};
    }
}

}  // namespace

Sample round_trip(const Relay& relay, std::size_t size, const Effort& effort) {
    const auto frame = std::min(size, largest_frame);
    const Pattern pattern{size};
    const auto ring = relay.is_framed() ? framed_ring(pattern, frame) : bare_ring(pattern, frame);
    auto link = relay.connect();
    Partner guest{link, [&] { echo(link.guest.get(), size); }};

    Feed feed{ring};
    std::vector<double> times;
    const auto cpu = relay.cpu();
    for (const auto end = Clock::now() + effort.time; Clock::now() < end;) {
        const auto offset = feed.payload();
        const auto message = feed.take(size / frame);
        const auto start = Clock::now();
        send_all(link.client.fd(), message);
        receive_echo(link.client, pattern, offset, size);
        times.push_back(seconds(Clock::now() - start));
    }
    Sample sample;
    sample.cpu = seconds(relay.cpu() - cpu) / static_cast<double>(times.size());
    sample.value = quantile(times, 0.5);
    sample.tail = quantile(times, 0.99);
    return sample;
}

Sample input_round_trip(const Relay& relay, const Effort& effort) {
    std::vector<std::byte> key;
    append_main_message(key, SPICE_MSGC_INPUTS_KEY_DOWN, std::array<std::byte, 4>{std::byte{0x1e}});
    std::vector<std::byte> answer;
    append_main_message(answer, SPICE_MSG_INPUTS_MOUSE_MOTION_ACK, {});
    auto link = relay.connect_inputs();
    Partner guest{link, [&] {
                      std::vector<std::byte> got(key.size());
                      while (receive_exactly(link.guest.get(), got)) {
                          if (got != key) throw Failure{"a key arrived wrong"};
                          send_all(link.guest.get(), answer);
                      }
                  }};
    std::vector<double> times;
    const auto cpu = relay.cpu();
    for (const auto end = Clock::now() + effort.time; Clock::now() < end;) {
        const auto start = Clock::now();
        send_all(link.client.fd(), key);
        for (std::size_t have = 0; have < answer.size();) have += link.client.receive().size();
        times.push_back(seconds(Clock::now() - start));
    }
    Sample sample;
    sample.cpu = seconds(relay.cpu() - cpu) / static_cast<double>(times.size());
    sample.value = quantile(times, 0.5);
    sample.tail = quantile(times, 0.99);
    return sample;
}

Sample download(const Relay& relay, std::size_t unit, const Effort& effort) {
    const Pattern pattern{unit};
    const auto ring = bare_ring(pattern, unit);
    auto link = relay.connect();
    return run(relay, link, {pattern, ring, 1, link.guest.get(), [&] { return link.client.receive(); }}, effort);
}

Sample upload(const Relay& relay, std::size_t unit, const Effort& effort) {
    const Pattern pattern{unit};
    const auto ring = relay.is_framed() ? framed_ring(pattern, unit) : bare_ring(pattern, unit);
    auto link = relay.connect();
    std::vector<std::byte> buffer(read_size);
    const auto receive = [&] {
        const auto count = receive_some(link.guest.get(), buffer);
        if (count == 0) throw Failure{"the relay closed the guest's connection"};
        return Bytes{buffer}.first(count);
    };
    const auto units = std::max<std::size_t>(1, write_size / ring.unit_wire);
    return run(relay, link, {pattern, ring, units, link.client.fd(), receive}, effort);
}

}  // namespace vmcbridge::bench
