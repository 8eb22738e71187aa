#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace vmcbridge::browser::test {

/// The file at this path below tests/vectors.
inline std::string text_of_file(std::string_view path) {
    std::ifstream file{VMCBRIDGE_VECTORS + ("/" + std::string{path}), std::ios::binary};
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// The same as JSON.
inline boost::json::value vectors(std::string_view path) { return boost::json::parse(text_of_file(path)); }

/// What a vector of fromClient sends: its `text`, or its `frame` spelled as JSON.
inline std::string sent_text(const boost::json::object& vector) {
    if (const auto* const text = vector.if_contains("text")) return std::string{text->as_string()};
    return boost::json::serialize(vector.at("frame"));
}

/// A text member of a vector; empty where it has none.
inline std::string text_of(const boost::json::object& vector, std::string_view member) {
    const auto* const text = vector.if_contains(member);
    return text == nullptr ? std::string{} : std::string{text->as_string()};
}

}  // namespace vmcbridge::browser::test
