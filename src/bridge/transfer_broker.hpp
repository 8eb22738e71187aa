#pragma once

#include "src/bridge/byte_ring.hpp"
#include "src/bridge/guest_session.hpp"
#include "src/bridge/world.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace vmcbridge::bridge {

/// Files from clients to the guest: their turns, their ids, their ends.
///
///   waiting -> starting (START sent) -> running (the guest said CAN_SEND_DATA) -> finishing (all sent) -> done
///
/// and from each of them to an end by error or cancelling. Every file gets one final status. The guest knows a transfer
/// by an id of ours; the client by its own.
class TransferBroker final : public FileSource {
public:
    TransferBroker(World& world, GuestSession& guest) noexcept : world_{world}, guest_{guest} {}

    // ---- Clients
    /// false: refused, and the client was told; what it sends of the file is to be thrown away.
    [[nodiscard]] bool start(Client& client, RequestId file, std::string_view name, std::uint64_t size, Time now);
    /// false: the transfer has ended. REQUIRES: no more bytes in all than its size.
    [[nodiscard]] bool data(const Client& client, RequestId file, Bytes bytes);
    /// A transfer of this client with this id is under way.
    [[nodiscard]] bool has(const Client& client, RequestId file) noexcept {
        return find(client.id(), file) != transfers_.end();
    }
    /// Bytes of the file that the client has not sent; 0: it has ended.
    [[nodiscard]] std::uint64_t missing(const Client& client, RequestId file) noexcept;
    /// Of the file, only this many bytes count as received: the client sends the rest again.
    void rewind(const Client& client, RequestId file, std::uint64_t received);
    void cancel(Client& client, RequestId file, Time now);
    /// The client broke its own stream.
    void abort(Client& client, RequestId file, browser::Code code, Time now);
    /// It is gone from World::clients already.
    void client_gone(ClientId client, Time now);
    void settings_changed(Time now);

    // ---- The guest
    void guest_status(const agent::FileTransferStatus& status, Time now);
    void agent_went();

    /// The guest was not read for some time: its answers have their whole deadline from now.
    void excuse_guest(Time now);
    void handle_timeout(Time now);
    [[nodiscard]] std::optional<Time> poll_timeout() const;

    // ---- What the guest writer takes
    [[nodiscard]] bool has_piece() const noexcept override;
    [[nodiscard]] std::optional<Piece> next_piece(std::size_t most) override;
    [[nodiscard]] Bytes view(std::size_t most) const override;
    void take(std::size_t count) override;
    void piece_done(Time now) override;

private:
    enum class Stage : std::uint8_t { waiting, starting, running, finishing };
    struct Transfer {
        ClientId client{};
        RequestId file = 0;
        TransferId id{};
        std::string name;
        std::uint64_t size = 0;
        std::uint64_t received = 0;  ///< from the client
        std::uint64_t sent = 0;      ///< taken by the guest's side
        Stage stage = Stage::waiting;
        ByteRing buffer;
        std::optional<Time> deadline;
        Time told{};                    ///< when the client heard of its progress last
        Time looked_at{};               ///< running: when its pace was looked at last, ...
        std::uint64_t sent_before = 0;  ///< ... and what had been sent by then
        Time await_at{};                ///< running: when its client is asked for a sign of life
    };
    using Transfers = std::list<Transfer>;

    [[nodiscard]] static bool is_ready(const Transfer& transfer) noexcept;
    [[nodiscard]] static bool is_awaited(const Transfer& transfer) noexcept;
    [[nodiscard]] Transfers::iterator find(ClientId client, RequestId file) noexcept;
    /// Transfers of each client that are not waiting any more.
    [[nodiscard]] std::map<ClientId, std::size_t> running() const;
    void start_waiting(Time now);
    [[nodiscard]] Transfers::iterator next_waiting(const std::map<ClientId, std::size_t>& running);
    /// Clients that wait and have nothing running.
    [[nodiscard]] std::size_t count_empty_handed(const std::map<ClientId, std::size_t>& running) const;
    void end_slow(Time now);
    void await_data(Time now);
    void tell(const Transfer& transfer, browser::FileState state, std::optional<browser::Code> code,
              std::string_view message, std::optional<std::uint64_t> free_bytes = {});
    /// Ends it: tells the client, and the guest where it knows of it.
    Transfers::iterator end(Transfers::iterator transfer, browser::FileState state, std::optional<browser::Code> code,
                            std::string_view message, bool tell_guest);

    World& world_;
    GuestSession& guest_;
    Transfers transfers_;                        ///< the front one has the next turn
    std::optional<Transfers::iterator> taking_;  ///< whose piece is being written
    std::uint32_t next_id_ = 1;
};

}  // namespace vmcbridge::bridge
