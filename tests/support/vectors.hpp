#pragma once

#include "proto/agent/codec.hpp"
#include "tests/support/hex.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The byte vectors that the C++ and the JavaScript tests both read. Needs VMCBRIDGE_VECTORS, the folder.
namespace vmcbridge::support {

/// One message in one chunk, and its meaning.
struct MessageVector {
    std::string name;
    agent::Dialect dialect;
    AgentType type{};
    ChunkPort port{};
    bool only_read = false;  ///< we write the message in another form
    boost::json::object value;
    ByteVector bytes;  ///< headers included

    [[nodiscard]] Bytes body() const { return Bytes{bytes}.subspan(limits::chunk_header + limits::agent_header); }
};

/// What a guest may write, and what comes of it.
struct StreamVector {
    std::string name;
    agent::Dialect dialect;
    bool written = false;     ///< exactly what we would write
    bool unfinished = false;  ///< ends amid a message
    ByteVector bytes;
    std::vector<std::string> events;  ///< as PortLog writes them
};

namespace detail {

inline boost::json::value load(const std::string& file) {
    std::ifstream in{std::string{VMCBRIDGE_VECTORS} + "/" + file};
    return boost::json::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
}

inline std::string string_at(const boost::json::object& from, std::string_view key) {
    return std::string{from.at(key).as_string()};
}
inline bool flag_at(const boost::json::object& from, std::string_view key) {
    const auto* value = from.if_contains(key);
    return value != nullptr && value->as_bool();
}
inline agent::Dialect dialect_at(const boost::json::object& from) {
    const auto& dialect = from.at("dialect").as_object();
    return {.selection = flag_at(dialect, "selection"), .grab_serial = flag_at(dialect, "grabSerial")};
}

/// `hex` is a string, or a list of strings: a chunk each.
inline ByteVector bytes_at(const boost::json::object& from) {
    const auto& hex = from.at("hex");
    if (hex.is_string()) return from_hex(hex.as_string());
    ByteVector bytes;
    for (const auto& part : hex.as_array()) {
        const auto more = from_hex(part.as_string());
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
    return bytes;
}

inline AgentType type_named(std::string_view name) {
    const auto rows = agent::codecs();
    const auto row = std::ranges::find(rows, name, &agent::Codec::name);
    if (row == rows.end()) throw std::invalid_argument{"no type: " + std::string{name}};
    return row->type;
}

/// Data of a description, in the one form that to_hex() writes.
inline boost::json::object normal(boost::json::object value) {
    if (auto* data = value.if_contains("data")) *data = to_hex(from_hex(data->as_string()));
    return value;
}

inline std::string event_of(boost::json::object event) {
    if (auto* value = event.if_contains("value")) *value = normal(value->as_object());
    return boost::json::serialize(event);
}

}  // namespace detail

inline std::vector<MessageVector> message_vectors() {
    std::vector<MessageVector> vectors;
    const auto file = detail::load("vdi.json");
    for (const auto& each : file.at("messages").as_array()) {
        const auto& from = each.as_object();
        vectors.push_back({.name = detail::string_at(from, "name"),
                           .dialect = detail::dialect_at(from),
                           .type = detail::type_named(detail::string_at(from, "type")),
                           .port = from.at("port") == "server" ? ChunkPort::server : ChunkPort::client,
                           .only_read = detail::flag_at(from, "onlyRead"),
                           .value = detail::normal(from.at("value").as_object()),
                           .bytes = detail::bytes_at(from)});
    }
    return vectors;
}

/// Those of vdi.json and the recorded ones of traces.json.
inline std::vector<StreamVector> stream_vectors() {
    std::vector<StreamVector> vectors;
    for (const auto* name : {"vdi.json", "traces.json"}) {
        const auto file = detail::load(name);
        for (const auto& each : file.at("streams").as_array()) {
            const auto& from = each.as_object();
            StreamVector vector{.name = detail::string_at(from, "name"),
                                .dialect = detail::dialect_at(from),
                                .written = detail::flag_at(from, "written"),
                                .unfinished = detail::flag_at(from, "unfinished"),
                                .bytes = detail::bytes_at(from),
                                .events = {}};
            for (const auto& event : from.at("events").as_array())
                vector.events.push_back(detail::event_of(event.as_object()));
            vectors.push_back(std::move(vector));
        }
    }
    return vectors;
}

}  // namespace vmcbridge::support
