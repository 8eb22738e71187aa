// Speed of the daemon against a plain copy, a hand-written WebSocket relay and websockify, all in one run.
//   1. start_relays   each in its own process; one that can't start is named and left out
//   2. measure        rounds > cases > relays: what is compared is measured within seconds of each other
//   3. report         medians, then the goals as ratios
#include "tests/bench/agent_cases.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/raw_cases.hpp"
#include "tests/bench/relay.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/spice_cases.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t chunk = 8 + 2 * kib;
constexpr std::size_t viewers = 60;      // idle viewers of one machine: the daemon refuses more than 64
constexpr std::size_t process_each = 8;  // idle clients of websockify, which gives each a process

struct Case {
    CaseName about;
    std::function<bool(const Relay&)> suits;
    std::function<Sample(const Relay&, const Effort&)> measure;
    bool once = false;  // in the first round only
};

bool is_spice(const Relay& relay) { return relay.spice_port() != 0; }
bool any(const Relay& relay) { return !is_spice(relay) && !relay.has_session(); }
bool is_session(const Relay& relay) { return relay.has_session() || relay.name() == "copy"; }
bool is_daemon(const Relay& relay) { return any(relay) && !relay.guest_path().empty(); }
bool is_server(const Relay& relay) { return is_daemon(relay) || relay.name() == "websockify"; }

std::vector<Case> all_cases(const ScratchDirectory& scratch, const Options& options) {
    using Shape = Guest::Shape;
    const auto fresh = [&scratch, &options](const char* name) {
        return start_vmcbridge(scratch, options.vmcbridge, name);
    };
    return {
        {{"idle-agent", "idle agent client", Unit::memory},
         is_daemon,
         [fresh](auto&, auto& effort) { return idle_agents(fresh("idle-agent"), effort); },
         true},
        {{"idle-display", "idle display client", Unit::memory},
         is_server,
         [fresh](auto& relay, auto& effort) {
             return is_daemon(relay) ? idle_links(fresh("idle-display"), std::min(viewers, effort.idle_clients))
                                     : idle_links(relay, process_each);
         },
         true},
        {{"rtt-64b", "round trip of 64 bytes", Unit::latency},
         any,
         [](auto& relay, auto& effort) { return round_trip(relay, 64, effort); }},
        {{"rtt-64k", "round trip of 64 KiB", Unit::latency},
         any,
         [](auto& relay, auto& effort) { return round_trip(relay, 64 * kib, effort); }},
        {{"rtt-1m", "round trip of 1 MiB", Unit::latency},
         any,
         [](auto& relay, auto& effort) { return round_trip(relay, 1024 * kib, effort); }},
        {{"down-64k", "download, 64 KiB guest writes", Unit::rate},
         any,
         [](auto& relay, auto& effort) { return download(relay, 64 * kib, effort); }},
        {{"down-2k", "download, one 2 KiB chunk a guest write", Unit::rate},
         any,
         [](auto& relay, auto& effort) { return download(relay, chunk, effort); }},
        {{"up-64k", "upload, 64 KiB frames", Unit::rate},
         any,
         [](auto& relay, auto& effort) { return upload(relay, 64 * kib, effort); }},
        {{"up-2k", "upload, 2 KiB frames", Unit::rate},
         any,
         [](auto& relay, auto& effort) { return upload(relay, 2 * kib, effort); }},
        {{"up-64b", "upload, 64-byte messages", Unit::messages, 64},
         any,
         [](auto& relay, auto& effort) { return upload(relay, 64, effort); }},
        {{"agent-down-64k", "agent: clipboard to a client, one chunk in 64 KiB guest writes", Unit::rate},
         is_daemon,
         [](auto& relay, auto& effort) { return clipboard_download(relay, Shape::one_chunk, effort); }},
        {{"agent-down-2k", "agent: clipboard to a client, one 2 KiB chunk a guest write", Unit::rate},
         is_daemon,
         [](auto& relay, auto& effort) { return clipboard_download(relay, Shape::small_chunks, effort); }},
        {{"agent-up-64k", "agent: file to the guest, 64 KiB frames", Unit::rate},
         is_daemon,
         [](auto& relay, auto& effort) { return file_upload(relay, 64 * kib, effort.file); }},
        {{"agent-up-2k", "agent: file to the guest, 2 KiB frames", Unit::rate},
         is_daemon,
         [](auto& relay, auto& effort) { return file_upload(relay, 2 * kib, effort.small_file); }},
        {{"agent-rtt", "agent: 64 bytes of clipboard, asked and answered", Unit::latency},
         is_daemon,
         [](auto& relay, auto& effort) { return clipboard_round_trip(relay, effort); }},
        {{"agent-beside-file", "agent: 64 bytes of clipboard to the guest during a file", Unit::latency},
         is_daemon,
         [](auto& relay, auto& effort) { return clipboard_beside_file(relay, effort); }},
        {{"session-down", "SPICE display of a server behind, 64 KiB writes", Unit::rate},
         is_session,
         [](auto& relay, auto& effort) { return download(relay, 64 * kib, effort); }},
        {{"session-input", "SPICE key of a viewer, and an answer", Unit::latency},
         is_session,
         [](auto& relay, auto& effort) { return input_round_trip(relay, effort); }},
        {{"spice-down", "SPICE: clipboard to a client that grants all", Unit::rate},
         is_spice,
         [](auto& relay, auto& effort) { return spice_download(relay, SpiceClient::unlimited, effort); }},
        {{"spice-down-10", "SPICE: clipboard to a client that grants 10 tokens", Unit::rate},
         is_spice,
         [](auto& relay, auto& effort) { return spice_download(relay, SpiceClient::window, effort); }},
        {{"spice-up", "SPICE: file to the guest, 64 KiB messages", Unit::rate},
         is_spice,
         [](auto& relay, auto& effort) { return spice_upload(relay, effort); }},
        {{"spice-rtt-64b", "SPICE: 64 bytes of clipboard, asked and answered", Unit::latency},
         is_spice,
         [](auto& relay, auto& effort) { return spice_round_trip(relay, effort); }},
    };
}

std::vector<Relay> start_relays(const ScratchDirectory& scratch, const Options& options, Results& results,
                                bool& failed) {
    std::vector<Relay> relays;
    const auto start = [&](const char* name, bool needed, const std::function<Relay()>& make) {
        try {
            relays.push_back(make());
            if (std::ranges::find(results.relays, name) == results.relays.end()) results.relays.emplace_back(name);
        } catch (const Failure& failure) {
            std::printf("%s is left out: %s\n", name, failure.what());
            failed = failed || needed;
        }
    };
    start("direct", true, start_direct);
    start("copy", true, [&] { return start_copy(scratch); });
    start("hand-written", true, [&] { return start_hand_written(scratch); });
    start("websockify", false, [&] { return start_websockify(scratch); });
    start("vmcbridge", true, [&] { return start_vmcbridge(scratch, options.vmcbridge, "vmcbridge"); });
    start("vmcbridge", true, [&] { return start_vmcbridge_session(scratch, options.vmcbridge); });
    start("spice-server", false, [&] { return start_spice_server(scratch); });
    start("vmcbridge", false, [&] { return start_vmcbridge_spice(scratch, options.vmcbridge); });
    return relays;
}

bool measure(const std::vector<Case>& cases, const std::vector<Relay>& relays, const Options& options,
             Results& results) {
    bool good = true;
    for (int round = 1; round <= options.rounds; ++round) {
        for (const auto& one : cases) {
            for (const auto& relay : relays) {
                const auto name = one.about.name + "/" + relay.name();
                if (!one.suits(relay) || (one.once && round > 1) || !std::regex_search(name, options.only)) continue;
                Sample sample;
                try {
                    sample = one.measure(relay, effort_of(options));
                } catch (const std::exception& fault) {
                    std::printf("round %d, %s FAILED: %s\n", round, name.c_str(), fault.what());
                    good = false;
                }
                results.samples[one.about.name][relay.name()].push_back(sample);
            }
        }
        std::fprintf(stderr, "round %d of %d done\n", round, options.rounds);
    }
    return good;
}

int run(const Options& options) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    clean_up_on_signals();
    const ScratchDirectory scratch;
    Results results;
    bool failed = false;
    const auto cases = all_cases(scratch, options);
    for (const auto& one : cases) results.cases.push_back(one.about);
    const auto relays = start_relays(scratch, options, results, failed);
    const bool good = measure(cases, relays, options, results);
    print_figures(results);
    print_goals(results);
    if (options.json) write_json(results, *options.json);
    return failed || !good ? 1 : 0;
}

}  // namespace
}  // namespace vmcbridge::bench

int main(int count, char** words) {
    using namespace vmcbridge::bench;
    const std::string first = count > 1 ? words[1] : "";
    if (first == "--relay" && count == 5) {
        const auto kind = std::string{words[2]} == "copy" ? RelayKind::copy : RelayKind::websocket;
        run_relay(kind, Fd{std::atoi(words[3])}, words[4]);
    }
    try {
        return run(parse_options(count, words));
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "vmcbridge_bench: %s\n", fault.what());
        return 1;
    }
}
