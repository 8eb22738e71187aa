#pragma once

#include "src/bridge/client.hpp"
#include "src/bridge/web_streams.hpp"
#include "src/bridge/world.hpp"

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::bridge {

/// A client that speaks vmcbridge.v1: what happens becomes frames in its outbox, credit decides when bulk may leave.
///
/// The outbox: text frames go first, then binary frames, by turns between streams. Text is bounded by
/// limits::client_outbox (beyond it the client is let go), bulk by the guest being paused, or it lies in a spool. Of a
/// state the last frame waits only: a guest or another client that changes it all the time fills nothing.
class WebClient final : public Client {
public:
    WebClient(ClientId id, ClientProfile profile, World& world) : Client{id, std::move(profile)}, world_{world} {}

    void welcome(const AgentView& agent, bool lead);

    // ---- Lost and resumed
    /// The connection is lost: nothing is written for it until resume(). Files stay, with how each ended meanwhile.
    void lose(Time until);
    [[nodiscard]] std::optional<Time> lost_until() const noexcept override { return lost_until_; }
    /// A new connection of the same peer: welcome, then what ended. REQUIRES: in_streams() were restarted.
    void resume(ClientProfile profile, const AgentView& agent, bool lead);

    // ---- What the driver asks
    [[nodiscard]] std::optional<OutFrame> poll();
    [[nodiscard]] bool is_readable() const noexcept override;
    [[nodiscard]] bool has_overflowed() const noexcept override { return text_bytes_ > limits::client_outbox; }

    // ---- What the peer said, as far as it is this connection's own business
    [[nodiscard]] InStreams& in_streams() noexcept { return in_; }
    void granted(const browser::Credit& credit, Time now);
    void pong(browser::RequestId id);
    /// Its file is on its way: until its last status, a resumed connection is told where it stands.
    void file_began(const browser::FileStart& file);
    /// A stream of the answer to this request is under way.
    [[nodiscard]] bool is_answering(RequestId request) const noexcept { return out_.has(request); }
    /// Answers that it has not taken whole.
    [[nodiscard]] std::size_t answers() const noexcept { return out_.size(); }
    /// The peer may send more on this stream: consumed() of it changed, or it was accepted.
    void grant(browser::StreamId stream);

    // ---- Client
    void agent_changed(const AgentView& agent) override;
    void rights_changed(const policy::Policy& policy) override;
    void clients_changed(std::span<const browser::ClientEntry> clients) override;
    void lead_changed(std::optional<ClientId> lead) override;
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
    void file_awaited(RequestId) override {}
    void refused(browser::Code code, std::string_view about, std::string_view message) override;

private:
    /// What is told of the VM's state: an older frame of the same kind that still waits is of no use any more.
    enum class State : std::uint8_t { agent, permissions, clients, lead, clipboard, primary, secondary };
    static constexpr std::size_t state_count = 7;
    [[nodiscard]] static State offer_of(Selection selection) noexcept;

    void send(const browser::ServerFrame& frame);
    void send(State state, browser::ServerFrame frame);
    void queue(SharedBytes text);
    void pop_text();
    void mark_ready();
    [[nodiscard]] browser::ClientLimits limits_of(const policy::Policy& policy) const;
    [[nodiscard]] browser::Welcome welcome_of(const AgentView& agent, bool lead) const;

    /// How a file ended: told once more after a resume, since nobody knows what of the lost connection arrived.
    struct Ended {
        browser::ResumedTransfer transfer;
        browser::FileStatus status;
    };
    /// A file whose bytes may all have come: then its stream is over, and it is not.
    struct FileUnderWay {
        RequestId id = 0;
        browser::StreamId stream = 0;
        std::uint64_t size = 0;
    };
    void file_ended(const browser::FileStatus& status);
    [[nodiscard]] browser::ResumedTransfer where(const FileUnderWay& file);

    World& world_;
    std::list<SharedBytes> texts_;
    std::array<std::optional<std::list<SharedBytes>::iterator>, state_count> unsent_;  ///< in texts_
    std::size_t text_bytes_ = 0;
    OutStreams out_;
    InStreams in_;
    bool was_readable_ = true;
    std::optional<Time> lost_until_;
    std::vector<FileUnderWay> files_;
    std::deque<Ended> ended_;  ///< the last limits::client_transfers ones
};

}  // namespace vmcbridge::bridge
