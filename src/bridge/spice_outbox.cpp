#include "src/bridge/spice_outbox.hpp"

#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

namespace {

/// The header of an agent's message whose body, `more` bytes longer than what follows it here, was appended to `bytes`.
void finish_header(std::vector<std::byte>& bytes, AgentType type, std::uint64_t more) {
    const auto body = bytes.size() - limits::agent_header + more;
    agent::store(bytes.data(), agent::MessageHeader{.type = type, .size = static_cast<std::uint32_t>(body)});
}

}  // namespace

void SpiceOutbox::send_agent(const agent::AgentMessage& message, agent::Dialect dialect) {
    std::vector<std::byte> bytes(limits::agent_header);
    agent::encode(message, dialect, bytes);
    finish_header(bytes, agent::type_of(message), 0);
    small_bytes_ += bytes.size();
    small_.push_back(std::move(bytes));
}

// ---- Contents

void SpiceOutbox::open(RequestId request, const agent::ClipboardData& head, agent::Dialect dialect, std::uint64_t size,
                       std::shared_ptr<const Spool> spool, Time now) {
    auto& next = contents_.emplace_back();
    next.request = request;
    next.head.resize(limits::agent_header);
    agent::encode(head, dialect, next.head);
    finish_header(next.head, AgentType::clipboard, size);
    next.left = size;
    next.spool = std::move(spool);
    next.since = now;
}

void SpiceOutbox::append(RequestId request, const SharedBytes& bytes) {
    const auto found = std::ranges::find(contents_, request, &Contents::request);
    if (found == contents_.end()) return;
    if (found->filling && !found->filling->append(bytes.view())) found->filling.reset();  // it fails where that ends
    if (found->spool) return;
    waiting_ += bytes.size();
    found->ready += bytes.size();
    if (found->pieces.empty() || !found->pieces.back().extend(bytes)) found->pieces.push_back(bytes);
}

SpiceOutbox::Closed SpiceOutbox::close(RequestId request, Time now) {
    const auto found = std::ranges::find(contents_, request, &Contents::request);
    if (found == contents_.end()) return Closed::unknown;
    const auto closed = found->begun ? Closed::begun : Closed::unsent;
    waiting_ -= found->ready;
    const auto next = contents_.erase(found);
    if (next == contents_.begin() && next != contents_.end()) next->since = now;  // its turn
    return closed;
}

bool SpiceOutbox::has(RequestId request) const noexcept {
    return std::ranges::find(contents_, request, &Contents::request) != contents_.end();
}

std::vector<RequestId> SpiceOutbox::requests(bool waiting_only) const {
    std::vector<RequestId> requests;
    for (const auto& each : contents_)
        if (!waiting_only || each.ready > 0) requests.push_back(each.request);
    return requests;
}

bool SpiceOutbox::has_passing() const noexcept {
    return std::ranges::any_of(contents_, [](const Contents& each) { return !each.spool; });
}

std::vector<RequestId> SpiceOutbox::move_to_spools(SpoolPool& pool) {
    std::vector<RequestId> without;
    for (auto& each : contents_)
        if (each.ready > 0 && !move_to_spool(each, pool)) without.push_back(each.request);
    return without;
}

bool SpiceOutbox::move_to_spool(Contents& contents, SpoolPool& pool) {
    auto spool = spools().size() < limits::client_spools ? pool.make(contents.left) : nullptr;
    if (!spool) return false;
    for (const auto& piece : contents.pieces)
        if (!spool->append(piece.view())) return false;
    waiting_ -= std::exchange(contents.ready, 0);
    contents.pieces.clear();
    contents.spool = contents.filling = std::move(spool);
    return true;
}

std::set<const Spool*> SpiceOutbox::spools() const {
    std::set<const Spool*> found;
    for (const auto& each : contents_)
        if (each.spool) found.insert(each.spool.get());
    return found;
}

std::optional<RequestId> SpiceOutbox::stuck(Time now, std::chrono::milliseconds patience) const {
    const auto at = next_stuck(patience);
    return at && *at <= now ? std::optional{contents_.front().request} : std::nullopt;
}

/// Whose turn it is waits for tokens, or for a client that reads; what only waits for the guest is the guest's.
std::optional<Time> SpiceOutbox::next_stuck(std::chrono::milliseconds patience) const {
    if (contents_.empty()) return std::nullopt;
    const auto& front = contents_.front();
    return is_here(front, 1) ? std::optional{front.since + patience} : std::nullopt;
}

/// Are the next `count` bytes here, or were here and can't be read?
bool SpiceOutbox::is_here(const Contents& contents, std::uint64_t count) noexcept {
    if (!contents.spool) return contents.ready >= count;
    return !contents.filling || contents.filling->size() - contents.offset >= count;
}

void SpiceOutbox::finish_small() {
    if (!contents_.empty() && contents_.front().begun) return;
    const auto piece = header_.size() + spice::agent_data_size;
    while (tokens_ > 0 && !small_.empty()) {
        const auto at = control_.size();
        control_.resize(at + piece);
        auto room = MutableBytes{control_}.subspan(at);
        static_cast<void>(write_small(room));
        control_.resize(control_.size() - room.size());
    }
}

void SpiceOutbox::clear_agent() noexcept {
    small_.clear();
    small_bytes_ = small_at_ = 0;
    contents_.clear();
    waiting_ = 0;
    failed_.reset();
    tokens_ = 0;
}

// ---- What the driver takes

std::size_t SpiceOutbox::poll(MutableBytes out, Time now) {
    const auto room = out.size();
    write_control(out);
    const auto piece = header_.size() + spice::agent_data_size;
    const bool may_begin = contents_.empty() || !contents_.front().begun;
    if (control_.empty() && may_begin)
        while (out.size() >= piece && tokens_ > 0 && write_small(out)) {
        }
    if (control_.empty() && small_at_ == 0)
        while (out.size() >= piece && tokens_ > 0 && write_contents(out, now)) {
        }
    return room - out.size();
}

void SpiceOutbox::write_control(MutableBytes& out) {
    const auto piece = Bytes{control_}.subspan(control_at_);
    const auto count = std::min(piece.size(), out.size());
    std::ranges::copy(piece.first(count), out.begin());
    out = out.subspan(count);
    control_at_ += count;
    if (control_at_ < control_.size()) return;
    control_.clear();
    control_at_ = 0;
}

/// One AGENT_DATA of the small message whose turn it is; false: there is none.
bool SpiceOutbox::write_small(MutableBytes& out) {
    if (small_.empty()) return false;
    const auto& bytes = small_.front();
    const auto piece = Bytes{bytes}.subspan(small_at_, std::min(bytes.size() - small_at_, spice::agent_data_size));
    header_.write(out.data(), spice::server_agent_data, static_cast<std::uint32_t>(piece.size()));
    std::ranges::copy(piece, out.begin() + static_cast<std::ptrdiff_t>(header_.size()));
    out = out.subspan(header_.size() + piece.size());
    --tokens_;
    small_bytes_ -= piece.size();
    small_at_ += piece.size();
    if (small_at_ < bytes.size()) return true;
    small_.pop_front();
    small_at_ = 0;
    return true;
}

/// One AGENT_DATA of the contents whose turn it is, full unless it is the last one; false: they are not here yet.
bool SpiceOutbox::write_contents(MutableBytes& out, Time now) {
    if (contents_.empty()) return false;
    auto& front = contents_.front();
    const auto head = front.begun ? Bytes{} : Bytes{front.head};
    const auto count = std::min<std::uint64_t>(front.left, spice::agent_data_size - head.size());
    if (!is_here(front, count)) return false;
    const auto payload = out.subspan(header_.size());
    std::ranges::copy(head, payload.begin());
    if (!take(front, payload.subspan(head.size(), static_cast<std::size_t>(count)))) {
        failed_ = front.request;
        return false;
    }
    const auto size = head.size() + static_cast<std::size_t>(count);
    header_.write(out.data(), spice::server_agent_data, static_cast<std::uint32_t>(size));
    out = payload.subspan(size);
    --tokens_;
    front.begun = true;
    front.since = now;
    if (front.left > 0) return true;
    contents_.pop_front();
    if (!contents_.empty()) contents_.front().since = now;
    return contents_.empty() ? false : small_.empty();  // small ones have waited for their turn
}

/// The next to.size() bytes of the contents; false: their spool can't be read.
bool SpiceOutbox::take(Contents& from, MutableBytes to) {
    if (from.spool) {
        if (from.spool->read(from.offset, to) < to.size()) return false;
        from.offset += to.size();
    } else {
        waiting_ -= to.size();
        from.ready -= to.size();
        for (auto rest = to; !rest.empty();) {
            auto& piece = from.pieces.front();
            const auto count = std::min(rest.size(), piece.size());
            std::ranges::copy(piece.view().first(count), rest.begin());
            rest = rest.subspan(count);
            piece = piece.part(count, piece.size() - count);
            if (piece.size() == 0) from.pieces.pop_front();
        }
    }
    from.left -= to.size();
    return true;
}

}  // namespace vmcbridge::bridge
