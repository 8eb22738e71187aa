#include "tests/bench/spice_client.hpp"

#include "tests/bench/guest_wire.hpp"

#include <spice/enums.h>
#include <spice/vd_agent.h>

#include <algorithm>

namespace vmcbridge::bench {
namespace {

constexpr std::uint32_t capabilities = 0x00035077;  // spice-gtk 0.42
constexpr std::size_t message_header = sizeof(VDAgentMessage);
constexpr std::size_t size_field = 16;
constexpr std::size_t clipboard_prefix = 8;  // selection, format
constexpr std::size_t file_part = 64 * 1024;
constexpr std::size_t agent_connected_at = 16;  // in INIT
constexpr std::size_t agent_tokens_at = 20;
constexpr std::size_t pong_size = 12;
constexpr std::uint32_t file_id = 1;

std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
    std::vector<std::byte> out;
    for (const auto value : values) append_u32(out, value);
    return out;
}

std::vector<std::byte> agent_message(std::uint32_t type, Bytes body) {
    auto out = words({VD_AGENT_PROTOCOL, type, 0, 0, static_cast<std::uint32_t>(body.size())});
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

}  // namespace

SpiceClient::SpiceClient(std::uint16_t port, Grant grant) : fd_{connect_tcp(port)}, reader_{fd_.get()}, grant_{grant} {
    link_main_channel(fd_.get());
    wait_for_agent();
    announce(true);
    for (bool answered = false; !answered;) {
        wait_for(VD_AGENT_ANNOUNCE_CAPABILITIES);
        const auto body = rest();
        answered = read_u32(body, 0) == 0;
        if (!answered) announce(false);
    }
}

void SpiceClient::wait_for_agent() {
    while (!connected_) handle(reader_.next());
    send_main(SPICE_MSGC_MAIN_AGENT_START, words({grant_.tokens}));
}

void SpiceClient::handle(const MainMessage& message) {
    const auto body = message.body;
    switch (message.type) {
        case SPICE_MSG_MAIN_INIT:
            connected_ = read_u32(body, agent_connected_at) != 0;
            tokens_ = read_u32(body, agent_tokens_at);
            return;
        case SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS:
            connected_ = true;
            tokens_ = read_u32(body, 0);
            return;
        case SPICE_MSG_MAIN_AGENT_TOKEN: tokens_ += read_u32(body, 0); return;
        case SPICE_MSG_MAIN_AGENT_DATA: early_.emplace_back(body.begin(), body.end()); return;
        case SPICE_MSG_MAIN_AGENT_DISCONNECTED: throw Failure{"the server says that the agent is gone"};
        case SPICE_MSG_PING: return send_main(SPICE_MSGC_PONG, body.first(pong_size));
        default: return;
    }
}

Bytes SpiceClient::next_piece() {
    if (grant_.refund != 0 && owed_ == grant_.refund) {
        send_main(SPICE_MSGC_MAIN_AGENT_TOKEN, words({owed_}));
        owed_ = 0;
    }
    ++owed_;
    if (!early_.empty()) {
        piece_ = std::move(early_.front());
        early_.pop_front();
        return piece_;
    }
    for (;;) {
        const auto message = reader_.next();
        if (message.type == SPICE_MSG_MAIN_AGENT_DATA) return message.body;
        handle(message);
    }
}

SpiceClient::Head SpiceClient::next_head() {
    const auto piece = next_piece();
    if (piece.size() < message_header) throw Failure{"the header of an agent message is cut"};
    left_ = read_u32(piece, size_field);
    part_ = piece.subspan(message_header);
    return {read_u32(piece, 4), left_};
}

Bytes SpiceClient::next_part() {
    if (left_ == 0) return {};
    if (part_.empty()) part_ = next_piece();
    if (part_.size() > left_) throw Failure{"AGENT_DATA goes past the end of its message"};
    left_ -= part_.size();
    return std::exchange(part_, Bytes{});
}

std::vector<std::byte> SpiceClient::rest() {
    std::vector<std::byte> body;
    for (Bytes part; !(part = next_part()).empty();) body.insert(body.end(), part.begin(), part.end());
    return body;
}

SpiceClient::Head SpiceClient::wait_for(std::uint32_t type) {
    for (;;) {
        const auto head = next_head();
        if (head.type == type) return head;
        const auto body = rest();
        if (head.type == VD_AGENT_ANNOUNCE_CAPABILITIES && read_u32(body, 0) != 0) announce(false);
    }
}

void SpiceClient::wait_for_grab() {
    wait_for(VD_AGENT_CLIPBOARD_GRAB);
    (void)rest();
}

void SpiceClient::fetch_image(const Pattern& pattern, std::uint64_t size) {
    request(VD_AGENT_CLIPBOARD_IMAGE_PNG);
    const auto head = wait_for(VD_AGENT_CLIPBOARD);
    if (head.size != clipboard_prefix + size) throw Failure{"the answer has another size than the clipboard"};
    auto part = next_part();
    if (read_u32(part, 4) != VD_AGENT_CLIPBOARD_IMAGE_PNG) throw Failure{"the answer is no image"};
    part = part.subspan(clipboard_prefix);
    for (std::uint64_t received = 0; !part.empty(); part = next_part()) {
        pattern.verify(received, part);
        received += part.size();
    }
}

std::string SpiceClient::fetch_text() {
    request(VD_AGENT_CLIPBOARD_UTF8_TEXT);
    wait_for(VD_AGENT_CLIPBOARD);
    const auto body = rest();
    if (body.size() < clipboard_prefix) throw Failure{"a clipboard without its head"};
    const auto text = Bytes{body}.subspan(clipboard_prefix);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
}

void SpiceClient::upload(const Pattern& pattern, std::uint64_t size) {
    auto start = words({file_id});
    const auto text = "[vdagent-file-xfer]\nname=bench.bin\nsize=" + std::to_string(size) + "\n";
    const auto* characters = reinterpret_cast<const std::byte*>(text.c_str());
    start.insert(start.end(), characters, characters + text.size() + 1);
    send_agent(VD_AGENT_FILE_XFER_START, start);
    expect_status(VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA);
    std::vector<std::byte> body;
    for (std::uint64_t at = 0; at < size; at += file_part) {
        const auto count = std::min<std::uint64_t>(file_part, size - at);
        const auto content = pattern.at(at, count);
        body = words({file_id, static_cast<std::uint32_t>(count), 0});
        body.insert(body.end(), content.begin(), content.end());
        send_agent(VD_AGENT_FILE_XFER_DATA, body);
    }
    expect_status(VD_AGENT_FILE_XFER_STATUS_SUCCESS);
}

void SpiceClient::expect_status(std::uint32_t status) {
    wait_for(VD_AGENT_FILE_XFER_STATUS);
    const auto got = read_u32(rest(), 4);
    if (got != status) throw Failure{"the file has the status " + std::to_string(got)};
}

void SpiceClient::request(std::uint32_t format) {
    send_agent(VD_AGENT_CLIPBOARD_REQUEST, words({VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, format}));
}

void SpiceClient::announce(bool request) {
    send_agent(VD_AGENT_ANNOUNCE_CAPABILITIES, words({request ? 1U : 0U, capabilities}));
}

void SpiceClient::send_agent(std::uint32_t type, Bytes body) {
    const auto whole = agent_message(type, body);
    for (Bytes left{whole}; !left.empty();) {
        while (tokens_ == 0) handle(reader_.next());
        out_.clear();
        for (; tokens_ > 0 && !left.empty(); --tokens_) {
            const auto piece = left.first(std::min<std::size_t>(VD_AGENT_MAX_DATA_SIZE, left.size()));
            append_main_message(out_, SPICE_MSGC_MAIN_AGENT_DATA, piece);
            left = left.subspan(piece.size());
        }
        send_all(fd_.get(), out_);
    }
}

void SpiceClient::send_main(std::uint16_t type, Bytes body) {
    std::vector<std::byte> message;
    append_main_message(message, type, body);
    send_all(fd_.get(), message);
}

}  // namespace vmcbridge::bench
