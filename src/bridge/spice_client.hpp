#pragma once

#include "proto/spice/link.hpp"
#include "proto/spice/main_channel.hpp"
#include "proto/vdi/assembler.hpp"
#include "src/bridge/client.hpp"
#include "src/bridge/hub.hpp"
#include "src/bridge/spice_outbox.hpp"
#include "src/bridge/spice_tokens.hpp"
#include "src/bridge/upstream_session.hpp"
#include "src/bridge/world.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::bridge {

/// A client on SPICE's main channel, as QEMU's own server would have it: what happens becomes messages of an agent that
/// speaks this client's dialect.
///
/// The conversation with the agent:  away -> offered (AGENT_CONNECTED) -> started (AGENT_START) -> announced (the
/// client's capabilities are known). Before the last of them it is told nothing of the clipboard. What it asked and was
/// asked ends with the conversation; the guest's agent hears nothing of that.
class SpiceClient final : public Client {
public:
    SpiceClient(ClientId id, ClientProfile profile, World& world, SpiceLink link);

    /// INIT, and who the machine is. `session`: of the SPICE server behind it, if there is one.
    void welcome(const AgentView& agent, const std::optional<UpstreamSession>& session);
    void ping();
    /// A sentence for who sits before it; at the end of what it sees of the session, a warning says why.
    void tell(std::string_view text, std::uint32_t severity = SPICE_NOTIFY_SEVERITY_WARN);

    // ---- The session of the SPICE server
    /// The id by which further channels are this one's.
    [[nodiscard]] std::uint32_t session() const noexcept { return link_.session; }
    void mouse_changed(spice::MouseModes modes);
    void clock_changed(std::uint32_t multi_media_time);
    /// CHANNELS_LIST: what it may open now.
    void channels(std::vector<spice::ChannelId> channels);
    /// It sees the machine for this client, and has no agent of its own.
    void accompany(ClientId client) noexcept { accompanies_ = client; }
    [[nodiscard]] bool is_companion() const noexcept { return accompanies_.has_value(); }
    /// The client that counts where the agent's clients are arbitrated.
    [[nodiscard]] ClientId agent_client() const noexcept { return accompanies_.value_or(id()); }

    // ---- What the driver asks
    [[nodiscard]] std::size_t poll(MutableBytes out);
    [[nodiscard]] bool is_readable() const noexcept override;
    [[nodiscard]] bool has_overflowed() const noexcept override { return out_.small_bytes() > limits::client_outbox; }

    // ---- What the peer said, as far as it is this connection's own business
    [[nodiscard]] spice::MessageReader& reader() noexcept { return reader_; }
    void agent_started(std::uint32_t tokens);
    void granted(std::uint32_t tokens);
    /// An AGENT_DATA came. false: it had no token for it.
    [[nodiscard]] bool take_token() noexcept;
    /// Grants as much as need not be held here, neither as it came nor as an answer.
    void refund();
    /// The agent's messages in what came, piece by piece; nullopt: all is used up. Errors are final.
    [[nodiscard]] Result<std::optional<vdi::PortEvent>> next_event(Bytes& bytes);
    [[nodiscard]] agent::Dialect dialect() const noexcept;
    /// true: the first time in this conversation, what it owns may be asked for from now on.
    bool announced(const agent::AnnounceCapabilities& message);
    /// A grab with this serial is newer than what it was told; false: it crossed a newer one of another owner.
    [[nodiscard]] bool accept_grab(Selection selection, GrabSerial serial) noexcept;
    void limited_to(std::int32_t bytes) noexcept;
    /// A number for what it asks now.
    [[nodiscard]] RequestId asks(Selection selection, ClipboardFormat format);
    [[nodiscard]] std::size_t open_requests() const noexcept { return requests_.size(); }
    /// The fetch that contents in this format answer; nullopt: none, or one that ended meanwhile.
    [[nodiscard]] std::optional<FetchId> answers(Selection selection, ClipboardFormat format);
    /// It has sent this many bytes of a file that are held until the guest takes them.
    void holds(RequestId file, std::size_t bytes);
    /// What happens to this file is its own doing: it waits for no status of it. nullopt: to none.
    void gives_up(std::optional<RequestId> file) noexcept { given_up_ = file; }
    [[nodiscard]] bool take_restart() noexcept override { return std::exchange(restarted_, false); }

    /// Where the contents or file data under way go; the hub's to set.
    struct Incoming {
        std::optional<FetchId> fetch;
        std::optional<RequestId> file;
    } incoming;

    // ---- Client
    void agent_changed(const AgentView& agent) override;
    void rights_changed(const policy::Policy& policy) override;
    void clients_changed(std::span<const browser::ClientEntry>) override {}
    void lead_changed(std::optional<ClientId>) override {}
    void offered(Selection selection, const FormatList& formats, std::uint64_t generation) override;
    void released(Selection selection) override;
    void answered(RequestId request, ClipboardFormat format, std::shared_ptr<const Spool> contents) override;
    void answer_begins(RequestId request, ClipboardFormat format, std::uint64_t size) override;
    void answer_bytes(RequestId request, const SharedBytes& bytes) override;
    void answer_failed(RequestId request, browser::Code code, std::string_view message) override;
    [[nodiscard]] bool has_room_for(const Spool* contents) const override;
    std::size_t drop_untaken(Time now) override;
    [[nodiscard]] std::optional<Time> next_untaken() const override;
    [[nodiscard]] std::size_t waiting_bytes() const noexcept override { return out_.waiting_bytes(); }
    [[nodiscard]] bool has_passing_answers() const override { return out_.has_passing(); }
    std::vector<RequestId> spool_answers(SpoolPool& spools, browser::Code code, std::string_view message) override;
    std::vector<RequestId> drop_answers(Answers which, browser::Code code, std::string_view message) override;
    void asked(FetchId fetch, Selection selection, ClipboardFormat format) override;
    void fetch_over(FetchId fetch) override;
    void monitors_done(std::optional<RequestId> request, browser::MonitorsStatus status,
                       std::optional<browser::Code> code, std::string_view message) override;
    void file_changed(const browser::FileStatus& status) override;
    void file_consumed(RequestId file, std::size_t bytes) override;
    /// spice-gtk says that a file was given up with the next thing that it hears, whatever that is.
    void file_awaited(RequestId) override { ping(); }
    void refused(browser::Code code, std::string_view about, std::string_view message) override;

private:
    enum class Talk : std::uint8_t { away, offered, started, announced };
    struct Request {
        Selection selection;
        ClipboardFormat format;
        bool opened = false;  ///< its contents are in the outbox
    };
    struct Question {
        FetchId fetch = 0;
        Selection selection{};
        ClipboardFormat format{};
        std::uint64_t grab = 0;  ///< of the client's grabs, the one that this is about
        bool ended = false;      ///< nobody waits for it; its answer may still come
    };
    struct Offer {
        FormatList formats;
        bool told = false;     ///< the client has been told of an offer that it may believe in
        bool pending = false;  ///< it is to be told of `formats`
        std::uint32_t serial = 0;
        std::uint64_t grabs = 0;  ///< of the client's
    };

    [[nodiscard]] Offer& offer(Selection s) noexcept { return offers_[static_cast<std::size_t>(s)]; }
    [[nodiscard]] agent::CapabilitySet shown() const;
    [[nodiscard]] bool has_clipboard(Selection selection) const noexcept;
    [[nodiscard]] bool may_receive(std::uint64_t size) const noexcept;
    void connect_agent();
    void forget_conversation();
    /// Takes back what has begun by saying that the agent went.
    void restart();
    void mark_ready();
    void send_agent(const agent::AgentMessage& message);
    void announce();
    void tell_offers();
    void open_answer(RequestId request, std::uint64_t size, std::shared_ptr<const Spool> contents);
    void answer_empty(RequestId request);

    World& world_;
    SpiceLink link_;
    SpiceOutbox out_;
    spice::MessageReader reader_;
    std::uint32_t pings_ = 0;
    std::optional<ClientId> accompanies_;
    spice::MouseModes mouse_;  ///< as it was told

    AgentView agent_;
    Talk talk_ = Talk::away;
    agent::CapabilitySet theirs_;
    bool announce_due_ = false;
    std::optional<std::uint64_t> most_;  ///< bytes of contents that it takes
    std::array<Offer, selection_count> offers_;
    bool restarted_ = false;

    vdi::Assembler assembler_;
    bool stale_ = false;       ///< the message under way belongs to a conversation that is over
    bool drops_rest_ = false;  ///< that message ends with the next AGENT_START
    SpiceTokens tokens_;       ///< that it may send by
    std::optional<RequestId> given_up_;

    RequestId next_request_ = 1;
    std::map<RequestId, Request> requests_;
    std::deque<Question> questions_;
    std::map<std::string, Time, std::less<>> notified_;  ///< about what, when
};

}  // namespace vmcbridge::bridge
