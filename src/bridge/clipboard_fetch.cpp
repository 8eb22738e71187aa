// The way of contents, in this order: wanted (by a client, by the guest), asked of the owner, begun, gathered or passed
// on, finished; or failed, at any point.

#include "src/bridge/clipboard_broker.hpp"
#include "src/bridge/fetch.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace vmcbridge::bridge {

using browser::Code;
using policy::Way;

namespace {

/// Contents on their way through are handed on in parts of such blocks.
constexpr std::size_t block_bytes = 128 * 1024;

/// Questions given up that are remembered; a guest that leaves more of them unanswered is not worth it.
constexpr std::size_t most_given_up = 32;

/// A client that held the guest up for a whole deadline and took nothing asks for nothing more for so many of them.
constexpr int penalty_deadlines = 4;

/// Agents that have nothing to give say so with the type none.
bool answers(ClipboardFormat answer, ClipboardFormat question) {
    return answer == question || answer == ClipboardFormat::none;
}

std::uint64_t count_bare_newlines(Bytes text, bool& after_cr) {
    std::uint64_t count = 0;
    for (const auto byte : text) {
        count += byte == std::byte{'\n'} && !after_cr ? 1 : 0;
        after_cr = byte == std::byte{'\r'};
    }
    return count;
}

}  // namespace

// ---- Wanted

void ClipboardBroker::requested(Client& client, RequestId request, Selection selection, ClipboardFormat format,
                                Time now) {
    const auto fail_with = [&](Code code) {
        ++world_.counters.clipboard_errors;
        world_.trace.stopped(from_client(client.id(), "request"), code, browser::meaning(code));
        client.answer_failed(request, code, browser::meaning(code));
    };
    std::size_t open = 0;
    for (const auto& fetch : fetches_)
        for (const auto& waiter : fetch.waiters) {
            if (waiter.client != client.id()) continue;
            if (waiter.request == request)
                return client.refused(Code::bad_frame, "clipboard-request", "this id is in use");
            ++open;
        }
    if (open >= limits::client_requests || !client.has_room_for(nullptr) || now < client.trusted_from)
        return fail_with(Code::busy);
    if (const auto code = refuse(client, selection, format)) return fail_with(*code);
    world_.trace.passed(from_client(client.id(), "request"), browser::mime_of(format));
    join(selection, format, now).waiters.push_back({.client = client.id(), .request = request});
    start_next(selection, now);
}

void ClipboardBroker::guest_requested(const agent::ClipboardRequest& request, Time now) {
    const auto& s = state(request.selection);
    if (s.owner.kind != Owner::Kind::client || s.told_generation != s.owner.generation ||
        !s.told_formats.has(request.format)) {
        world_.trace.stopped(from_guest("request"), Code::not_offered, "no client offers the guest this format now");
        return answer_guest_empty(request.selection, request.format);
    }
    auto& fetch = join(request.selection, request.format, now);
    if (fetch.guest_waits == limits::guest_requests) {
        world_.trace.stopped(from_guest("request"), Code::busy, "too many requests of the guest wait");
        return answer_guest_empty(request.selection, request.format);
    }
    world_.trace.passed(from_guest("request"), browser::mime_of(request.format));
    ++fetch.guest_waits;
    start_next(request.selection, now);
}

ClipboardBroker::Fetch& ClipboardBroker::join(Selection selection, ClipboardFormat format, Time now) {
    const auto& owner = state(selection).owner;
    for (auto& fetch : fetches_)
        if (fetch.selection == selection && fetch.format == format && fetch.generation == owner.generation &&
            (fetch.stage != Fetch::Stage::streaming || fetch.spool))
            return fetch;
    auto& fetch = fetches_.emplace_back();
    fetch.id = next_fetch_++;
    fetch.selection = selection;
    fetch.format = format;
    fetch.generation = owner.generation;
    fetch.from_guest = owner.kind == Owner::Kind::guest;
    fetch.owner = owner.client;
    fetch.deadline = now + world_.settings.limits.request_deadline;
    return fetch;
}

// ---- Asked of the owner

/// Answers of a guest carry no number: one question a selection at a time.
void ClipboardBroker::start_next(Selection selection, Time now) {
    bool guest_is_busy = std::ranges::any_of(fetches_, [&](const Fetch& fetch) {
        return fetch.from_guest && fetch.selection == selection && fetch.stage != Fetch::Stage::queued;
    });
    for (auto& fetch : fetches_) {
        if (fetch.selection != selection || fetch.stage != Fetch::Stage::queued) continue;
        if (fetch.generation != state(selection).owner.generation) continue;  // it is about to fail
        if (fetch.from_guest && (!guest_.is_there() || std::exchange(guest_is_busy, true))) continue;
        fetch.stage = Fetch::Stage::asked;
        fetch.deadline = now + world_.settings.limits.request_deadline;
        if (fetch.from_guest) {
            world_.trace.passed(to_guest("request"), browser::mime_of(fetch.format));
            guest_.send(agent::ClipboardRequest{.selection = selection, .format = fetch.format});
        } else if (auto* owner = world_.find(fetch.owner)) {
            world_.trace.passed(to_client(fetch.owner, "request"), browser::mime_of(fetch.format));
            owner->asked(fetch.id, selection, fetch.format);
        }
    }
}

// ---- Begun and passed on: the guest's contents

void ClipboardBroker::guest_data_begins(ChunkPort port, const agent::ClipboardData& head, std::uint64_t size,
                                        Time now) {
    auto& going_to = streaming_.at(static_cast<std::size_t>(port));
    going_to = nullptr;
    auto* fetch = asked_of_guest(head.selection);
    if (is_late(head.selection, head.format, now) || !fetch || !answers(head.format, fetch->format)) {
        ++world_.counters.clipboard_stale;
        world_.trace.stopped(from_guest("data"), Code::not_owner, "nobody waits for these contents any more");
        return;
    }
    fetch->stage = Fetch::Stage::streaming;
    if (head.format == ClipboardFormat::none)
        return fail(*fetch, Code::not_offered, "the guest has nothing in this format", now);
    if (size > world_.settings.policy.from_guest.max_bytes)
        return fail(*fetch, Code::too_large, "the guest's copy is larger than the limit", now);
    if (size == 0 && fetch->format != ClipboardFormat::text)
        return fail(*fetch, Code::guest_error, "the guest answered with nothing", now);

    fetch->size = size;
    fetch->deadline = now + world_.settings.limits.request_deadline;
    if (fetch->format == ClipboardFormat::text && (size <= limits::inline_text || guest_.wants_crlf())) {
        fetch->spool = spools_.make(size);
        if (!fetch->spool) return fail(*fetch, Code::busy, "there is no room for the contents now", now);
        if (guest_.wants_crlf()) fetch->to_lf.emplace(LineEnds::To::lf);
    } else {
        begin_answers(*fetch);
    }
    if (size == 0) return finish(*fetch, now);
    going_to = fetch;
}

void ClipboardBroker::guest_data(ChunkPort port, Bytes bytes, Time now) {
    auto* fetch = streaming_.at(static_cast<std::size_t>(port));
    if (!fetch) return;
    fetch->deadline = now + world_.settings.limits.request_deadline;
    fetch->received += bytes.size();
    if (!fetch->spool) {
        pass_on(*fetch, bytes);
    } else if (!fetch->to_lf) {
        gather(*fetch, bytes);
    } else {
        std::array<std::byte, 4096> piece;
        while (!bytes.empty()) gather(*fetch, Bytes{piece}.first(fetch->to_lf->convert(bytes, piece)));
    }
    if (fetch->received == fetch->size) finish(*fetch, now);
}

void ClipboardBroker::begin_answers(Fetch& fetch) {
    for (const auto& waiter : fetch.waiters)
        if (auto* client = world_.find(waiter.client)) client->answer_begins(waiter.request, fetch.format, fetch.size);
}

void ClipboardBroker::pass_on(Fetch& fetch, Bytes bytes) {
    while (!bytes.empty()) {
        if (fetch.block_used == fetch.block_size) {
            flush(fetch);
            const auto to_come = fetch.size - fetch.received + bytes.size();
            fetch.block_size = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, to_come));
            fetch.block = std::make_shared_for_overwrite<std::byte[]>(fetch.block_size);
            fetch.block_used = fetch.block_flushed = 0;
        }
        const auto count = std::min(bytes.size(), fetch.block_size - fetch.block_used);
        std::memcpy(fetch.block.get() + fetch.block_used, bytes.data(), count);
        fetch.block_used += count;
        bytes = bytes.subspan(count);
    }
}

void ClipboardBroker::flush(Fetch& fetch) {
    if (fetch.block_flushed == fetch.block_used) return;
    const SharedBytes part{fetch.block, Bytes{fetch.block.get(), fetch.block_used}.subspan(fetch.block_flushed)};
    fetch.block_flushed = fetch.block_used;
    for (const auto& waiter : fetch.waiters)
        if (auto* client = world_.find(waiter.client)) client->answer_bytes(waiter.request, part);
}

void ClipboardBroker::flush() {
    for (auto* fetch : streaming_)
        if (fetch) flush(*fetch);
}

// ---- Begun and gathered: a client's contents

bool ClipboardBroker::client_data_begins(Client& client, FetchId id, ClipboardFormat format, std::uint64_t size,
                                         Time now) {
    auto* fetch = find_fetch(id);
    if (!fetch || fetch->from_guest || fetch->owner != client.id() || fetch->stage != Fetch::Stage::asked) {
        client.refused(Code::not_owner, "clipboard-data", "nobody waits for this answer any more");
        return false;
    }
    if (format != fetch->format) {
        client.refused(Code::bad_frame, "clipboard-data", "format: another one was asked for");
        fail(*fetch, Code::not_offered, "the owner answered in another format", now);
        return false;
    }
    if (size > policy::rule(world_.settings.policy, Way::to_guest).max_bytes) {
        client.refused(Code::too_large, "clipboard-data", "this is more than may be copied to this machine");
        fail(*fetch, Code::too_large, "the owner's copy is larger than the limit", now);
        return false;
    }
    fetch->spool = spools_.make(size);
    if (!fetch->spool) {
        client.refused(Code::busy, "clipboard-data", "there is no room for the contents now");
        fail(*fetch, Code::busy, "there is no room for the contents now", now);
        return false;
    }
    fetch->stage = Fetch::Stage::streaming;
    fetch->size = size;
    fetch->deadline = now + world_.settings.limits.request_deadline;
    if (size == 0) finish(*fetch, now);
    return true;
}

bool ClipboardBroker::client_data(Client& client, FetchId id, Bytes bytes, Time now) {
    auto* fetch = find_fetch(id);
    if (!fetch || fetch->owner != client.id() || fetch->stage != Fetch::Stage::streaming) return false;
    fetch->deadline = now + world_.settings.limits.request_deadline;
    fetch->received += bytes.size();
    if (fetch->format == ClipboardFormat::text) fetch->bare_newlines += count_bare_newlines(bytes, fetch->after_cr);
    gather(*fetch, bytes);
    if (fetch->received >= fetch->size) finish(*fetch, now);
    return true;
}

void ClipboardBroker::client_failed(Client& client, FetchId id, Code code, Time now) {
    auto* fetch = find_fetch(id);
    if (fetch && !fetch->from_guest && fetch->owner == client.id())
        fail(*fetch, code, "the owner could not give the contents", now);
}

void ClipboardBroker::gather(Fetch& fetch, Bytes bytes) {
    if (fetch.spool && !bytes.empty() && !fetch.spool->append(bytes)) fetch.is_broken = true;
}

// ---- Finished

void ClipboardBroker::finish(Fetch& fetch, Time now) {
    if (fetch.is_broken) return fail(fetch, Code::no_space, "there was no room for the contents", now);
    if (fetch.to_lf) {
        std::array<std::byte, 2> last;
        gather(fetch, Bytes{last}.first(fetch.to_lf->finish(last)));
    }
    flush(fetch);
    trace_ended(fetch, std::nullopt, to_text(fetch.format, fetch.size));
    for (const auto& waiter : fetch.waiters) {
        auto* client = fetch.spool ? world_.find(waiter.client) : nullptr;
        if (client && !client->has_room_for(fetch.spool.get())) {
            ++world_.counters.clipboard_errors;
            world_.trace.stopped(to_client(waiter.client, "data"), Code::busy, browser::meaning(Code::busy));
            client->answer_failed(waiter.request, Code::busy, browser::meaning(Code::busy));
            continue;
        }
        if (client) client->answered(waiter.request, fetch.format, fetch.spool);
        ++world_.counters.clipboard_answers;
    }
    for (auto i = 0U; i < fetch.guest_waits; ++i) {
        answer_guest(fetch);
        ++world_.counters.clipboard_answers;
    }
    const auto selection = fetch.selection;
    erase(fetch);
    start_next(selection, now);
}

void ClipboardBroker::answer_guest(const Fetch& fetch) {
    const auto crlf = fetch.format == ClipboardFormat::text && guest_.wants_crlf();
    guest_.writer().send_clipboard({.selection = fetch.selection, .format = fetch.format, .data = {}}, fetch.spool,
                                   fetch.size + (crlf ? fetch.bare_newlines : 0), crlf, guest_.dialect());
}

/// With the type that was asked for: agents wait on when they are told "none".
void ClipboardBroker::answer_guest_empty(Selection selection, ClipboardFormat format) {
    ++world_.counters.clipboard_errors;
    guest_.writer().send_clipboard({.selection = selection, .format = format, .data = {}}, nullptr, 0, false,
                                   guest_.dialect());
}

// ---- Failed

void ClipboardBroker::fail(Fetch& fetch, Code code, std::string_view message, Time now) {
    trace_ended(fetch, code, message);
    for (const auto& waiter : fetch.waiters) {
        ++world_.counters.clipboard_errors;
        if (auto* client = world_.find(waiter.client)) client->answer_failed(waiter.request, code, message);
    }
    for (auto i = 0U; i < fetch.guest_waits; ++i) answer_guest_empty(fetch.selection, fetch.format);
    if (fetch.from_guest && fetch.stage == Fetch::Stage::asked) give_up(fetch, now);
    if (auto* owner = fetch.from_guest ? nullptr : world_.find(fetch.owner)) owner->fetch_over(fetch.id);
    const auto selection = fetch.selection;
    erase(fetch);
    start_next(selection, now);
}

void ClipboardBroker::trace_ended(const Fetch& fetch, std::optional<Code> code, std::string_view detail) {
    const auto tell = [&](const TraceStep& step) {
        if (code)
            world_.trace.stopped(step, *code, detail.empty() ? browser::meaning(*code) : detail);
        else
            world_.trace.passed(step, detail);
    };
    tell(fetch.from_guest ? from_guest("data") : from_client(fetch.owner, "data"));
    for (const auto& waiter : fetch.waiters) tell(to_client(waiter.client, "data"));
    const auto owner = fetch.from_guest ? std::nullopt : std::optional{fetch.owner};
    if (fetch.guest_waits > 0) tell(to_guest("data", owner));
}

void ClipboardBroker::give_up(const Fetch& fetch, Time now) {
    auto& list = state(fetch.selection).given_up;
    if (list.size() == most_given_up) list.pop_front();
    list.push_back({.format = fetch.format,
                    .generation = fetch.generation,
                    .until = now + world_.settings.limits.request_deadline});
}

/// This answers a question that was given up, about contents that the guest has replaced since.
bool ClipboardBroker::is_late(Selection selection, ClipboardFormat answer, Time now) {
    auto& s = state(selection);
    std::erase_if(s.given_up, [&](const GivenUp& each) { return each.until <= now; });
    const auto found =
        std::ranges::find_if(s.given_up, [&](const GivenUp& each) { return answers(answer, each.format); });
    if (found == s.given_up.end()) return false;
    const auto generation = found->generation;
    s.given_up.erase(found);
    return generation != s.owner.generation;
}

void ClipboardBroker::erase(Fetch& fetch) {
    std::ranges::replace(streaming_, &fetch, nullptr);
    fetches_.remove_if([&](const Fetch& each) { return &each == &fetch; });
}

void ClipboardBroker::drop_superseded(Selection selection, Time now) {
    const auto generation = state(selection).owner.generation;
    fail_where(
        [&](const Fetch& fetch) {
            return fetch.selection == selection && fetch.generation != generation &&
                   fetch.stage != Fetch::Stage::streaming;
        },
        Code::not_owner, "the clipboard changed hands before its contents came", now);
}

void ClipboardBroker::drop_unwanted(Time now) {
    fail_where([](const Fetch& fetch) { return fetch.waiters.empty() && fetch.guest_waits == 0; }, Code::cancelled, "",
               now);
}

// ---- Time

void ClipboardBroker::handle_timeout(Time now) {
    if (announce_at_ && now >= *announce_at_) announce_standing();
    drop_slow(now);
    for (const auto& [id, client] : world_.clients) world_.counters.clipboard_errors += client->drop_untaken(now);
    fail_where([&](const Fetch& fetch) { return fetch.deadline <= now; }, Code::timeout,
               "no answer came within the deadline", now);
}

void ClipboardBroker::excuse_guest(Time now) {
    for (auto& fetch : fetches_)
        if (fetch.from_guest) fetch.deadline = now + world_.settings.limits.request_deadline;
}

std::optional<Time> ClipboardBroker::poll_timeout() const {
    auto next = announce_at_;
    for (const auto& fetch : fetches_) next = earlier(next, fetch.deadline);
    for (const auto& [id, client] : world_.clients) {
        next = earlier(next, client->next_untaken());
        if (client->is_behind) next = earlier(next, *client->behind_since + patience_with(*client));
    }
    return next;
}

// ---- Slow clients

void ClipboardBroker::check_slow(Time now) {
    anybody_is_behind_ = false;
    for (const auto& [id, client] : world_.clients) {
        const bool caught_up = !client->is_behind;  // since when is not known: it counts until now
        client->is_behind = client->waiting_bytes() > limits::client_outbox;
        if (client->behind_since && (caught_up || !client->is_behind))
            client->held += now - *std::exchange(client->behind_since, std::nullopt);
        if (client->is_behind && !client->behind_since) client->behind_since = now;
        if (!client->has_passing_answers()) client->held = {};
        anybody_is_behind_ |= client->is_behind;
    }
    was_held_ |= anybody_is_behind_;
}

void ClipboardBroker::client_took(Client& client) {
    if (!client.is_behind || client.waiting_bytes() > limits::client_outbox) return;
    client.is_behind = false;
    anybody_is_behind_ = std::ranges::any_of(world_.clients, [](const auto& entry) { return entry.second->is_behind; });
}

/// How long it may hold the guest up still: one deadline in all, however often it takes a little meanwhile.
Time::duration ClipboardBroker::patience_with(const Client& client) const {
    return std::max(Time::duration{}, world_.settings.limits.request_deadline - client.held);
}

/// Whoever held the guest up for the whole deadline and took nothing loses what waits for it, and nothing else. Who
/// took some of it goes on from a spool, and the guest is read on.
void ClipboardBroker::drop_slow(Time now) {
    constexpr std::string_view why = "the contents were taken too slowly";
    for (const auto& [id, client] : world_.clients) {
        if (!client->is_behind || now < *client->behind_since + patience_with(*client)) continue;
        const auto took_nothing = client->held == Time::duration{};
        client->held = {};
        // Whoever asks again and takes nothing again would keep the guest unread nearly all the time.
        if (took_nothing) client->trusted_from = now + penalty_deadlines * world_.settings.limits.request_deadline;
        forget_waiters(*client, took_nothing ? client->drop_answers(Client::Answers::waiting, Code::timeout, why)
                                             : client->spool_answers(spools_, Code::timeout, why));
    }
    drop_unwanted(now);
    check_slow(now);
}

void ClipboardBroker::forget_waiters(const Client& client, const std::vector<RequestId>& dropped) {
    world_.counters.clipboard_errors += dropped.size();
    for (auto& fetch : fetches_)
        std::erase_if(fetch.waiters, [&](const Fetch::Waiter& waiter) {
            return waiter.client == client.id() && std::ranges::find(dropped, waiter.request) != dropped.end();
        });
}

ClipboardBroker::Fetch* ClipboardBroker::find_fetch(FetchId id) noexcept {
    const auto found = std::ranges::find(fetches_, id, &Fetch::id);
    return found == fetches_.end() ? nullptr : &*found;
}

ClipboardBroker::Fetch* ClipboardBroker::asked_of_guest(Selection selection) noexcept {
    const auto found = std::ranges::find_if(fetches_, [&](const Fetch& fetch) {
        return fetch.from_guest && fetch.selection == selection && fetch.stage == Fetch::Stage::asked;
    });
    return found == fetches_.end() ? nullptr : &*found;
}

}  // namespace vmcbridge::bridge
