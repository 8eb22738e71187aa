// A SPICE client's clipboard: what others own, what it owns.
#include "proto/agent/codec.hpp"
#include "src/bridge/spice_client.hpp"
#include "src/bridge/spice_habits.hpp"

#include <algorithm>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;

namespace {
/// Questions that are remembered, those that ended included.
constexpr std::size_t questions_most = 64;
}  // namespace

// ---- Clipboard: what others own

bool SpiceClient::has_clipboard(Selection selection) const noexcept {
    if (talk_ != Talk::announced || !theirs_.has(Capability::clipboard_by_demand)) return false;
    return selection == Selection::clipboard || (dialect().selection && !habits::reads_one_piece(link_.capabilities));
}

void SpiceClient::offered(Selection selection, const FormatList& formats, std::uint64_t) {
    auto& each = offer(selection);
    each.formats = {};
    for (const auto format : formats)  // files by name lie on a channel that we don't have
        if (format != ClipboardFormat::file_list) each.formats.add(format);
    each.pending = true;
    mark_ready();
}

void SpiceClient::released(Selection selection) {
    auto& each = offer(selection);
    each.formats = {};
    each.pending = each.told;
    mark_ready();
}

void SpiceClient::tell_offers() {
    for (const auto selection : {Selection::clipboard, Selection::primary, Selection::secondary}) {
        auto& each = offer(selection);
        if (!std::exchange(each.pending, false) || !has_clipboard(selection)) continue;
        if (!each.formats.empty()) {
            send_agent(agent::ClipboardGrab{
                .selection = selection, .serial = GrabSerial{each.serial}, .formats = each.formats});
            if (dialect().grab_serial) ++each.serial;
            each.told = true;
        } else if (std::exchange(each.told, false)) {
            send_agent(agent::ClipboardRelease{.selection = selection});
        }
    }
}

/// Both ends count every grab; of two that crossed the client's stands.
bool SpiceClient::accept_grab(Selection selection, GrabSerial serial) noexcept {
    auto& each = offer(selection);
    if (dialect().grab_serial) {
        if (serial.raw() != each.serial && serial.raw() + 1 != each.serial) return false;
        if (serial.raw() == each.serial) ++each.serial;
    }
    each.formats = {};
    each.told = each.pending = false;
    ++each.grabs;
    return true;
}

void SpiceClient::limited_to(std::int32_t bytes) noexcept {
    most_ = bytes < 0 ? std::nullopt : std::optional<std::uint64_t>{static_cast<std::uint32_t>(bytes)};
}

bool SpiceClient::may_receive(std::uint64_t size) const noexcept {
    if (most_ && size > *most_) return false;
    const auto head = limits::agent_header + agent::bulk_prefix(AgentType::clipboard, dialect());
    return !habits::reads_one_piece(link_.capabilities) || head + size <= spice::agent_data_size;
}

RequestId SpiceClient::asks(Selection selection, ClipboardFormat format) {
    requests_.emplace(next_request_, Request{.selection = selection, .format = format});
    return next_request_++;
}

/// With the type that was asked for: clients wait on when they are told "none".
void SpiceClient::answer_empty(RequestId request) {
    const auto found = requests_.find(request);
    if (found == requests_.end()) return;
    const auto [selection, format, opened] = found->second;
    requests_.erase(found);
    send_agent(agent::ClipboardData{.selection = selection, .format = format, .data = {}});
}

void SpiceClient::open_answer(RequestId request, std::uint64_t size, std::shared_ptr<const Spool> contents) {
    const auto found = requests_.find(request);
    if (found == requests_.end()) return;  // asked in a conversation that is over
    if (size == 0) return answer_empty(request);
    if (!may_receive(size)) {
        world_.trace.stopped(
            {.topic = TraceStep::Topic::clipboard, .hop = TraceStep::Hop::to_client, .what = "data", .client = id()},
            Code::too_large, "this is more than the client takes");
        return answer_empty(request);
    }
    found->second.opened = true;
    out_.open(request, {.selection = found->second.selection, .format = found->second.format, .data = {}}, dialect(),
              size, std::move(contents), world_.trace.now());
    mark_ready();
}

void SpiceClient::answered(RequestId request, ClipboardFormat, std::shared_ptr<const Spool> contents) {
    const auto size = contents->size();
    open_answer(request, size, std::move(contents));
}

void SpiceClient::answer_begins(RequestId request, ClipboardFormat, std::uint64_t size) {
    open_answer(request, size, nullptr);
}

void SpiceClient::answer_bytes(RequestId request, const SharedBytes& bytes) {
    out_.append(request, bytes);
    mark_ready();
}

void SpiceClient::answer_failed(RequestId request, Code, std::string_view) {
    if (out_.close(request, world_.trace.now()) == SpiceOutbox::Closed::begun) return restart();
    answer_empty(request);
}

bool SpiceClient::has_room_for(const Spool* contents) const {
    const auto spools = out_.spools();
    return spools.size() < limits::client_spools || spools.contains(contents);
}

std::size_t SpiceClient::drop_untaken(Time now) {
    std::size_t count = 0;
    for (; const auto stuck = out_.stuck(now, world_.settings.limits.request_deadline); ++count)
        answer_failed(*stuck, Code::timeout, "the contents were taken too slowly");
    return count;
}

std::optional<Time> SpiceClient::next_untaken() const {
    return out_.next_stuck(world_.settings.limits.request_deadline);
}

std::vector<RequestId> SpiceClient::spool_answers(SpoolPool& spools, Code code, std::string_view message) {
    auto requests = out_.move_to_spools(spools);
    for (const auto request : requests) answer_failed(request, code, message);
    return requests;
}

std::vector<RequestId> SpiceClient::drop_answers(Answers which, Code code, std::string_view message) {
    auto requests = out_.requests(which == Answers::waiting);
    for (const auto request : requests) answer_failed(request, code, message);
    return requests;
}

// ---- Clipboard: what it owns

void SpiceClient::asked(FetchId fetch, Selection selection, ClipboardFormat format) {
    if (!has_clipboard(selection)) return;
    if (questions_.size() == questions_most) questions_.pop_front();
    questions_.push_back({.fetch = fetch, .selection = selection, .format = format, .grab = offer(selection).grabs});
    send_agent(agent::ClipboardRequest{.selection = selection, .format = format});
}

void SpiceClient::fetch_over(FetchId fetch) {
    const auto found = std::ranges::find(questions_, fetch, &Question::fetch);
    if (found != questions_.end()) found->ended = true;
    if (incoming.fetch == fetch) incoming.fetch.reset();
}

/// Answers carry no number, and some clients leave a question unanswered. One to a question that ended is as good for a
/// later one, unless the client copied anew: then it may hold what was copied before, and the later one is asked again.
std::optional<FetchId> SpiceClient::answers(Selection selection, ClipboardFormat format) {
    const auto fits = [&](const Question& each) {
        return each.selection == selection && (each.format == format || format == ClipboardFormat::none);
    };
    const auto first = std::ranges::find_if(questions_, fits);
    if (first == questions_.end()) return std::nullopt;
    const auto is_old = first->ended && first->grab != offer(selection).grabs;
    if (first->ended) questions_.erase(first);
    const auto open = std::ranges::find_if(questions_, [&](const Question& each) { return fits(each) && !each.ended; });
    if (open == questions_.end()) return std::nullopt;
    if (is_old) {
        send_agent(agent::ClipboardRequest{.selection = open->selection, .format = open->format});
        return std::nullopt;
    }
    const auto fetch = open->fetch;
    questions_.erase(open);
    return fetch;
}

}  // namespace vmcbridge::bridge
