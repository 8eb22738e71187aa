#include "src/bridge/guest_writer.hpp"

#include "proto/agent/codec.hpp"
#include "proto/limits.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

namespace {

constexpr std::size_t staging_size = 64 * 1024;
/// A file message is begun and finished in one buffer; with less room than this the buffer goes out first.
constexpr std::size_t worthwhile_room = 4096;

/// What a message of `body` bytes takes at most on the wire, beside its body.
constexpr std::size_t overhead(std::size_t body) {
    return limits::agent_header + limits::chunk_header * (2 + (body + limits::agent_header) / limits::chunk_to_guest);
}

}  // namespace

void GuestWriter::send(ChunkPort port, const agent::AgentMessage& message, agent::Dialect dialect) {
    Small next{.port = port, .type = agent::type_of(message), .body = {}, .is_move = false};
    agent::encode(message, dialect, next.body);
    if (const auto* mouse = std::get_if<agent::MouseState>(&message)) {
        const MouseButtons buttons{.buttons = mouse->buttons, .display_id = mouse->display_id};
        next.is_move = std::exchange(last_buttons_, buttons) == buttons;
        if (next.is_move && !small_.empty() && small_.back().is_move) {
            small_.back().body = std::move(next.body);
            return;
        }
    }
    small_bytes_ += next.body.size() + overhead(next.body.size());
    small_.push_back(std::move(next));
}

void GuestWriter::send_clipboard(const agent::ClipboardData& head, std::shared_ptr<const Spool> contents,
                                 std::uint64_t size, bool crlf, agent::Dialect dialect) {
    Contents next{.prefix = {}, .spool = std::move(contents), .size = size, .offset = 0, .line_ends = {}};
    if (crlf) next.line_ends.emplace(LineEnds::To::crlf);
    agent::encode(head, dialect, next.prefix);
    contents_.push_back(std::move(next));
}

bool GuestWriter::has_output() const noexcept {
    return !fragmenter_.is_idle() || !small_.empty() || !contents_.empty() || files_.has_piece();
}

bool GuestWriter::is_full() const noexcept { return small_bytes_ >= limits::guest_outbox; }

bool GuestWriter::owes_much() const noexcept { return is_full() || contents_.size() >= limits::guest_answers; }

void GuestWriter::reset() noexcept {
    fragmenter_.reset();
    forget_small();
    contents_.clear();
    current_ = {};
    current_at_ = 0;
    in_contents_ = false;
}

void GuestWriter::forget_small() noexcept {
    small_.clear();
    small_bytes_ = 0;
    last_buttons_.reset();
}

void GuestWriter::drop_queued() noexcept {
    forget_small();
    contents_.resize(in_contents_ ? 1 : 0);
}

std::size_t GuestWriter::poll(MutableBytes out, Time now) {
    const auto room = out.size();
    for (;;) {
        if (in_contents_) {
            write_contents(out);
        } else if (!fragmenter_.is_idle()) {
            write_small(out);
        }
        if (!fragmenter_.is_idle()) break;  // the buffer is full amid a message
        if (!begin_next(out)) {
            write_files(out, now);
            break;
        }
    }
    return room - out.size();
}

std::size_t GuestWriter::poll_rest(MutableBytes out, Time now) {
    const auto left = fragmenter_.chunk_left();
    return left == 0 ? 0 : poll(out.first(std::min(left, out.size())), now);
}

bool GuestWriter::begin_next(const MutableBytes& out) {
    if (!small_.empty()) {
        auto& next = small_.front();
        small_bytes_ -= next.body.size() + overhead(next.body.size());
        fragmenter_.begin(next.port, next.type, static_cast<std::uint32_t>(next.body.size()));
        current_ = std::move(next.body);
        current_at_ = 0;
        small_.pop_front();
        return true;
    }
    if (contents_.empty() || out.empty()) return false;
    auto& next = contents_.front();
    in_contents_ = true;
    fragmenter_.begin(ChunkPort::client, AgentType::clipboard,
                      static_cast<std::uint32_t>(next.prefix.size() + next.size));
    current_ = std::move(next.prefix);
    current_at_ = 0;
    return true;
}

void GuestWriter::write_small(MutableBytes& out) {
    auto body = Bytes{current_}.subspan(current_at_);
    fragmenter_.write(out, body);
    current_at_ = current_.size() - body.size();
}

void GuestWriter::write_contents(MutableBytes& out) {
    for (;;) {
        auto body = Bytes{current_}.subspan(current_at_);
        fragmenter_.write(out, body);
        current_at_ = current_.size() - body.size();
        if (fragmenter_.is_idle()) break;
        if (!body.empty()) return;  // out is full
        fill_staging();
    }
    contents_.pop_front();
    in_contents_ = false;
    current_ = {};
    current_at_ = 0;
}

/// The next bytes of the contents. A spool that fails amid a message (a broken disk) yields zeros: the guest is owed
/// them.
void GuestWriter::fill_staging() {
    auto& from = contents_.front();
    current_.resize(staging_size);
    current_at_ = 0;
    if (!from.line_ends) {
        const auto want = std::min(staging_size, fragmenter_.body_left());
        const auto got = from.spool ? from.spool->read(from.offset, MutableBytes{current_}.first(want)) : 0;
        from.offset += got;
        std::fill(current_.begin() + static_cast<std::ptrdiff_t>(got), current_.end(), std::byte{0});
        current_.resize(want);
        return;
    }
    std::vector<std::byte> raw(staging_size / 2);
    const auto got = from.spool ? from.spool->read(from.offset, raw) : 0;
    from.offset += got;
    auto in = Bytes{raw}.first(got);
    auto made = from.line_ends->convert(in, current_);
    if (got == 0) {
        made = std::min(staging_size, fragmenter_.body_left());
        std::fill(current_.begin(), current_.end(), std::byte{0});
    }
    current_.resize(std::min(made, fragmenter_.body_left()));
}

void GuestWriter::write_files(MutableBytes& out, Time now) {
    while (out.size() >= worthwhile_room && small_.empty() && contents_.empty()) {
        const auto usable = out.size() - overhead(out.size());
        const auto piece = files_.next_piece(std::min(limits::file_data, usable - 64));
        if (!piece) return;
        prefix_.clear();
        agent::encode_file_data_prefix(piece->id, piece->size, prefix_);
        fragmenter_.begin(ChunkPort::client, AgentType::file_xfer_data,
                          static_cast<std::uint32_t>(prefix_.size() + piece->size));
        Bytes head = prefix_;
        fragmenter_.write(out, head);
        for (auto left = piece->size; left > 0;) {
            auto body = files_.view(left);
            const auto before = body.size();
            fragmenter_.write(out, body);
            files_.take(before - body.size());
            left -= before - body.size();
        }
        files_.piece_done(now);
    }
}

}  // namespace vmcbridge::bridge
