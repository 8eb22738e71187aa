#include "src/bridge/web_client.hpp"

#include "proto/text.hpp"

#include <iterator>
#include <utility>

namespace vmcbridge::bridge {

using browser::ServerFrame;
using policy::Permission;

namespace {

/// A client that lets this much text wait is not read until it took some: what it asks for is what waits.
constexpr std::size_t text_before_pause = 64 * 1024;

browser::AgentState state_of(const AgentView& agent) {
    return {.connected = agent.connected, .capabilities = agent::names(agent.capabilities)};
}

}  // namespace

// ---- The outbox

void WebClient::send(const ServerFrame& frame) {
    if (!is_lost()) queue(SharedBytes{browser::encode(frame)});
}

void WebClient::queue(SharedBytes text) {
    text_bytes_ += text.size();
    texts_.push_back(std::move(text));
    was_readable_ = is_readable();
    mark_ready();
}

void WebClient::send(State state, ServerFrame frame) {
    if (is_lost()) return;
    auto& written = world_.last_state;
    if (!written || written->frame != frame) {
        SharedBytes text{browser::encode(frame)};
        written = World::Written{.frame = std::move(frame), .text = std::move(text)};
    }
    auto& unsent = unsent_.at(static_cast<std::size_t>(state));
    if (unsent) {
        text_bytes_ -= (*unsent)->size();
        texts_.erase(*unsent);
    }
    queue(written->text);
    unsent = std::prev(texts_.end());
}

void WebClient::pop_text() {
    for (auto& unsent : unsent_)
        if (unsent == texts_.begin()) unsent.reset();
    text_bytes_ -= texts_.front().size();
    texts_.pop_front();
}

WebClient::State WebClient::offer_of(Selection selection) noexcept {
    switch (selection) {
        case Selection::clipboard: return State::clipboard;
        case Selection::primary: return State::primary;
        case Selection::secondary: return State::secondary;
    }
    return State::clipboard;
}

void WebClient::mark_ready() { world_.ready.push_back(id()); }

bool WebClient::is_readable() const noexcept { return text_bytes_ < text_before_pause; }

std::optional<OutFrame> WebClient::poll() {
    if (texts_.empty()) {
        if (auto frame = out_.poll()) return frame;
        const auto failed = out_.take_failed();
        if (!failed) return std::nullopt;
        answer_failed(*failed, browser::Code::no_space, "the contents could not be read back");
    }
    OutFrame frame{.binary = false, .stream = {}, .body = texts_.front()};
    pop_text();
    if (!was_readable_ && is_readable()) mark_ready();
    was_readable_ = is_readable();
    return frame;
}

void WebClient::granted(const browser::Credit& credit, Time now) {
    out_.add_credit(credit.stream, credit.bytes, now);
    if (out_.can_send()) mark_ready();
}

void WebClient::pong(browser::RequestId id) { send(browser::Pong{.id = id}); }

void WebClient::grant(browser::StreamId id) {
    auto* stream = in_.find(id);
    const auto bytes = stream ? InStreams::take_grant(*stream) : 0;
    if (bytes > 0) send(browser::Credit{.stream = id, .bytes = bytes});
}

// ---- State of the VM

void WebClient::welcome(const AgentView& agent, bool lead) { send(welcome_of(agent, lead)); }

browser::Welcome WebClient::welcome_of(const AgentView& agent, bool lead) const {
    const auto grace = std::chrono::ceil<std::chrono::seconds>(world_.settings.limits.resume_grace);
    const auto can_resume = grace.count() > 0 && !profile().resume_token.empty();
    return {.vm = world_.vm,
            .client = id(),
            .user = profile().user,
            .agent = state_of(agent),
            .permissions = policy::names(rights),
            .limits = limits_of(world_.settings.policy),
            .lead = lead,
            .resume_token = can_resume ? profile().resume_token : std::string{},
            .resume_grace_seconds = can_resume ? static_cast<std::uint32_t>(grace.count()) : 0,
            .resumed = false,
            .transfers = {}};
}

// ---- Lost and resumed

void WebClient::lose(Time until) {
    texts_.clear();
    text_bytes_ = 0;
    unsent_ = {};
    out_.clear();
    lost_until_ = until;
}

void WebClient::resume(ClientProfile profile, const AgentView& agent, bool lead) {
    lost_until_.reset();
    renew(std::move(profile));
    seen = {};
    auto frame = welcome_of(agent, lead);
    frame.resumed = true;
    for (const auto& file : files_) frame.transfers.push_back(where(file));
    for (const auto& ended : ended_) frame.transfers.push_back(ended.transfer);
    send(frame);
    for (const auto& ended : ended_) send(ended.status);
    for (const auto& file : files_) grant(file.stream);
}

void WebClient::file_began(const browser::FileStart& file) {
    files_.push_back({.id = file.id, .stream = file.stream, .size = file.size});
}

browser::ResumedTransfer WebClient::where(const FileUnderWay& file) {
    const auto stream = in_.of_file(file.id);
    return {.id = file.id, .stream = file.stream, .received = stream ? in_.find(*stream)->received : file.size};
}

browser::ClientLimits WebClient::limits_of(const policy::Policy& policy) const {
    return {.clipboard_bytes = policy.to_guest.max_bytes,
            .clipboard_from_guest_bytes = policy.from_guest.max_bytes,
            .file_bytes = policy.file_max,
            .frame_bytes = limits::frame_payload,
            .initial_credit = limits::initial_credit};
}

void WebClient::agent_changed(const AgentView& agent) {
    send(State::agent, browser::AgentChanged{.agent = state_of(agent)});
}

void WebClient::rights_changed(const policy::Policy& policy) {
    send(State::permissions,
         browser::PermissionsChanged{.permissions = policy::names(rights), .limits = limits_of(policy)});
}

void WebClient::clients_changed(std::span<const browser::ClientEntry> clients) {
    if (may(Permission::observe)) send(State::clients, browser::Clients{.clients = {clients.begin(), clients.end()}});
}

void WebClient::lead_changed(std::optional<ClientId> lead) {
    send(State::lead, browser::LeadChanged{.client = lead, .you = lead == id()});
}

// ---- Clipboard

void WebClient::offered(Selection selection, const FormatList& formats, std::uint64_t generation) {
    send(offer_of(selection), browser::ClipboardGrab{.selection = selection, .formats = formats, .serial = generation});
}

void WebClient::released(Selection selection) {
    send(offer_of(selection), browser::ClipboardRelease{.selection = selection});
}

void WebClient::answered(RequestId request, ClipboardFormat format, std::shared_ptr<const Spool> contents) {
    const auto size = contents->size();
    // Inside the frame, unless so many wait already that they would fill the outbox: bulk waits in its spool.
    if (format == ClipboardFormat::text && size <= limits::inline_text && is_readable()) {
        std::string text(static_cast<std::size_t>(size), '\0');
        text.resize(contents->read(0, std::as_writable_bytes(std::span{text})));
        if (is_utf8(text))
            return send(browser::ClipboardData{.id = request, .format = format, .body = std::move(text)});
    }
    const auto stream = out_.open(request, size, std::move(contents), world_.trace.now());
    send(browser::ClipboardData{
        .id = request, .format = format, .body = browser::StreamedData{.stream = stream, .size = size}});
}

void WebClient::answer_begins(RequestId request, ClipboardFormat format, std::uint64_t size) {
    const auto stream = out_.open(request, size, nullptr, world_.trace.now());
    send(browser::ClipboardData{
        .id = request, .format = format, .body = browser::StreamedData{.stream = stream, .size = size}});
}

void WebClient::answer_bytes(RequestId request, const SharedBytes& bytes) {
    out_.append(request, bytes);
    mark_ready();
}

void WebClient::answer_failed(RequestId request, browser::Code code, std::string_view message) {
    out_.close(request);
    send(browser::ClipboardError{.id = request, .code = code, .message = std::string{message}});
}

std::vector<RequestId> WebClient::spool_answers(SpoolPool& spools, browser::Code code, std::string_view message) {
    auto requests = out_.move_to_spools(spools);
    for (const auto request : requests) answer_failed(request, code, message);
    return requests;
}

std::vector<RequestId> WebClient::drop_answers(Answers which, browser::Code code, std::string_view message) {
    auto requests = which == Answers::all ? out_.requests() : out_.waiting();
    for (const auto request : requests) answer_failed(request, code, message);
    return requests;
}

bool WebClient::has_room_for(const Spool* contents) const {
    const auto spools = out_.spools();
    return spools.size() < limits::client_spools || spools.contains(contents);
}

std::size_t WebClient::drop_untaken(Time now) {
    const auto requests = out_.look_for_untaken(now, world_.settings.limits.request_deadline);
    for (const auto request : requests)
        answer_failed(request, browser::Code::timeout, "the contents were taken too slowly");
    return requests.size();
}

std::optional<Time> WebClient::next_untaken() const {
    return out_.next_untaken(world_.settings.limits.request_deadline);
}

void WebClient::asked(FetchId fetch, Selection selection, ClipboardFormat format) {
    send(browser::ClipboardRequest{.id = fetch, .selection = selection, .format = format});
}

void WebClient::fetch_over(FetchId fetch) {
    if (const auto stream = in_.of_fetch(fetch)) in_.discard(*stream);
}

// ---- Display and files

void WebClient::monitors_done(std::optional<RequestId> request, browser::MonitorsStatus status,
                              std::optional<browser::Code> code, std::string_view message) {
    send(browser::MonitorsResult{.id = request, .status = status, .code = code, .message = std::string{message}});
}

void WebClient::file_changed(const browser::FileStatus& status) {
    send(status);
    const auto stream = in_.of_file(status.id);
    if (status.status == browser::FileState::accepted) {
        if (stream) in_.find(*stream)->is_open = true;
        if (stream) grant(*stream);
    } else if (status.status != browser::FileState::progress) {
        file_ended(status);
        if (stream) in_.discard(*stream);
    }
}

void WebClient::file_ended(const browser::FileStatus& status) {
    const auto file = std::ranges::find(files_, status.id, &FileUnderWay::id);
    if (file == files_.end()) return;  // refused before it began
    ended_.push_back({.transfer = where(*file), .status = status});
    if (ended_.size() > limits::client_transfers) ended_.pop_front();
    files_.erase(file);
}

void WebClient::file_consumed(RequestId file, std::size_t bytes) {
    const auto stream = in_.of_file(file);
    if (!stream) return;
    in_.find(*stream)->consumed += bytes;
    grant(*stream);
}

void WebClient::refused(browser::Code code, std::string_view about, std::string_view message) {
    send(browser::ErrorFrame{.code = code, .message = std::string{message}, .about = std::string{about}});
}

}  // namespace vmcbridge::bridge
