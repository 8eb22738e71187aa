#pragma once

#include "proto/text.hpp"
#include "src/bridge/clipboard_broker.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace vmcbridge::bridge {

// ---- Steps of the trace

[[nodiscard]] inline TraceStep from_guest(std::string_view what) {
    return {.topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::from_guest, .what = what};
}
/// `client`: whose contents they are.
[[nodiscard]] inline TraceStep to_guest(std::string_view what, std::optional<ClientId> client = {}) {
    return {.topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::to_guest, .what = what, .client = client};
}
[[nodiscard]] inline TraceStep from_client(ClientId client, std::string_view what) {
    return {.topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::from_client, .what = what, .client = client};
}
[[nodiscard]] inline TraceStep to_client(ClientId client, std::string_view what) {
    return {.topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::to_client, .what = what, .client = client};
}

/// One fetch of contents from their owner, for everybody who asked for them in time.
struct ClipboardBroker::Fetch {
    struct Waiter {
        ClientId client;
        RequestId request;
    };
    enum class Stage : std::uint8_t {
        queued,     ///< another fetch of this selection is with the guest
        asked,      ///< the owner was asked
        streaming,  ///< bytes come
    };

    FetchId id = 0;
    Selection selection{};
    ClipboardFormat format{};
    std::uint64_t generation = 0;  ///< of the grab that it belongs to
    bool from_guest = false;
    ClientId owner{};  ///< where not from_guest
    Stage stage = Stage::queued;
    Time deadline{};

    std::vector<Waiter> waiters;
    unsigned guest_waits = 0;  ///< requests of the guest that this answers: each wants an answer of its own

    std::uint64_t size = 0;      ///< bytes that the owner announced
    std::uint64_t received = 0;  ///< of them
    /// Contents are gathered here; without one they go on as they come.
    std::shared_ptr<Spool> spool;
    std::optional<LineEnds> to_lf;    ///< contents of a guest with CRLF, on their way to clients
    std::uint64_t bare_newlines = 0;  ///< LF without CR in contents of a client: what a CRLF guest's copy is longer by
    bool after_cr = false;

    std::shared_ptr<std::byte[]> block;  ///< cut through: filled once, handed out in parts that never change
    std::size_t block_size = 0;
    std::size_t block_used = 0;
    std::size_t block_flushed = 0;  ///< of the used: what the waiters have
    bool is_broken = false;         ///< a spool that took no more
};

/// Fails each fetch that fits. Failing one may start or end others, so the search begins anew each time.
void ClipboardBroker::fail_where(auto condition, browser::Code code, std::string_view message, Time now) {
    for (;;) {
        const auto found = std::ranges::find_if(fetches_, condition);
        if (found == fetches_.end()) return;
        fail(*found, code, message, now);
    }
}

}  // namespace vmcbridge::bridge
