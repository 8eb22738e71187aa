// Walks the published schema of the client's frames: what it allows is understood, what it forbids is refused by its
// place.
#include "proto/browser/frames.hpp"
#include "tests/proto/browser/vectors.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace vmcbridge::browser::test {
namespace {

namespace json = boost::json;
using testing::StartsWith;

const json::object& definitions() {
    static const auto schema = vectors("../../proto/browser/client-frames.schema.json");
    return schema.at("$defs").as_object();
}

const json::object& resolved(const json::object& schema) {
    const auto* const ref = schema.if_contains("$ref");
    if (ref == nullptr) return schema;
    constexpr std::string_view prefix = "#/$defs/";
    return definitions().at(std::string_view{ref->as_string()}.substr(prefix.size())).as_object();
}

/// A frame, and the place in it that is looked at.
struct Spot {
    json::value frame;
    std::string pointer;  ///< RFC 6901
    std::string path;     ///< the same as errors spell it

    [[nodiscard]] Spot member(const std::string& name) const {
        return {frame, pointer + "/" + name, path.empty() ? name : path + "." + name};
    }
    [[nodiscard]] Spot element() const { return {frame, pointer + "/0", path + "[0]"}; }
    [[nodiscard]] const json::value* value() const {
        json::error_code error;
        return frame.find_pointer(pointer, error);
    }
    [[nodiscard]] json::value with(const json::value& other) const {
        auto changed = frame;
        changed.at_pointer(pointer) = other;
        return changed;
    }
};

void expect_understood(const json::value& frame) {
    const auto decoded = decode_client(json::serialize(frame));
    EXPECT_TRUE(decoded) << frame << ": " << decoded.error().message;
}

void expect_refused(const json::value& frame, const std::string& path) {
    const auto decoded = decode_client(json::serialize(frame));
    ASSERT_FALSE(decoded) << frame;
    EXPECT_THAT(decoded.error().message, StartsWith(path)) << frame;
    EXPECT_EQ(decoded.error().about, text_of(frame.as_object(), "type"));
}

void probe(const Spot& spot, const json::object& schema);

void probe_integer(const Spot& spot, const json::object& schema) {
    const auto least = schema.at("minimum").as_int64();
    const auto most = schema.at("maximum").as_int64();
    for (const auto number : {least, most}) expect_understood(spot.with(number));
    for (const auto number : {least - 1, most + 1}) expect_refused(spot.with(number), spot.path + ": expected");
    for (const json::value& wrong : {json::value{0.5}, json::value{1e300}, json::value{"1"}, json::value{true}})
        expect_refused(spot.with(wrong), spot.path + ": expected");
}

void probe_object(const Spot& spot, const json::object& schema) {
    for (const auto& [name, property] : schema.at("properties").as_object())
        if (name != "type" && property.is_object()) probe(spot.member(std::string{name}), property.as_object());
    for (const auto& each : schema.at("required").as_array()) {
        const std::string name{each.as_string()};
        if (name == "type") continue;
        auto changed = spot.frame;
        changed.at_pointer(spot.pointer).as_object().erase(name);
        expect_refused(changed, spot.member(name).path + ": expected this member");
    }
}

void probe_array(const Spot& spot, const json::object& schema) {
    probe(spot.element(), schema.at("items").as_object());
    if (!schema.contains("maxItems") || spot.value()->as_array().empty()) return;
    const auto most = schema.at("maxItems").to_number<std::size_t>();
    const auto& first = spot.value()->as_array().front();
    expect_understood(spot.with(json::array(most, first)));
    expect_refused(spot.with(json::array(most + 1, first)), spot.path + ": expected a list");
}

bool fits(const json::value& value, const json::object& schema) {
    if (const auto* const words = schema.if_contains("enum")) return std::ranges::count(words->as_array(), value) != 0;
    const std::string_view type = schema.at("type").as_string();
    return (type == "integer" && value.is_int64()) || (type == "string" && value.is_string()) ||
           (type == "boolean" && value.is_bool()) || (type == "array" && value.is_array()) ||
           (type == "object" && value.is_object());
}

void probe(const Spot& spot, const json::object& reference) {
    const auto* const value = spot.value();
    if (value == nullptr) return;
    const auto& schema = resolved(reference);
    for (const json::value& other : {json::value{nullptr}, json::value{false}, json::value{5}, json::value{"no word"},
                                     json::value(json::array{}), json::value(json::object{})})
        if (!fits(other, schema)) expect_refused(spot.with(other), spot.path + ": expected");
    if (schema.contains("enum")) return;
    if (schema.at("type") == "integer") probe_integer(spot, schema);
    if (value->is_object()) probe_object(spot, schema);
    if (value->is_array()) probe_array(spot, schema);
}

TEST(ClientSchema, AllowsExactlyWhatIsUnderstood) {
    const auto file = vectors("browser_frames.json");
    for (const auto& vector : file.at("fromClient").at("valid").as_array()) {
        SCOPED_TRACE(std::string_view{vector.at("name").as_string()});
        const auto frame = json::parse(sent_text(vector.as_object()));
        const auto* const schema = definitions().if_contains(text_of(frame.as_object(), "type"));
        if (schema != nullptr) probe_object({frame, "", ""}, schema->as_object());
    }
}

}  // namespace
}  // namespace vmcbridge::browser::test
