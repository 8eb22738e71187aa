#pragma once

#include "proto/limits.hpp"
#include "proto/result.hpp"

#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <string>
#include <string_view>

namespace vmcbridge::browser {

/// Why a text was not read: what was expected and where, without a word of the peer's.
struct JsonError {
    std::string expected;
};

/// How deep a document may be, and how many values it may hold.
struct JsonBounds {
    std::size_t depth = limits::json_depth;
    std::size_t values = limits::json_values;
};

/// Reads JSON documents of peers, within bounds and in valid UTF-8. The caller bounds the text itself.
///
/// Small documents live inside the reader, so that they cost no allocation. One document a reader; the value dies with
/// it.
class JsonReader {
public:
    JsonReader() noexcept : JsonReader{JsonBounds{}} {}
    explicit JsonReader(JsonBounds bounds) noexcept : bounds_{bounds}, memory_{values_.data(), values_.size()} {}
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;
    ~JsonReader() = default;

    [[nodiscard]] Result<boost::json::value, JsonError> read(std::string_view text);

private:
    JsonBounds bounds_;
    // Left as they are: clearing them would cost more than most documents.
    std::array<unsigned char, 2048> values_;
    std::array<unsigned char, 2048> scratch_;
    boost::json::monotonic_resource memory_;
};

}  // namespace vmcbridge::browser
