#pragma once

#include "proto/agent/message.hpp"
#include "proto/text.hpp"
#include "proto/vdi/fragmenter.hpp"
#include "src/bridge/client.hpp"
#include "src/bridge/spool.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace vmcbridge::bridge {

/// Where the guest writer takes file data from, one message's worth at a time.
class FileSource {
public:
    FileSource() = default;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    virtual ~FileSource() = default;

    struct Piece {
        TransferId id{};
        std::size_t size = 0;  ///< bytes of the next FILE_XFER_DATA; 0 for an empty file's only one
    };
    [[nodiscard]] virtual bool has_piece() const noexcept = 0;
    /// Whose turn it is, and how much of it: at most `most` bytes. nullopt: nothing to send.
    [[nodiscard]] virtual std::optional<Piece> next_piece(std::size_t most) = 0;
    /// The piece's bytes from where take() left off, as far as they lie together.
    [[nodiscard]] virtual Bytes view(std::size_t most) const = 0;
    virtual void take(std::size_t count) = 0;
    /// The piece of next_piece() is written.
    virtual void piece_done(Time now) = 0;
};

/// Everything that goes to the guest's port, composed on demand into the driver's buffer.
///
/// 1. small messages in order. Of a mouse that moves the last position waits; where it was when a button changed is
///    never overwritten: a drag begins and ends there;
/// 2. clipboard contents, one after the other, each only begun when all of it is here,
/// 3. file data, a message of at most limits::file_data bytes at a time, by turns between transfers.
/// A message once begun is finished before the next one: chunks of one port can't interleave.
class GuestWriter {
public:
    explicit GuestWriter(FileSource& files) noexcept : files_{files} {}

    /// Bounded by the caller: while is_full(), clients are not read.
    void send(ChunkPort port, const agent::AgentMessage& message, agent::Dialect dialect);
    /// Contents for a guest's request. `crlf`: LF becomes CRLF on the way; then `size` counts the bytes after that.
    /// nullptr contents: an empty answer.
    void send_clipboard(const agent::ClipboardData& head, std::shared_ptr<const Spool> contents, std::uint64_t size,
                        bool crlf, agent::Dialect dialect);

    [[nodiscard]] std::size_t poll(MutableBytes out, Time now);
    /// The rest of the chunk that has begun, and nothing more; 0: none has. REQUIRES: as poll().
    [[nodiscard]] std::size_t poll_rest(MutableBytes out, Time now);
    [[nodiscard]] bool has_output() const noexcept;
    /// Clients should not be read: what they say has no room.
    [[nodiscard]] bool is_full() const noexcept;
    /// The guest should not be read: it asks and does not take the answers.
    [[nodiscard]] bool owes_much() const noexcept;
    /// The connection is gone: forgets everything, the message under way included.
    void reset() noexcept;
    /// The agent behind the connection is another: forgets what is not begun.
    void drop_queued() noexcept;

private:
    struct Small {
        ChunkPort port;
        AgentType type;
        std::vector<std::byte> body;
        bool is_move;  ///< MOUSE_STATE that says nothing but another position
    };
    /// What makes one MOUSE_STATE more than a move from the one before.
    struct MouseButtons {
        std::uint32_t buttons;
        std::uint8_t display_id;
        friend bool operator==(MouseButtons, MouseButtons) = default;
    };
    struct Contents {
        std::vector<std::byte> prefix;
        std::shared_ptr<const Spool> spool;
        std::uint64_t size = 0;
        std::uint64_t offset = 0;  ///< read from the spool so far
        std::optional<LineEnds> line_ends;
    };

    bool begin_next(const MutableBytes& out);
    void write_files(MutableBytes& out, Time now);
    void write_small(MutableBytes& out);
    void write_contents(MutableBytes& out);
    void forget_small() noexcept;
    void fill_staging();

    FileSource& files_;
    vdi::Fragmenter fragmenter_;
    std::deque<Small> small_;
    std::size_t small_bytes_ = 0;
    std::optional<MouseButtons> last_buttons_;  ///< of this agent; nullopt: it may have any
    std::deque<Contents> contents_;
    std::vector<std::byte> current_;  ///< body of the small message under way, or prefix and staging of the contents
    std::size_t current_at_ = 0;
    bool in_contents_ = false;       ///< contents_.front() is under way
    std::vector<std::byte> prefix_;  ///< of file data
};

}  // namespace vmcbridge::bridge
