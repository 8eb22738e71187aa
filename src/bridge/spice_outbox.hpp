#pragma once

#include "proto/agent/message.hpp"
#include "proto/spice/main_channel.hpp"
#include "src/bridge/client.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace vmcbridge::bridge {

/// Everything that goes to one SPICE client on its main channel, composed on demand into the driver's buffer.
///
/// Messages of the channel itself go first. The agent's messages are one stream in AGENT_DATA, each of which costs a
/// token of the client's: small messages in order, then contents of the clipboard, one after the other. One that has
/// begun is finished before the next; only an agent that is said to be gone takes it back.
class SpiceOutbox {
public:
    explicit SpiceOutbox(spice::HeaderKind kind) noexcept : header_{kind} {}

    /// A message of the channel, whole.
    template <class Value>
    void send(const Value& message) {
        spice::encode(message, header_, control_);
    }
    /// A small message of the agent.
    void send_agent(const agent::AgentMessage& message, agent::Dialect dialect);

    // ---- Tokens: AGENT_DATA that the client takes
    void set_tokens(std::uint64_t tokens) noexcept { tokens_ = tokens; }
    void add_tokens(std::uint32_t tokens) noexcept { tokens_ += tokens; }

    // ---- Contents, by the request that they answer
    /// `size` bytes that come by append(), or all of them from `spool`.
    void open(RequestId request, const agent::ClipboardData& head, agent::Dialect dialect, std::uint64_t size,
              std::shared_ptr<const Spool> spool, Time now);
    void append(RequestId request, const SharedBytes& bytes);
    enum class Closed : std::uint8_t { unknown, unsent, begun };
    /// Forgets them. begun: the client waits for their rest, and takes nothing else for anything else.
    Closed close(RequestId request, Time now);
    [[nodiscard]] bool has(RequestId request) const noexcept;
    [[nodiscard]] std::vector<RequestId> requests(bool waiting_only) const;
    [[nodiscard]] bool has_passing() const noexcept;
    /// As OutStreams::move_to_spools().
    [[nodiscard]] std::vector<RequestId> move_to_spools(SpoolPool& pool);
    [[nodiscard]] std::set<const Spool*> spools() const;
    /// The request whose contents have their turn and did not move for `patience`.
    [[nodiscard]] std::optional<RequestId> stuck(Time now, std::chrono::milliseconds patience) const;
    [[nodiscard]] std::optional<Time> next_stuck(std::chrono::milliseconds patience) const;
    /// The request whose spool could not be read, once.
    [[nodiscard]] std::optional<RequestId> take_failed() noexcept { return std::exchange(failed_, std::nullopt); }

    /// Small messages leave before the next send(), as far as tokens go and no contents are under way.
    void finish_small();
    /// The conversation with the agent is over: forgets all of it.
    void clear_agent() noexcept;

    /// Fills `out` as far as tokens go; 0: nothing to write now. REQUIRES: out.size() >= 4096.
    [[nodiscard]] std::size_t poll(MutableBytes out, Time now);
    /// Tokens are left: what is sent now leaves at the next poll.
    [[nodiscard]] bool can_send_agent() const noexcept { return tokens_ > 0 && small_.empty(); }
    /// Bytes of append() that were not polled yet.
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_; }
    /// Bytes of messages that wait, contents excluded.
    [[nodiscard]] std::size_t small_bytes() const noexcept { return agent_bytes() + channel_bytes(); }
    /// Of them, those of the agent, which wait for tokens too; and those of the channel itself.
    [[nodiscard]] std::size_t agent_bytes() const noexcept { return small_bytes_; }
    [[nodiscard]] std::size_t channel_bytes() const noexcept { return control_.size() - control_at_; }

private:
    struct Contents {
        RequestId request = 0;
        std::vector<std::byte> head;  ///< the agent's header and the prefix
        std::uint64_t left = 0;       ///< bytes of contents to send still
        std::deque<SharedBytes> pieces;
        std::size_t ready = 0;  ///< bytes in `pieces`
        std::shared_ptr<const Spool> spool;
        std::uint64_t offset = 0;
        std::shared_ptr<Spool> filling;  ///< the same spool, where append() goes on in it
        bool begun = false;
        Time since{};  ///< when they got their turn, or moved last
    };

    [[nodiscard]] static bool is_here(const Contents& contents, std::uint64_t count) noexcept;
    void write_control(MutableBytes& out);
    [[nodiscard]] bool write_small(MutableBytes& out);
    [[nodiscard]] bool write_contents(MutableBytes& out, Time now);
    [[nodiscard]] bool take(Contents& from, MutableBytes to);
    [[nodiscard]] bool move_to_spool(Contents& contents, SpoolPool& pool);

    spice::HeaderWriter header_;
    std::vector<std::byte> control_;
    std::size_t control_at_ = 0;
    std::uint64_t tokens_ = 0;
    std::deque<std::vector<std::byte>> small_;
    std::size_t small_bytes_ = 0;
    std::size_t small_at_ = 0;  ///< of the front one, sent
    std::list<Contents> contents_;
    std::size_t waiting_ = 0;
    std::optional<RequestId> failed_;
};

}  // namespace vmcbridge::bridge
