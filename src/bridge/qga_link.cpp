#include "src/bridge/qga_link.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"

#include <utility>

namespace vmcbridge::bridge {

using browser::Code;
using qga::LineReader;
using qga::Success;

// ---- The port

void QgaLink::handle_connected() {
    connected_ = true;
    synced_ = false;
    unasked_ = 0;
}

void QgaLink::handle_gone() {
    connected_ = false;
    // A machine that goes with its port, after it was asked to, has done what it was asked.
    if (silent_until_) return finish(qga::Reply{});
    if (state_ != State::idle)
        fail({.code = Code::agent_gone, .detail = "the guest agent's port was closed meanwhile"});
}

void QgaLink::handle_bytes(Bytes bytes) {
    while (!bytes.empty()) {
        const auto before = bytes.size();
        const bool is_unasked = state_ != State::asked;
        if (state_ == State::idle) {
            synced_ = false;
            bytes = {};
        } else {
            handle_found(reader_.next(bytes));
        }
        if (is_unasked && state_ != State::asked) unasked_ += before - bytes.size();
        if (is_flooded())
            return fail(qga::junk("the guest agent's port brings nothing but bytes that nobody asked for"));
    }
}

void QgaLink::handle_found(LineReader::Found found) {
    switch (found) {
        case LineReader::Found::nothing: return;
        case LineReader::Found::line: return handle_line();
        case LineReader::Found::sentinel:
            if (state_ == State::asked) fail(qga::junk("the guest agent's answer breaks off"));
            return;
        case LineReader::Found::too_long:
            if (state_ == State::asked)
                fail(
                    qga::junk("the guest agent's answer has more than " + std::to_string(limits::qga_line) + " bytes"));
            return;
    }
}

void QgaLink::handle_line() {
    if (reader_.line().empty()) return;
    auto reply = qga::decode_reply(reader_.line());
    if (state_ == State::asked) return reply ? finish(std::move(reply)) : fail(reply.error());
    if (!reply || reply->value() != sync_id_) return reader_.seek_sentinel();  // of a sync that was given up
    synced_ = true;
    unasked_ = 0;
    state_ = State::asked;
    write(qga::encode(command_));
}

bool QgaLink::is_flooded() const noexcept { return unasked_ > limits::qga_unasked; }

Bytes QgaLink::to_port() const noexcept { return as_bytes(output_).subspan(written_); }

void QgaLink::written(std::size_t count, Time now) {
    written_ += count;
    if (written_ < output_.size()) return;
    output_.clear();
    written_ = 0;
    if (state_ == State::asked && command_.success == Success::silence) silent_until_ = now + qga_silence;
}

void QgaLink::write(std::string line) {
    output_ = std::move(line);
    written_ = 0;
}

// ---- Who asks

void QgaLink::ask(const qga::Command& command, std::int64_t sync_id, Time deadline) {
    command_ = command;
    sync_id_ = sync_id;
    deadline_ = deadline;
    const bool needs_sync = !synced_ || command.success == Success::silence;
    state_ = needs_sync ? State::syncing : State::asked;
    if (needs_sync) reader_.seek_sentinel();
    write(needs_sync ? qga::encode_sync(sync_id) : qga::encode(command));
}

std::optional<qga::Answer> QgaLink::poll_answer() { return std::exchange(answer_, std::nullopt); }

void QgaLink::fail(qga::Failure failure) {
    if (!failure.is_agents_own()) synced_ = false;
    if (state_ != State::idle) finish(std::move(failure));
}

void QgaLink::finish(qga::Answer answer) {
    if (silent_until_) synced_ = false;  // it may say still that it failed
    state_ = State::idle;
    silent_until_.reset();
    output_.clear();  // half a line is ended by the sentinel of the next sync
    written_ = 0;
    reader_.clear();
    answer_ = std::move(answer);
}

// ---- Time

std::optional<Time> QgaLink::poll_timeout() const noexcept {
    if (state_ == State::idle) return std::nullopt;
    return silent_until_ ? *silent_until_ : deadline_;
}

void QgaLink::handle_timeout(Time now) {
    const auto due = poll_timeout();
    if (!due || now < *due) return;
    if (silent_until_) return finish(qga::Reply{});
    fail({.code = Code::timeout,
          .detail = state_ == State::syncing
                        ? "the guest agent did not answer in time; it may not be running"
                        : "the guest agent did not answer " + std::string{command_.name} + " in time"});
}

}  // namespace vmcbridge::bridge
