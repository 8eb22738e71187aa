#include "tests/bench/guest.hpp"

#include <spice/vd_agent.h>

#include <algorithm>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t write_size = 64 * 1024;
constexpr std::uint32_t capabilities = 0x00038de7;  // spice-vdagent 0.22
constexpr std::size_t file_data_header = 12;

constexpr bool has(std::uint32_t word, int capability) { return (word >> capability & 1U) != 0; }

/// Writes `head`, then the pattern, all in chunks of 2048 bytes, each its own write.
void send_small_chunks(int fd, std::vector<std::byte> head, const Pattern& pattern, std::size_t size) {
    std::vector<std::byte> chunk;
    for (std::size_t at = 0; at < size || !head.empty();) {
        const auto part = std::min<std::size_t>(VD_AGENT_MAX_DATA_SIZE - head.size(), size - at);
        chunk.clear();
        append_u32(chunk, VDP_CLIENT_PORT);
        append_u32(chunk, static_cast<std::uint32_t>(head.size() + part));
        chunk.insert(chunk.end(), head.begin(), head.end());
        const auto content = pattern.at(at, part);
        chunk.insert(chunk.end(), content.begin(), content.end());
        send_all(fd, chunk);
        head.clear();
        at += part;
    }
}

}  // namespace

Guest::Guest(const std::string& path, Script script, Host host) : script_{std::move(script)}, fd_{connect_unix(path)} {
    send_announce(true);
    thread_ = std::thread{[this] { read_port(); }};
    if (host == Host::server) return;
    try {
        wait_for_client();
    } catch (...) {
        hang_up(fd_.get());
        thread_.join();
        throw;
    }
}

Guest::~Guest() {
    hang_up(fd_.get());
    thread_.join();
}

void Guest::read_port() {
    std::vector<std::byte> buffer(read_size);
    try {
        while (const auto count = receive_some(fd_.get(), buffer))
            reader_.feed(Bytes{buffer}.first(count), [this](std::uint32_t type, Bytes body) { handle(type, body); });
    } catch (const Failure& failure) {
        hang_up(fd_.get());
        const std::lock_guard lock{mutex_};
        fault_ = std::string{"guest: "} + failure.what();
        changed_.notify_all();
    }
}

void Guest::handle(std::uint32_t type, Bytes body) {
    switch (type) {
        case VD_AGENT_ANNOUNCE_CAPABILITIES: return handle_announce(body);
        case VD_AGENT_CLIPBOARD_GRAB: return handle_grab(body);
        case VD_AGENT_CLIPBOARD_REQUEST: return script_.on_request(*this, read_u32(clipboard_body(body), 0));
        case VD_AGENT_CLIPBOARD: return script_.on_clipboard(*this, clipboard_body(body).subspan(4));
        case VD_AGENT_FILE_XFER_START: return handle_file_start(body);
        case VD_AGENT_FILE_XFER_DATA: return handle_file_data(body);
        default: return;
    }
}

void Guest::handle_announce(Bytes body) {
    const bool requested = read_u32(body, 0) != 0;
    const auto word = body.size() < 8 ? 0 : read_u32(body, 4);
    {
        const std::lock_guard lock{mutex_};
        selection_ = has(word, VD_AGENT_CAP_CLIPBOARD_SELECTION);
        serials_ = has(word, VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL);
        if (requested) serial_ = 0;
    }
    if (!requested) return;
    send_announce(false);
    const std::lock_guard lock{mutex_};
    agreed_ = true;
    changed_.notify_all();
}

void Guest::handle_grab(Bytes body) {
    const auto rest = clipboard_body(body);
    const std::lock_guard lock{mutex_};
    if (serials_ && read_u32(rest, 0) == serial_) ++serial_;
    grabbed_ = true;
    changed_.notify_all();
}

void Guest::handle_file_start(Bytes body) {
    const auto id = read_u32(body, 0);
    const std::string_view text{reinterpret_cast<const char*>(body.data()) + 4, body.size() - 4};
    constexpr std::string_view key = "\nsize=";
    const auto at = text.find(key);
    if (at == text.npos) throw Failure{"a file without size"};
    files_[id] = {std::stoull(std::string{text.substr(at + key.size())}), 0};
    send_status(id, VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA);
}

void Guest::handle_file_data(Bytes body) {
    const auto id = read_u32(body, 0);
    const auto known = files_.find(id);
    if (known == files_.end()) throw Failure{"data of a file that was not begun"};
    auto& file = known->second;
    const auto content = body.subspan(file_data_header);
    if (script_.files != nullptr) script_.files->verify(file.received, content);
    file.received += content.size();
    if (file.received < file.size) return;
    if (file.received > file.size) throw Failure{"a file grew beyond its size"};
    files_.erase(known);
    send_status(id, VD_AGENT_FILE_XFER_STATUS_SUCCESS);
}

std::vector<std::byte> Guest::clipboard_head(std::optional<std::uint32_t> format) const {
    std::vector<std::byte> head;
    if (selection_) append_u32(head, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD);
    if (format) append_u32(head, *format);
    return head;
}

Bytes Guest::clipboard_body(Bytes body) const {
    const std::size_t skipped = selection_ ? 4 : 0;
    if (body.size() < skipped + 4) throw Failure{"a clipboard message from the bridge is too short"};
    return body.subspan(skipped);
}

void Guest::offer(std::uint32_t format) {
    auto body = clipboard_head();
    {
        const std::lock_guard lock{mutex_};
        if (serials_) append_u32(body, serial_++);
    }
    append_u32(body, format);
    send(VD_AGENT_CLIPBOARD_GRAB, body);
}

void Guest::request(std::uint32_t format) { send(VD_AGENT_CLIPBOARD_REQUEST, clipboard_head(format)); }

void Guest::answer(std::uint32_t format, Bytes content) {
    auto body = clipboard_head(format);
    body.insert(body.end(), content.begin(), content.end());
    send(VD_AGENT_CLIPBOARD, body);
}

void Guest::answer_with_pattern(std::uint32_t format, const Pattern& pattern, std::size_t size, Shape shape) {
    const auto prefix = clipboard_head(format);
    auto head = message_head(VD_AGENT_CLIPBOARD, prefix.size() + size);
    head.insert(head.end(), prefix.begin(), prefix.end());
    const std::lock_guard lock{sending_};
    if (shape == Shape::small_chunks) {
        head.erase(head.begin(), head.begin() + sizeof(VDIChunkHeader));
        return send_small_chunks(fd_.get(), std::move(head), pattern, size);
    }
    send_all(fd_.get(), head);
    for (std::size_t at = 0; at < size; at += write_size)
        send_all(fd_.get(), pattern.at(at, std::min(write_size, size - at)));
}

void Guest::send(std::uint32_t type, Bytes body) {
    const std::lock_guard lock{sending_};
    send_all(fd_.get(), whole_message(type, body));
}

void Guest::send_announce(bool request) {
    std::vector<std::byte> body;
    append_u32(body, request ? 1 : 0);
    append_u32(body, capabilities);
    send(VD_AGENT_ANNOUNCE_CAPABILITIES, body);
}

void Guest::send_status(std::uint32_t file, std::uint32_t status) {
    std::vector<std::byte> body;
    append_u32(body, file);
    append_u32(body, status);
    send(VD_AGENT_FILE_XFER_STATUS, body);
}

void Guest::wait_for(const bool& flag, const char* what) {
    std::unique_lock lock{mutex_};
    const bool came = changed_.wait_for(lock, patience, [&] { return flag || !fault_.empty(); });
    if (!fault_.empty()) throw Failure{fault_};
    if (!came) throw Failure{std::string{"waited in vain for "} + what};
}

void Guest::wait_for_client() { wait_for(agreed_, "the host to announce its capabilities"); }

void Guest::wait_for_grab() { wait_for(grabbed_, "a client's grab"); }

void Guest::check() {
    const std::lock_guard lock{mutex_};
    if (!fault_.empty()) throw Failure{fault_};
}

}  // namespace vmcbridge::bench
