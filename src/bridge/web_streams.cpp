#include "src/bridge/web_streams.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace vmcbridge::bridge {

// ---- To the browser

browser::StreamId OutStreams::open(RequestId request, std::uint64_t size, std::shared_ptr<const Spool> spool,
                                   Time now) {
    const auto in_use = [&](browser::StreamId id) { return std::ranges::find(streams_, id, &Stream::id); };
    while (in_use(next_id_) != streams_.end()) ++next_id_;
    if (size == 0) return next_id_++;  // over as it begins
    auto& stream = streams_.emplace_back();
    stream.id = next_id_++;
    stream.request = request;
    stream.left = size;
    stream.spool = std::move(spool);
    stream.since = now;
    return stream.id;
}

void OutStreams::append(RequestId request, const SharedBytes& bytes) {
    const auto found = std::ranges::find(streams_, request, &Stream::request);
    if (found == streams_.end()) return;
    if (found->filling && !found->filling->append(bytes.view())) found->filling.reset();  // it fails where that ends
    if (found->spool) return;
    waiting_ += bytes.size();
    if (found->pieces.empty() || !found->pieces.back().extend(bytes)) found->pieces.push_back(bytes);
}

void OutStreams::close(RequestId request) {
    std::erase_if(streams_, [&](const Stream& stream) {
        if (stream.request != request) return false;
        for (const auto& piece : stream.pieces) waiting_ -= piece.size();
        return true;
    });
}

bool OutStreams::has(RequestId request) const noexcept {
    return std::ranges::find(streams_, request, &Stream::request) != streams_.end();
}

std::vector<RequestId> OutStreams::requests() const {
    std::vector<RequestId> requests;
    for (const auto& stream : streams_) requests.push_back(stream.request);
    return requests;
}

std::vector<RequestId> OutStreams::waiting() const {
    std::vector<RequestId> requests;
    for (const auto& stream : streams_)
        if (!stream.pieces.empty()) requests.push_back(stream.request);
    return requests;
}

void OutStreams::clear() noexcept {
    streams_.clear();
    waiting_ = 0;
    failed_.reset();
}

void OutStreams::add_credit(browser::StreamId id, std::uint64_t bytes, Time now) {
    const auto found = std::ranges::find(streams_, id, &Stream::id);
    if (found == streams_.end()) return;  // it ended meanwhile
    const auto room = std::numeric_limits<std::uint64_t>::max() - found->credit;
    found->credit += std::min(bytes, room);
    found->granted += std::min<std::uint64_t>(bytes, limits::stream_least);
    if (found->is_untaken && found->granted < limits::stream_least && found->credit < found->left) return;
    found->is_untaken = false;
    found->since = now;
}

bool OutStreams::has_passing() const noexcept {
    return std::ranges::any_of(streams_, [](const Stream& stream) { return !stream.spool; });
}

std::vector<RequestId> OutStreams::move_to_spools(SpoolPool& pool) {
    std::vector<RequestId> without;
    for (auto& stream : streams_)
        if (!stream.pieces.empty() && !move_to_spool(stream, pool)) without.push_back(stream.request);
    return without;
}

bool OutStreams::move_to_spool(Stream& stream, SpoolPool& pool) {
    auto spool = spools().size() < limits::client_spools ? pool.make(stream.left) : nullptr;
    if (!spool) return false;
    for (const auto& piece : stream.pieces)
        if (!spool->append(piece.view())) return false;
    for (const auto& piece : stream.pieces) waiting_ -= piece.size();
    stream.pieces.clear();
    stream.spool = stream.filling = std::move(spool);
    return true;
}

std::set<const Spool*> OutStreams::spools() const {
    std::set<const Spool*> held;
    for (const auto& stream : streams_)
        if (stream.spool) held.insert(stream.spool.get());
    return held;
}

std::vector<RequestId> OutStreams::look_for_untaken(Time now, std::chrono::milliseconds patience) {
    std::vector<RequestId> untaken;
    for (auto& stream : streams_) {
        if (!stream.spool) continue;
        if (stream.is_untaken && stream.since + patience <= now) untaken.push_back(stream.request);
        if (stream.is_untaken || stream.credit > 0) continue;
        stream.is_untaken = true;
        stream.since = now;
        stream.granted = 0;
    }
    return untaken;
}

std::optional<Time> OutStreams::next_untaken(std::chrono::milliseconds patience) const {
    std::optional<Time> next;
    for (const auto& stream : streams_)
        if (stream.spool && (stream.is_untaken || stream.credit == 0))
            next = std::min(next.value_or(Time::max()), stream.since + patience);
    return next;
}

bool OutStreams::may_send(const Stream& stream) noexcept {
    if (stream.credit == 0) return false;
    if (stream.filling) return stream.offset < stream.filling->size();
    return stream.spool || !stream.pieces.empty();
}

bool OutStreams::can_send() const noexcept { return std::ranges::any_of(streams_, may_send); }

std::optional<OutFrame> OutStreams::poll() {
    const auto found = std::ranges::find_if(streams_, may_send);
    if (found == streams_.end()) return std::nullopt;
    auto& stream = *found;
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>({limits::frame_payload, stream.credit, stream.left}));
    OutFrame frame{.binary = true,
                   .stream = browser::encode_stream_id(stream.id),
                   .body = stream.spool ? read_spool(stream, most) : take_piece(stream, most)};
    if (frame.body.size() == 0) {
        failed_ = stream.request;
        streams_.erase(found);
        return std::nullopt;
    }
    stream.credit -= frame.body.size();
    stream.left -= frame.body.size();
    if (stream.left == 0) {
        streams_.erase(found);
    } else {
        streams_.splice(streams_.end(), streams_, found);
    }
    return frame;
}

SharedBytes OutStreams::take_piece(Stream& stream, std::size_t most) {
    auto& piece = stream.pieces.front();
    auto taken = piece.part(0, std::min(most, piece.size()));
    if (taken.size() == piece.size()) {
        stream.pieces.pop_front();
    } else {
        piece = piece.part(taken.size(), piece.size() - taken.size());
    }
    waiting_ -= taken.size();
    return taken;
}

SharedBytes OutStreams::read_spool(Stream& stream, std::size_t most) {
    auto block = std::make_shared_for_overwrite<std::byte[]>(most);
    const auto count = stream.spool->read(stream.offset, {block.get(), most});
    stream.offset += count;
    const Bytes view{block.get(), count};
    return {std::move(block), view};
}

// ---- From the browser

namespace {

/// Streams that are thrown away are remembered so that their rest is no error; a peer that starts more loses the
/// memory.
constexpr std::size_t most_streams = 128;

}  // namespace

bool InStreams::open(browser::StreamId id, Purpose purpose, std::uint64_t size) {
    const auto is_discarded = [](const auto& entry) { return std::holds_alternative<Discarded>(entry.second.purpose); };
    if (const auto found = streams_.find(id); found != streams_.end() && !is_discarded(*found)) return false;
    if (streams_.size() >= most_streams) std::erase_if(streams_, is_discarded);
    streams_.insert_or_assign(id, Stream{.purpose = purpose, .size = size});
    return true;
}

InStreams::Stream* InStreams::find(browser::StreamId id) noexcept {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
}

bool InStreams::receive(Stream& stream, std::size_t bytes) noexcept {
    if (bytes > std::min(stream.size, stream.allowed) - stream.received) return false;
    stream.received += bytes;
    return true;
}

std::uint64_t InStreams::take_grant(Stream& stream) noexcept {
    if (!stream.is_open) return 0;
    const auto target = std::min(stream.size, stream.consumed + limits::stream_window);
    if (target <= stream.allowed) return 0;
    const auto more = target - stream.allowed;
    if (more < limits::stream_window / 4 && target != stream.size) return 0;
    stream.allowed = target;
    return more;
}

void InStreams::close_if_complete(browser::StreamId id) {
    const auto found = streams_.find(id);
    if (found != streams_.end() && found->second.received == found->second.size) streams_.erase(found);
}

void InStreams::discard(browser::StreamId id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    found->second.purpose = Discarded{};
    close_if_complete(id);
}

std::vector<InStreams::Rewound> InStreams::restart() {
    std::erase_if(streams_, [](const auto& entry) { return !std::holds_alternative<ForFile>(entry.second.purpose); });
    std::vector<Rewound> rewound;
    for (auto& [id, stream] : streams_) {
        const auto window = stream.is_open ? limits::stream_window : limits::initial_credit;
        const auto most = stream.consumed + window - limits::initial_credit;
        if (stream.received > most) {
            stream.received = most;
            rewound.push_back({.file = std::get<ForFile>(stream.purpose).file, .received = most});
        }
        stream.allowed = stream.received + limits::initial_credit;
    }
    return rewound;
}

std::optional<browser::StreamId> InStreams::of_file(RequestId file) const noexcept {
    for (const auto& [id, stream] : streams_)
        if (const auto* purpose = std::get_if<ForFile>(&stream.purpose); purpose && purpose->file == file) return id;
    return std::nullopt;
}

std::optional<browser::StreamId> InStreams::of_fetch(FetchId fetch) const noexcept {
    for (const auto& [id, stream] : streams_)
        if (const auto* purpose = std::get_if<ForFetch>(&stream.purpose); purpose && purpose->fetch == fetch) return id;
    return std::nullopt;
}

}  // namespace vmcbridge::bridge
