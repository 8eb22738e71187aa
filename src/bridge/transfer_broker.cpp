#include "src/bridge/transfer_broker.hpp"

#include "proto/agent/file_transfer.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;
using browser::FileState;
using policy::Permission;

namespace {

/// Clients hear of progress at most this often.
constexpr std::chrono::milliseconds progress_interval{100};
/// The agent closes and flushes the file before it says SUCCESS; a slow disk may take its time over gigabytes.
constexpr std::chrono::seconds finish_deadline{60};
/// Few files run at once: a client that sends nothing of its own for this long makes room for the others'.
constexpr std::chrono::seconds idle_deadline{60};
/// A client that sends nothing of its file is asked for a sign of life this often.
constexpr std::chrono::milliseconds await_interval{500};

using Hop = TraceStep::Hop;

TraceStep step(Hop hop, ClientId client, std::string_view what) {
    return {.topic = TraceStep::Topic::files, .hop = hop, .what = what, .client = client};
}

struct Ending {
    FileState state;
    Code code;
    std::string_view message;
};

Ending ending_of(agent::FileStatus status) {
    switch (status) {
        case agent::FileStatus::not_enough_space:
            return {FileState::error, Code::no_space, "there is not enough space in the guest"};
        case agent::FileStatus::session_locked:
            return {FileState::error, Code::session_locked, "the guest's session is locked"};
        case agent::FileStatus::agent_not_connected:
            return {FileState::error, Code::no_session, "nobody is logged in to the guest's session"};
        case agent::FileStatus::disabled: return {FileState::error, Code::disabled, "the guest does not take files"};
        case agent::FileStatus::cancelled:
            // Agents cancel on their own only when the session that wrote the file ended.
            return {FileState::error, Code::no_session, "the guest's session ended"};
        default: return {FileState::error, Code::guest_error, "the guest could not write the file"};
    }
}

}  // namespace

// ---- Clients

bool TransferBroker::start(Client& client, RequestId file, std::string_view name, std::uint64_t size, Time now) {
    const auto& policy = world_.settings.policy;
    const auto refuse = [&](Code code, std::string_view why) {
        ++world_.counters.files_failed;
        world_.trace.stopped(step(Hop::from_client, client.id(), "start"), code, why);
        client.file_changed({.id = file,
                             .status = FileState::error,
                             .sent = 0,
                             .code = code,
                             .message = std::string{why},
                             .free_bytes = {}});
        return false;
    };
    if (find(client.id(), file) != transfers_.end()) {
        client.refused(Code::bad_frame, "file-start", "id: a transfer with this id is under way");
        return false;
    }
    if (!policy.files_to_guest) return refuse(Code::disabled, "sending files is switched off on this machine");
    if (!client.may(Permission::files_to_guest)) return refuse(Code::forbidden, "you may not send files here");
    if (!guest_.is_there()) return refuse(Code::no_agent, "no agent is there to take the file");
    if (guest_.can(Capability::file_xfer_disabled)) return refuse(Code::disabled, "the guest does not take files");
    if (size > policy.file_max) return refuse(Code::too_large, "the file is larger than the limit");
    auto safe_name = policy::safe_file_name(name);
    if (!safe_name) return refuse(Code::bad_name, "nothing usable is left of this file name");
    const auto own = std::ranges::count(transfers_, client.id(), &Transfer::client);
    const bool has_many = static_cast<std::size_t>(own) >= limits::client_transfers;
    if (has_many || (own > 0 && transfers_.size() >= limits::vm_transfers))
        return refuse(Code::busy, "too many files are on their way");

    auto& transfer = transfers_.emplace_back();
    transfer.client = client.id();
    transfer.file = file;
    transfer.name = std::move(*safe_name);
    transfer.size = size;
    world_.trace.passed(step(Hop::from_client, client.id(), "start"),
                        transfer.name + ", " + std::to_string(size) + " bytes");
    start_waiting(now);
    return true;
}

std::map<ClientId, std::size_t> TransferBroker::running() const {
    std::map<ClientId, std::size_t> running;
    for (const auto& transfer : transfers_)
        if (transfer.stage != Stage::waiting) ++running[transfer.client];
    return running;
}

void TransferBroker::start_waiting(Time now) {
    auto counts = running();
    auto slots = limits::vm_transfers_running;
    for (const auto& [client, count] : counts) slots -= count;
    for (; slots > 0; --slots) {
        const auto next = next_waiting(counts);
        if (next == transfers_.end()) return;
        auto& transfer = *next;
        ++counts[transfer.client];
        transfer.stage = Stage::starting;
        transfer.id = TransferId{next_id_++};
        transfer.deadline = now + world_.settings.limits.request_deadline;
        const auto key_file = agent::write_key_file({.name = transfer.name, .size = transfer.size});
        world_.trace.passed(step(Hop::to_guest, transfer.client, "start"), transfer.name);
        guest_.send(agent::FileTransferStart{.id = transfer.id, .key_file = key_file});
    }
}

/// The oldest one of the client of which the fewest run, of those that may have one more.
TransferBroker::Transfers::iterator TransferBroker::next_waiting(const std::map<ClientId, std::size_t>& running) {
    const auto count = [&](const Transfer& transfer) {
        const auto found = running.find(transfer.client);
        return found == running.end() ? 0 : found->second;
    };
    auto best = transfers_.end();
    for (auto t = transfers_.begin(); t != transfers_.end(); ++t)
        if (t->stage == Stage::waiting && count(*t) < limits::client_transfers_running &&
            (best == transfers_.end() || count(*t) < count(*best)))
            best = t;
    return best;
}

std::size_t TransferBroker::count_empty_handed(const std::map<ClientId, std::size_t>& running) const {
    std::set<ClientId> found;
    for (const auto& transfer : transfers_)
        if (!running.contains(transfer.client)) found.insert(transfer.client);
    return found.size();
}

bool TransferBroker::data(const Client& client, RequestId file, Bytes bytes) {
    const auto found = find(client.id(), file);
    if (found == transfers_.end()) return false;
    found->buffer.append(bytes);
    found->received += bytes.size();
    return true;
}

std::uint64_t TransferBroker::missing(const Client& client, RequestId file) noexcept {
    const auto found = find(client.id(), file);
    return found == transfers_.end() ? 0 : found->size - found->received;
}

void TransferBroker::rewind(const Client& client, RequestId file, std::uint64_t received) {
    const auto found = find(client.id(), file);
    if (found == transfers_.end()) return;
    found->received = received;
    found->buffer.truncate(static_cast<std::size_t>(received - found->sent));
}

void TransferBroker::cancel(Client& client, RequestId file, Time now) {
    const auto found = find(client.id(), file);
    if (found == transfers_.end()) return;  // it ended meanwhile: the client has its status or gets it
    end(found, FileState::cancelled, Code::cancelled, "cancelled", true);
    start_waiting(now);
}

void TransferBroker::abort(Client& client, RequestId file, Code code, Time now) {
    const auto found = find(client.id(), file);
    if (found == transfers_.end()) return;
    end(found, FileState::error, code, browser::meaning(code), true);
    start_waiting(now);
}

void TransferBroker::client_gone(ClientId client, Time now) {
    for (auto t = transfers_.begin(); t != transfers_.end();)
        t = t->client == client ? end(t, FileState::cancelled, Code::cancelled, "", true) : std::next(t);
    start_waiting(now);
}

void TransferBroker::settings_changed(Time now) {
    for (auto t = transfers_.begin(); t != transfers_.end();) {
        const auto* client = world_.find(t->client);
        if (!client || !client->may(Permission::files_to_guest)) {
            t = end(t, FileState::error, Code::disabled, "sending files was switched off on this machine", true);
        } else if (t->size > world_.settings.policy.file_max) {
            t = end(t, FileState::error, Code::too_large, "the file is larger than the new limit", true);
        } else {
            ++t;
        }
    }
    start_waiting(now);
}

// ---- The guest

void TransferBroker::guest_status(const agent::FileTransferStatus& status, Time now) {
    const auto found = std::ranges::find_if(
        transfers_, [&](const Transfer& t) { return t.stage != Stage::waiting && t.id == status.id; });
    if (found == transfers_.end()) {
        ++world_.counters.guest_messages_ignored;
        return;
    }
    if (status.status == agent::FileStatus::can_send_data) {
        if (found->stage != Stage::starting) return;
        found->stage = Stage::running;
        found->deadline = now + idle_deadline;
        found->told = found->looked_at = now;
        found->await_at = now + await_interval;
        world_.trace.passed(step(Hop::from_guest, found->client, "accepted"), found->name);
        tell(*found, FileState::accepted, std::nullopt, "");
        return;
    }
    if (status.status == agent::FileStatus::success) {
        if (found->sent == found->size && found->stage == Stage::finishing) {
            ++world_.counters.files_done;
            end(found, FileState::done, std::nullopt, "", false);
        } else {
            end(found, FileState::error, Code::guest_error, "the guest said it was done before it had the whole file",
                true);
        }
    } else {
        const auto ending = ending_of(status.status);
        const auto free_bytes = status.status == agent::FileStatus::not_enough_space && status.free_bytes != 0
                                    ? std::optional{status.free_bytes}
                                    : std::nullopt;
        world_.trace.stopped(step(Hop::from_guest, found->client, "status"), ending.code, ending.message);
        tell(*found, ending.state, ending.code, ending.message, free_bytes);
        ++world_.counters.files_failed;
        transfers_.erase(found);
    }
    start_waiting(now);
}

void TransferBroker::agent_went() {
    while (!transfers_.empty())
        end(transfers_.begin(), FileState::error, Code::agent_gone, "the agent went before the file was there", false);
}

/// Whoever lets several files crawl gives one up for each client that has none. What waits for the guest's port is not
/// the client's fault.
void TransferBroker::end_slow(Time now) {
    auto counts = running();
    auto wanted = count_empty_handed(counts);
    for (auto t = transfers_.begin(); t != transfers_.end();) {
        const auto each = t++;
        if (each->stage != Stage::running || now < each->looked_at + idle_deadline) continue;
        each->looked_at = now;
        const auto moved = each->sent - std::exchange(each->sent_before, each->sent);
        auto& own = counts.at(each->client);
        if (wanted == 0 || own < 2 || moved >= limits::transfer_least || !each->buffer.empty()) continue;
        --wanted;
        --own;
        end(each, FileState::error, Code::timeout, "it came too slowly while others waited", true);
    }
}

void TransferBroker::excuse_guest(Time now) {
    for (auto& transfer : transfers_) {
        if (transfer.stage == Stage::starting) transfer.deadline = now + world_.settings.limits.request_deadline;
        if (transfer.stage == Stage::finishing) transfer.deadline = now + finish_deadline;
    }
}

void TransferBroker::await_data(Time now) {
    for (auto& transfer : transfers_) {
        if (!is_awaited(transfer) || now < transfer.await_at) continue;
        transfer.await_at = now + await_interval;
        if (auto* client = world_.find(transfer.client)) client->file_awaited(transfer.file);
    }
}

void TransferBroker::handle_timeout(Time now) {
    end_slow(now);
    await_data(now);
    for (auto t = transfers_.begin(); t != transfers_.end();) {
        const bool runs = t->stage == Stage::running;
        if (runs && !t->buffer.empty()) t->deadline = now + idle_deadline;  // it waits for the guest's port
        t = t->deadline && *t->deadline <= now
                ? end(t, FileState::error, Code::timeout,
                      runs ? "nothing more of the file came" : "the agent did not answer", true)
                : std::next(t);
    }
    start_waiting(now);
}

std::optional<Time> TransferBroker::poll_timeout() const {
    std::optional<Time> next;
    for (const auto& transfer : transfers_) {
        next = earlier(next, transfer.deadline);
        if (transfer.stage == Stage::running) next = earlier(next, transfer.looked_at + idle_deadline);
        if (is_awaited(transfer)) next = earlier(next, transfer.await_at);
    }
    return next;
}

// ---- What the guest writer takes

/// There are bytes, or the one empty message that an empty file wants.
bool TransferBroker::is_ready(const Transfer& transfer) noexcept {
    return transfer.stage == Stage::running && (!transfer.buffer.empty() || transfer.size == 0);
}

/// All that came of it went on, and more must come.
bool TransferBroker::is_awaited(const Transfer& transfer) noexcept {
    return transfer.stage == Stage::running && transfer.buffer.empty() && transfer.size > 0;
}

bool TransferBroker::has_piece() const noexcept { return std::ranges::any_of(transfers_, is_ready); }

std::optional<FileSource::Piece> TransferBroker::next_piece(std::size_t most) {
    const auto found = std::ranges::find_if(transfers_, is_ready);
    if (found == transfers_.end()) return std::nullopt;
    transfers_.splice(transfers_.end(), transfers_, found);  // the others have their turn first
    taking_ = std::prev(transfers_.end());
    return Piece{.id = found->id, .size = std::min(most, found->buffer.size())};
}

Bytes TransferBroker::view(std::size_t most) const { return (*taking_)->buffer.front(most); }

void TransferBroker::take(std::size_t count) {
    auto& transfer = **taking_;
    transfer.buffer.consume(count);
    transfer.sent += count;
    if (auto* client = world_.find(transfer.client)) client->file_consumed(transfer.file, count);
}

void TransferBroker::piece_done(Time now) {
    auto& transfer = **std::exchange(taking_, std::nullopt);
    transfer.deadline = now + idle_deadline;
    transfer.await_at = now + await_interval;
    if (transfer.sent == transfer.size) {
        transfer.stage = Stage::finishing;
        transfer.deadline = now + finish_deadline;
        transfer.buffer.clear();
    }
    if (transfer.sent != transfer.size && now - transfer.told < progress_interval) return;
    transfer.told = now;
    tell(transfer, FileState::progress, std::nullopt, "");
}

// ---- Ends

TransferBroker::Transfers::iterator TransferBroker::find(ClientId client, RequestId file) noexcept {
    return std::ranges::find_if(transfers_, [&](const Transfer& t) { return t.client == client && t.file == file; });
}

void TransferBroker::tell(const Transfer& transfer, FileState state, std::optional<Code> code, std::string_view message,
                          std::optional<std::uint64_t> free_bytes) {
    if (auto* client = world_.find(transfer.client))
        client->file_changed({.id = transfer.file,
                              .status = state,
                              .sent = transfer.sent,
                              .code = code,
                              .message = std::string{message},
                              .free_bytes = free_bytes});
}

TransferBroker::Transfers::iterator TransferBroker::end(Transfers::iterator transfer, FileState state,
                                                        std::optional<Code> code, std::string_view message,
                                                        bool tell_guest) {
    if (state != FileState::done) ++world_.counters.files_failed;
    const auto last = step(Hop::to_client, transfer->client, "status");
    if (code)
        world_.trace.stopped(last, *code, message.empty() ? browser::meaning(*code) : message);
    else
        world_.trace.passed(last, transfer->name + ", done");
    if (tell_guest && transfer->stage != Stage::waiting)
        guest_.send(agent::FileTransferStatus{
            .id = transfer->id, .status = agent::FileStatus::cancelled, .free_bytes = 0, .error_code = 0});
    tell(*transfer, state, code, message);
    return transfers_.erase(transfer);
}

}  // namespace vmcbridge::bridge
