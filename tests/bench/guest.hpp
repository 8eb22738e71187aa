#pragma once

#include "tests/bench/guest_wire.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

namespace vmcbridge::bench {

/// A scripted guest agent, announcing what the Linux agent announces. It accepts every file and checks its bytes
/// against the pattern; clipboards go by the two handlers. A thread of its own reads the port and calls them.
class Guest {
public:
    /// How a big clipboard is written: as the Linux agent does, or as a virtio port with small buffers shows it.
    enum class Shape { one_chunk, small_chunks };

    struct Script {
        std::function<void(Guest&, std::uint32_t format)> on_request = [](Guest&, std::uint32_t) {};
        std::function<void(Guest&, Bytes content)> on_clipboard = [](Guest&, Bytes) {};
        const Pattern* files = nullptr;  // what uploaded files hold
    };

    /// Who is at the host's end: a bridge announces itself, a server only when its client does.
    enum class Host { bridge, server };

    /// Connects to the host and agrees on capabilities; with a server, `wait_for_client` is to follow. Errors: Failure.
    Guest(const std::string& path, Script script, Host host = Host::bridge);
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest();

    /// Grabs the clipboard with this one format (a VD_AGENT_CLIPBOARD_ number).
    void offer(std::uint32_t format);
    void request(std::uint32_t format);
    void answer(std::uint32_t format, Bytes content);

    /// Answers with `size` bytes of the pattern, in writes of 64 KiB or of a chunk each.
    void answer_with_pattern(std::uint32_t format, const Pattern& pattern, std::size_t size, Shape shape);

    /// The host or its client has announced its capabilities. Errors: Failure at the deadline.
    void wait_for_client();

    /// The client's grab has come. Errors: Failure at the deadline.
    void wait_for_grab();

    /// Errors: the Failure that ended the reading thread, if one did.
    void check();

private:
    struct File {
        std::uint64_t size = 0;
        std::uint64_t received = 0;
    };

    void read_port();
    void handle(std::uint32_t type, Bytes body);
    void handle_announce(Bytes body);
    void handle_grab(Bytes body);
    void handle_file_start(Bytes body);
    void handle_file_data(Bytes body);
    void send(std::uint32_t type, Bytes body);
    void send_announce(bool request);
    void send_status(std::uint32_t file, std::uint32_t status);
    void wait_for(const bool& flag, const char* what);
    [[nodiscard]] std::vector<std::byte> clipboard_head(std::optional<std::uint32_t> format = {}) const;
    [[nodiscard]] Bytes clipboard_body(Bytes body) const;

    Script script_;
    Fd fd_;
    MessageReader reader_;
    std::map<std::uint32_t, File> files_;

    std::mutex sending_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    bool agreed_ = false;
    bool grabbed_ = false;
    bool selection_ = false;
    bool serials_ = false;
    std::uint32_t serial_ = 0;
    std::string fault_;

    std::thread thread_;
};

}  // namespace vmcbridge::bench
