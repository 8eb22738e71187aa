#pragma once

#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"
#include "src/bridge/client.hpp"
#include "src/bridge/out_frame.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace vmcbridge::bridge {

/// Bulk on its way to one browser: each stream sends as far as the browser's credit goes, by turns.
class OutStreams {
public:
    /// Contents that come in pieces by append(), or all of them from `spool`. Returns the stream's number.
    [[nodiscard]] browser::StreamId open(RequestId request, std::uint64_t size, std::shared_ptr<const Spool> spool,
                                         Time now);
    void append(RequestId request, const SharedBytes& bytes);
    /// Forgets the stream of this request, if there is one.
    void close(RequestId request);
    /// Forgets all streams: the connection is lost.
    void clear() noexcept;
    void add_credit(browser::StreamId stream, std::uint64_t bytes, Time now);
    [[nodiscard]] bool has(RequestId request) const noexcept;
    /// Requests of all streams.
    [[nodiscard]] std::vector<RequestId> requests() const;
    /// Requests of the streams of which bytes of append() wait.
    [[nodiscard]] std::vector<RequestId> waiting() const;

    [[nodiscard]] bool has_passing() const noexcept;
    /// Lays what waits of append(), and what comes by it from now on, into spools: it waits in memory no more. Returns
    /// the requests for which there is no room; they stay as they were.
    [[nodiscard]] std::vector<RequestId> move_to_spools(SpoolPool& pool);
    /// Contents that streams hold, each once.
    [[nodiscard]] std::set<const Spool*> spools() const;
    /// Requests of the streams with a spool that had no credit, and got less than limits::stream_least of it for
    /// `patience`. That a stream has none is noticed here first, so they are found after twice that time at most.
    [[nodiscard]] std::vector<RequestId> look_for_untaken(Time now, std::chrono::milliseconds patience);
    /// When to look; nullopt: all streams with a spool have credit.
    [[nodiscard]] std::optional<Time> next_untaken(std::chrono::milliseconds patience) const;

    [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }
    [[nodiscard]] bool can_send() const noexcept;
    /// The next piece of the stream whose turn it is. nullopt: none may send now, or its spool failed: see failed().
    [[nodiscard]] std::optional<OutFrame> poll();
    /// The request whose spool could not be read, once.
    [[nodiscard]] std::optional<RequestId> take_failed() { return std::exchange(failed_, std::nullopt); }
    /// Bytes of append() that were not polled yet.
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_; }

private:
    struct Stream {
        browser::StreamId id = 0;
        RequestId request = 0;
        std::uint64_t left = 0;  ///< bytes to send still
        std::uint64_t credit = limits::initial_credit;
        std::deque<SharedBytes> pieces;
        std::shared_ptr<const Spool> spool;
        std::uint64_t offset = 0;
        std::shared_ptr<Spool> filling;  ///< the same spool, where append() goes on in it
        bool is_untaken = false;         ///< it has had no credit since `since`, and hardly got any
        Time since{};                    ///< or when it began, or got credit last
        std::uint64_t granted = 0;       ///< while it is untaken
    };
    [[nodiscard]] static bool may_send(const Stream& stream) noexcept;
    [[nodiscard]] bool move_to_spool(Stream& stream, SpoolPool& pool);
    [[nodiscard]] SharedBytes take_piece(Stream& stream, std::size_t most);
    [[nodiscard]] static SharedBytes read_spool(Stream& stream, std::size_t most);

    std::list<Stream> streams_;  ///< the front one has the next turn
    std::size_t waiting_ = 0;
    browser::StreamId next_id_ = 1;
    std::optional<RequestId> failed_;
};

/// Bulk on its way from one browser: what each stream is for, and how much more of it may come.
class InStreams {
public:
    struct ForFetch {
        FetchId fetch;
    };
    struct ForFile {
        RequestId file;
    };
    struct Discarded {};
    using Purpose = std::variant<ForFetch, ForFile, Discarded>;
    struct Stream {
        Purpose purpose;
        std::uint64_t size = 0;
        std::uint64_t received = 0;
        std::uint64_t consumed = 0;                      ///< of the received: what need not be held any more
        std::uint64_t allowed = limits::initial_credit;  ///< what may have come in all
        bool is_open = false;                            ///< granted beyond the initial credit
    };

    /// false: this number is in use.
    [[nodiscard]] bool open(browser::StreamId id, Purpose purpose, std::uint64_t size);
    /// nullptr: no such stream.
    [[nodiscard]] Stream* find(browser::StreamId id) noexcept;
    /// Counts bytes that came; false: more than its size or credit, nothing was counted.
    [[nodiscard]] static bool receive(Stream& stream, std::size_t bytes) noexcept;
    /// What is to be granted now, or 0: a little at a time is not worth a frame.
    [[nodiscard]] static std::uint64_t take_grant(Stream& stream) noexcept;
    /// The stream is over where all of it came.
    void close_if_complete(browser::StreamId id);
    /// Its purpose is gone: what still comes is thrown away.
    void discard(browser::StreamId id);

    /// A new connection takes over: only files go on, each from `received` with the initial credit, which is taken
    /// back as far as more of it would be held then than without the loss. Returns those of which bytes were taken
    /// back.
    struct Rewound {
        RequestId file = 0;
        std::uint64_t received = 0;
    };
    [[nodiscard]] std::vector<Rewound> restart();

    [[nodiscard]] std::optional<browser::StreamId> of_file(RequestId file) const noexcept;
    [[nodiscard]] std::optional<browser::StreamId> of_fetch(FetchId fetch) const noexcept;

private:
    std::map<browser::StreamId, Stream> streams_;
};

}  // namespace vmcbridge::bridge
