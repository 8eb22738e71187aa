#pragma once

#include "tests/bench/websocket.hpp"

#include <boost/json/object.hpp>

namespace vmcbridge::bench {

/// A browser's end of `vmcbridge.v1`, blocking, on the VM `bench`. Errors everywhere: Failure.
class AgentClient {
public:
    /// Connects and waits for `welcome` and a connected agent.
    explicit AgentClient(std::uint16_t port);

    void send(const boost::json::object& message);

    /// The next message of this type; others are passed over, errors of any kind are a Failure.
    [[nodiscard]] boost::json::object wait_for(std::string_view type);

    /// Asks for the clipboard as an image and checks every byte of the answer.
    void fetch_image(const Pattern& pattern, std::size_t size);

    /// Asks for the clipboard as text; the answer must come whole in its message.
    [[nodiscard]] std::string fetch_text();

    /// Sends a file of `size` bytes, under credit; `ring` has frames for `upload_stream`. Returns when the guest has it
    /// all.
    void upload(const Ring& ring, std::uint64_t size);

    static constexpr std::uint32_t upload_stream = 1;

    /// Reads all messages that have come.
    void read_up();

    /// Wakes a `wait_for` in another thread, with a Failure.
    void hang_up() noexcept { bench::hang_up(fd_.get()); }

private:
    [[nodiscard]] std::int64_t request_clipboard(std::string_view format);
    [[nodiscard]] boost::json::object next_message();
    void receive_stream(const boost::json::object& announced, const Pattern& pattern, std::uint64_t size);
    [[nodiscard]] bool handle_upload(const boost::json::object& message, std::int64_t& credit);

    Fd fd_;
    WebSocket socket_;
    std::int64_t last_id_ = 0;
    std::int64_t initial_credit_ = 0;
};

}  // namespace vmcbridge::bench
