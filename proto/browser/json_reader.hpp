#pragma once

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

/// Reads JSON documents of peers: at most limits::json_depth deep and limits::json_values values, in valid UTF-8.
///
/// Small documents live inside the reader, so that they cost no allocation. One document a reader; the value dies with
/// it.
class JsonReader {
public:
    JsonReader() noexcept : memory_{values_.data(), values_.size()} {}
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;
    ~JsonReader() = default;

    [[nodiscard]] Result<boost::json::value, JsonError> read(std::string_view text);

private:
    // Left as they are: clearing them would cost more than most documents.
    std::array<unsigned char, 2048> values_;
    std::array<unsigned char, 2048> scratch_;
    boost::json::monotonic_resource memory_;
};

}  // namespace vmcbridge::browser
