// What the hub costs a byte of bulk, without sockets: from the guest's chunks to a client's frames, and from a client's
// frames to the guest's chunks. The clock stands still.
#include "src/bridge/hub.hpp"

#include "proto/agent/codec.hpp"
#include "proto/vdi/fragmenter.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace vmcbridge::bridge {
namespace {

constexpr std::size_t content_size = 16 * 1024 * 1024;
constexpr std::size_t buffer_size = 256 * 1024;
constexpr agent::Dialect dialect{.selection = true, .grab_serial = true};
constexpr std::uint32_t linux_agent = 0x00038de7;

/// One hub, one agent, one client, in our hands.
class Bench {
public:
    Bench() : hub_{"bench", {}, nullptr}, buffer_(buffer_size) {
        hub_.handle_guest_connected(now_);
        say(agent::AnnounceCapabilities{.request = true, .capabilities = agent::CapabilitySet{linux_agent}});
        say(agent::AnnounceCapabilities{.request = false, .capabilities = agent::CapabilitySet{linux_agent}});
        client_ = *hub_.handle_client_joined({.kind = ClientKind::web,
                                              .user = {},
                                              .permissions = policy::PermissionSet::all_but_admin(),
                                              .resume_token = {}},
                                             now_);
        take_frames();
    }

    void say(const agent::AgentMessage& message) {
        std::vector<std::byte> body;
        agent::encode(message, dialect, body);
        feed(chunked(agent::type_of(message), body));
    }
    void ask(const std::string& text) { hub_.handle_client_text(client_, text, now_); }

    /// In reads of 256 KiB, each followed by what its driver would do.
    void feed(Bytes wire) {
        while (!wire.empty()) {
            const auto part = wire.first(std::min(buffer_size, wire.size()));
            hub_.handle_guest_bytes(part, now_);
            wire = wire.subspan(part.size());
            take_frames();
        }
        while (hub_.poll_guest(buffer_, now_) > 0) {
        }
    }
    void frame(Bytes binary) {
        hub_.handle_client_binary(client_, binary, now_);
        while (const auto count = hub_.poll_guest(buffer_, now_)) to_guest_ += count;
        take_frames();
    }

    [[nodiscard]] std::size_t to_client() const noexcept { return to_client_; }
    [[nodiscard]] std::size_t to_guest() const noexcept { return to_guest_; }

    /// A message of the guest in chunks of at most 2048 bytes.
    [[nodiscard]] static std::vector<std::byte> chunked(AgentType type, Bytes body) {
        std::vector<std::byte> wire(body.size() + body.size() / 64 + 64);
        vdi::Fragmenter fragmenter;
        fragmenter.begin(ChunkPort::client, type, static_cast<std::uint32_t>(body.size()));
        MutableBytes out{wire};
        fragmenter.write(out, body);
        wire.resize(wire.size() - out.size());
        return wire;
    }

private:
    void take_frames() {
        benchmark::DoNotOptimize(hub_.take_ready_clients());
        while (const auto frame = hub_.poll_client(client_))
            if (frame->binary) to_client_ += frame->body.size();
    }

    Time now_{};
    Hub hub_;
    ClientId client_{};
    std::vector<std::byte> buffer_;
    std::size_t to_client_ = 0;
    std::size_t to_guest_ = 0;
};

void check(benchmark::State& state, bool good) {
    if (!good) state.SkipWithError("the hub passed on another number of bytes");
}

void clipboard_to_client(benchmark::State& state) {
    Bench bench;
    bench.say(agent::ClipboardGrab{
        .selection = Selection::clipboard, .serial = GrabSerial{0}, .formats = {ClipboardFormat::png}});
    std::vector<std::byte> body;
    agent::encode(agent::ClipboardData{.selection = Selection::clipboard, .format = ClipboardFormat::png, .data = {}},
                  dialect, body);
    body.resize(body.size() + content_size);
    const auto wire = Bench::chunked(AgentType::clipboard, body);
    std::size_t id = 0;
    for (auto _ : state) {
        bench.ask(R"({"type":"clipboard-request","format":"image/png","id":)" + std::to_string(++id) + "}");
        bench.feed(Bytes{wire}.first(4096));
        bench.ask(R"({"type":"credit","bytes":1000000000,"stream":)" + std::to_string(id) + "}");
        bench.feed(Bytes{wire}.subspan(4096));
    }
    check(state, bench.to_client() == id * content_size);
    state.SetBytesProcessed(static_cast<std::int64_t>(id * content_size));
}
BENCHMARK(clipboard_to_client)->Unit(benchmark::kMillisecond);

void file_to_guest(benchmark::State& state) {
    const auto payload = static_cast<std::size_t>(state.range(0));
    std::vector<std::byte> frame(4 + payload);
    frame[0] = std::byte{1};
    std::size_t files = 0;
    Bench bench;
    for (auto _ : state) {
        ++files;
        bench.ask(R"({"type":"file-start","name":"x","stream":1,"size":)" + std::to_string(content_size) + R"(,"id":)" +
                  std::to_string(files) + "}");
        bench.say(agent::FileTransferStatus{.id = TransferId{static_cast<std::uint32_t>(files)},
                                            .status = agent::FileStatus::can_send_data});
        for (std::size_t sent = 0; sent < content_size; sent += payload) bench.frame(frame);
        bench.say(agent::FileTransferStatus{.id = TransferId{static_cast<std::uint32_t>(files)},
                                            .status = agent::FileStatus::success});
    }
    check(state, bench.to_guest() > files * content_size);
    state.SetBytesProcessed(static_cast<std::int64_t>(files * content_size));
}
BENCHMARK(file_to_guest)->Arg(64 * 1024)->Arg(2 * 1024)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vmcbridge::bridge
