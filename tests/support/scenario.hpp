#pragma once

#include "proto/agent/message.hpp"
#include "src/bridge/hub.hpp"
#include "tests/support/hex.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A hub between a guest and browsers that do as a test says, on a clock that a test turns.
///
///     Scenario s;                                // an agent is there
///     auto& alice = s.joins();
///     alice.grabs({text});
///     s.guest.requests(text);
///     alice.answers(alice.asked(), "hello");
///     EXPECT_EQ(s.guest.next_data(), "hello");
///
/// After each step everything that can move has moved. What no peer of this hub may ever see (a chunk over 2048 bytes,
/// a stream beyond its credit, a timer that never ends) throws BrokenRule, and the test fails.
namespace vmcbridge::support {

using namespace std::chrono_literals;

struct BrokenRule : std::logic_error {
    using std::logic_error::logic_error;
};

inline constexpr auto text = ClipboardFormat::text;
inline constexpr auto png = ClipboardFormat::png;

/// What agents announce: spice-vdagent 0.20 to 0.22, its 0.14, and the Windows agent.
inline constexpr agent::CapabilitySet linux_agent{0x38DE7U};
inline constexpr agent::CapabilitySet old_linux_agent{0xE7U};
inline constexpr agent::CapabilitySet windows_agent{0x6B7U};

/// `size` bytes that differ from place to place, in lines.
[[nodiscard]] std::string long_text(std::size_t size);

class Scenario;

/// The guest's end of the port, as vdagentd holds it.
class FakeGuest {
public:
    explicit FakeGuest(Scenario& scenario) : scenario_{scenario} {}

    // ---- What it is like
    agent::CapabilitySet capabilities = linux_agent;
    bool answers_announce = true;
    bool reads = true;                                            ///< takes what the hub writes
    bool is_held = false;                                         ///< what it says waits for lets_read()
    std::size_t cut = std::numeric_limits<std::size_t>::max();    ///< bytes that the hub reads at once
    std::size_t chunk = std::numeric_limits<std::size_t>::max();  ///< bytes of its chunks; Linux: no limit
    std::size_t room = 64UL * 1024;                               ///< of the buffer that the hub writes into

    // ---- What it does
    /// Opens the port and announces itself.
    void comes();
    /// Opens the port again after a fault: says nothing of its own accord.
    void opens();
    /// The port closes; `comes` and `opens` do that first.
    void goes();
    void says(const agent::AgentMessage& message, ChunkPort port = ChunkPort::client);
    /// A message whose body is no business of the codec's.
    void says(AgentType type, Bytes body, ChunkPort port = ChunkPort::client);
    void writes(Bytes raw);
    /// The hub reads the next `count` bytes of what is held.
    void lets_read(std::size_t count);
    void announces(bool request);
    void grabs(const FormatList& formats, Selection selection = Selection::clipboard);
    void releases(Selection selection = Selection::clipboard) { says(agent::ClipboardRelease{selection}); }
    void requests(ClipboardFormat format, Selection selection = Selection::clipboard) {
        says(agent::ClipboardRequest{selection, format});
    }
    void answers(std::string_view contents, ClipboardFormat format = text, Selection selection = Selection::clipboard) {
        says(agent::ClipboardData{selection, format, as_bytes(contents)});
    }
    void replies(bool success = true) { says(agent::Reply{AgentType::monitors_config, success}); }
    void file_status(TransferId id, agent::FileStatus status, std::uint64_t free_bytes = 0) {
        says(agent::FileTransferStatus{.id = id, .status = status, .free_bytes = free_bytes, .error_code = 0});
    }

    // ---- What it heard and nobody looked at yet
    struct Heard {
        ChunkPort port{};
        std::shared_ptr<const ByteVector> body;  ///< what the message views
        agent::AgentMessage message;
    };
    /// The next message of this kind. Throws where there is none.
    template <class Message>
    Message next() {
        for (auto heard = inbox.begin(); heard != inbox.end(); ++heard)
            if (auto* message = std::get_if<Message>(&heard->message)) {
                const auto taken = *message;
                last = *heard;
                inbox.erase(heard);
                return taken;
            }
        throw BrokenRule{"the guest heard no such message"};
    }
    template <class Message>
    [[nodiscard]] std::size_t count() const {
        std::size_t count = 0;
        for (const auto& heard : inbox) count += std::holds_alternative<Message>(heard.message) ? 1U : 0U;
        return count;
    }
    template <class Message>
    [[nodiscard]] bool heard() const {
        return count<Message>() > 0;
    }
    /// Contents of the next CLIPBOARD.
    [[nodiscard]] std::string next_data() { return std::string{as_text(next<agent::ClipboardData>().data)}; }
    /// Contents of all FILE_XFER_DATA of this transfer, in order; they are taken.
    [[nodiscard]] std::string next_file_data(TransferId id);
    std::deque<Heard> inbox;
    Heard last;                    ///< what next() took: keeps its views alive
    agent::CapabilitySet told;     ///< what the hub announced last
    std::size_t bytes_heard = 0;   ///< on the wire
    std::size_t bytes_unread = 0;  ///< of what it wrote, the hub would not read so many yet
    bool is_open = false;
    std::array<std::uint32_t, selection_count> serials{};  ///< of the next grab, by selection

    [[nodiscard]] agent::Dialect dialect() const { return agent::dialect_of(told, capabilities); }

private:
    friend class Scenario;
    void take(Bytes wire);
    void take_chunk(ChunkPort port, Bytes body);
    void take_message(ChunkPort port, AgentType type, ByteVector body);
    [[nodiscard]] Bytes unread() const { return Bytes{out_}.subspan(out_at_); }
    void hub_read(std::size_t count);

    struct Port {
        AgentType type{};
        std::size_t left = 0;  ///< of the message under way
        ByteVector body;
    };

    Scenario& scenario_;
    ByteVector in_;  ///< a chunk under way
    std::map<ChunkPort, Port> ports_;
    ByteVector out_;
    std::size_t out_at_ = 0;
};

/// A text frame of the bridge.
class Frame {
public:
    explicit Frame(std::string_view json);
    [[nodiscard]] std::string type() const { return string("type"); }
    [[nodiscard]] bool has(std::string_view member) const;
    /// "" where there is no such text.
    [[nodiscard]] std::string string(std::string_view member) const;
    [[nodiscard]] std::uint64_t number(std::string_view member) const;
    [[nodiscard]] bool flag(std::string_view member) const;
    /// The items of a list of texts, or the members `key` of a list of objects, joined by spaces.
    [[nodiscard]] std::string list(std::string_view member, std::string_view key = {}) const;
    [[nodiscard]] Frame object(std::string_view member) const;
    [[nodiscard]] std::string json() const;

private:
    std::shared_ptr<const boost::json::object> object_;
};

/// A browser.
class FakeClient {
public:
    FakeClient(Scenario& scenario, ClientId client) : id{client}, scenario_{scenario} {}

    ClientId id;
    bool reads = true;   ///< takes what waits for it
    bool grants = true;  ///< gives credit for what it took
    std::optional<bridge::CloseClient> closed;

    // ---- What it says
    void says(std::string_view json);
    void sends(std::uint32_t stream, std::string_view bytes);
    /// As much of `bytes` as it has credit for, until no more credit comes. Returns the bytes sent.
    std::size_t streams(std::uint32_t stream, std::string_view bytes);
    void grabs(const FormatList& formats, Selection selection = Selection::clipboard);
    void releases(Selection selection = Selection::clipboard);
    void requests(std::uint64_t request, ClipboardFormat format, Selection selection = Selection::clipboard);
    void answers(std::uint64_t fetch, std::string_view contents);
    /// Announces a stream; its bytes follow by sends() or streams().
    void answers(std::uint64_t fetch, ClipboardFormat format, std::uint32_t stream, std::uint64_t size);
    void fails(std::uint64_t fetch, std::string_view code);
    void credit(std::uint32_t stream, std::uint64_t bytes);
    void resizes(std::uint64_t request, std::uint32_t width, std::uint32_t height);
    void starts_file(std::uint64_t file, std::string_view name, std::uint64_t size, std::uint32_t stream);
    void cancels_file(std::uint64_t file);
    void goes();
    /// Its connection breaks, and the bridge sees it.
    void is_lost();
    /// The secret of its last welcome. Empty: it was offered no resuming.
    std::string resume_token;

    // ---- What it heard and nobody looked at yet
    /// The next frame of this type. Throws where there is none.
    Frame next(std::string_view type);
    /// The next frame of this type that has this number as `id`.
    Frame next(std::string_view type, std::uint64_t id);
    [[nodiscard]] std::size_t count(std::string_view type) const;
    [[nodiscard]] bool heard(std::string_view type) const { return count(type) > 0; }
    void forgets() { inbox.clear(); }
    /// Id of the next clipboard-request.
    [[nodiscard]] std::uint64_t asked() { return next("clipboard-request").number("id"); }
    /// The whole answer to a request of its own. Throws where it is not there.
    [[nodiscard]] std::string contents(std::uint64_t request);
    [[nodiscard]] bool has_contents(std::uint64_t request) const;
    /// Code of the next clipboard-error for this request.
    [[nodiscard]] std::string error(std::uint64_t request) { return next("clipboard-error", request).string("code"); }
    [[nodiscard]] std::size_t bytes_of_streams() const;
    std::deque<Frame> inbox;
    std::vector<std::string> log;                     ///< every frame, bulk by its stream and size
    std::map<std::uint32_t, std::uint64_t> may_send;  ///< credit left on streams of its own

private:
    friend class Scenario;
    void take(const bridge::OutFrame& frame);
    void take_bytes(Bytes message);
    void take_text(std::string_view json);

    struct In {
        std::uint64_t request = 0;
        std::uint64_t size = 0;
        std::uint64_t credit = 0;
        std::string bytes;
        bool is_over = false;
    };

    Scenario& scenario_;
    std::map<std::uint32_t, In> in_;
    std::map<std::uint64_t, std::string> texts_;  ///< answers that came inside their frame, by request
    bool woken_ = false;
};

class Scenario {
public:
    struct NoAgent {};
    explicit Scenario(bridge::HubSettings settings = {}, agent::CapabilitySet capabilities = linux_agent);
    /// Nobody is there, the port is closed.
    explicit Scenario(NoAgent, bridge::HubSettings settings = {});
    /// Scenario{clock, ...}: where large contents are spooled to; none by default.
    Scenario(bridge::HubSettings settings, bridge::SpoolFactory spools);

    /// A client that is let in.
    FakeClient& joins(policy::PermissionSet permissions = policy::PermissionSet::all_but_admin(),
                      std::string user = {});
    /// The same peer on a new connection, with the token of the former one. The former one is nobody then.
    FakeClient& resumes(FakeClient& former, std::string user = {});
    /// How it is refused at the door.
    [[nodiscard]] std::optional<browser::Code> refused();
    void settings(bridge::HubSettings settings);
    /// Turns the clock, and calls the hub whenever it asked to be called.
    void advance(std::chrono::milliseconds by);
    /// Moves whatever can move.
    void settle();

    bridge::Time now{1h};
    bridge::Hub hub;
    FakeGuest guest{*this};
    std::deque<FakeClient> clients;
    std::vector<std::string> dropped;  ///< reasons of DropGuest
    std::vector<bridge::Note> notes;
    std::vector<bridge::CloseClient> closes;    ///< of all clients
    std::vector<ClientId> reviews;              ///< clients whose channels are to be looked at
    std::vector<std::uint16_t> mouse_modes;     ///< that the SPICE server is to be asked for
    std::vector<std::function<bool()>> others;  ///< peers that speak something else: each takes what waits for it

private:
    [[nodiscard]] bridge::ClientProfile profile(policy::PermissionSet permissions, std::string user);
    unsigned profiles_ = 0;
    void take_events();
    bool move_guest();
    bool move_clients();
    bool is_settling_ = false;
    bool again_ = false;
};

/// The defaults, changed in one place: with_policy([](auto& p) { p.primary_selection = true; }).
[[nodiscard]] bridge::HubSettings with_policy(auto change) {
    bridge::HubSettings settings;
    change(settings.policy);
    return settings;
}

}  // namespace vmcbridge::support
