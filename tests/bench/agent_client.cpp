#include "tests/bench/agent_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace vmcbridge::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t write_size = 64 * 1024;
constexpr std::size_t stream_prefix = 4;
constexpr std::int64_t receive_window = 1024 * 1024;  // granted ahead, so that credit is no bottleneck

std::string_view text(const json::object& message, std::string_view name) {
    const auto* value = message.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

std::int64_t number(const json::object& message, std::string_view name) {
    const auto* value = message.if_contains(name);
    if (value == nullptr || !value->is_number())
        throw Failure{std::string{name} + " is missing in " + json::serialize(message)};
    return value->to_number<std::int64_t>();
}

bool is_fault(const json::object& message) {
    const auto type = text(message, "type");
    return type == "error" || type == "clipboard-error" || text(message, "status") == "error";
}

bool agent_is_connected(const json::object& message, bool in_welcome) {
    const auto& agent = in_welcome ? message.at("agent").as_object() : message;
    return agent.at("connected").as_bool();
}

}  // namespace

AgentClient::AgentClient(std::uint16_t port)
    : fd_{connect_tcp(port)}, socket_{fd_.get(), port, "/vms/bench/agent", "vmcbridge.v1"} {
    auto message = wait_for("welcome");
    initial_credit_ = number(message.at("limits").as_object(), "initialCredit");
    for (bool connected = agent_is_connected(message, true); !connected;)
        connected = agent_is_connected(wait_for("agent"), false);
}

void AgentClient::send(const json::object& message) { socket_.send_text(json::serialize(message)); }

json::object AgentClient::next_message() {
    std::string whole;
    for (;;) {
        const auto slice = socket_.next();
        if (slice.opcode != Opcode::text) throw Failure{"bulk data of no known stream"};
        whole.append(reinterpret_cast<const char*>(slice.bytes.data()), slice.bytes.size());
        if (!slice.ends) continue;
        auto message = json::parse(whole).as_object();
        if (is_fault(message)) throw Failure{"the bridge answered " + whole};
        return message;
    }
}

json::object AgentClient::wait_for(std::string_view type) {
    for (;;)
        if (auto message = next_message(); text(message, "type") == type) return message;
}

void AgentClient::read_up() {
    while (socket_.is_ready()) (void)next_message();
}

std::int64_t AgentClient::request_clipboard(std::string_view format) {
    send({{"type", "clipboard-request"}, {"id", ++last_id_}, {"selection", "clipboard"}, {"format", format}});
    return last_id_;
}

std::string AgentClient::fetch_text() {
    const auto id = request_clipboard("text/plain");
    const auto data = wait_for("clipboard-data");
    if (number(data, "id") != id) throw Failure{"the answer to another request"};
    return std::string{text(data, "text")};
}

void AgentClient::fetch_image(const Pattern& pattern, std::size_t size) {
    const auto id = request_clipboard("image/png");
    const auto data = wait_for("clipboard-data");
    if (number(data, "id") != id || number(data, "size") != static_cast<std::int64_t>(size))
        throw Failure{"not the clipboard that was asked for: " + json::serialize(data)};
    receive_stream(data, pattern, size);
}

void AgentClient::receive_stream(const json::object& announced, const Pattern& pattern, std::uint64_t size) {
    const auto stream = number(announced, "stream");
    const auto grant = [&](std::int64_t bytes) { send({{"type", "credit"}, {"stream", stream}, {"bytes", bytes}}); };
    grant(receive_window);
    std::int64_t owed = 0;
    std::size_t prefix_left = 0;
    for (std::uint64_t received = 0; received < size;) {
        const auto slice = socket_.next();
        if (slice.opcode != Opcode::binary) continue;
        if (slice.begins) prefix_left = stream_prefix;
        const auto skipped = std::min(prefix_left, slice.bytes.size());
        prefix_left -= skipped;
        const auto content = slice.bytes.subspan(skipped);
        pattern.verify(received, content);
        received += content.size();
        owed += static_cast<std::int64_t>(content.size());
        if (owed >= receive_window / 2 && received < size) grant(std::exchange(owed, 0));
    }
}

bool AgentClient::handle_upload(const json::object& message, std::int64_t& credit) {
    if (text(message, "type") == "credit") credit += number(message, "bytes");
    return text(message, "type") == "file-status" && text(message, "status") == "done";
}

void AgentClient::upload(const Ring& ring, std::uint64_t size) {
    const auto unit = static_cast<std::int64_t>(ring.unit_payload);
    auto credit = initial_credit_;
    if (credit < unit) throw Failure{"the initial credit is less than one frame"};
    const auto batch = static_cast<std::int64_t>(std::max<std::size_t>(1, write_size / ring.unit_wire));
    send(
        {{"type", "file-start"}, {"id", ++last_id_}, {"name", "bench.bin"}, {"size", size}, {"stream", upload_stream}});
    Feed feed{ring};
    for (bool done = false; !done;) {
        const auto left = static_cast<std::int64_t>(size - feed.payload());
        const auto units = std::min({credit / unit, left / unit, batch});
        if (units > 0) {
            const auto before = feed.payload();
            send_all(fd_.get(), feed.take(static_cast<std::size_t>(units)));
            credit -= static_cast<std::int64_t>(feed.payload() - before);
        }
        while (!done && (units == 0 || socket_.is_ready())) {
            done = handle_upload(next_message(), credit);
            if (units == 0 && credit >= unit && left > 0) break;
        }
    }
}

}  // namespace vmcbridge::bench
