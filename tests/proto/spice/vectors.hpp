#pragma once

#include "tests/support/vectors.hpp"

#include <string>
#include <vector>

/// The vectors of SPICE's own messages, which the scripted clients of the end-to-end tests are held to as well.
namespace vmcbridge::support {

struct SpiceVector {
    std::string name;
    bool full_header = false;
    boost::json::object value;
    std::string error;  ///< of a bad link
    ByteVector bytes;

    [[nodiscard]] std::uint64_t number(std::string_view key) const {
        const auto* found = value.if_contains(key);
        return found ? found->to_number<std::uint64_t>() : 0;
    }
    [[nodiscard]] std::string string(std::string_view key) const {
        const auto* found = value.if_contains(key);
        return found ? std::string{found->as_string()} : std::string{};
    }
};

/// Those of one list of spice.json.
inline std::vector<SpiceVector> spice_vectors(std::string_view list) {
    std::vector<SpiceVector> vectors;
    const auto file = detail::load("spice.json");
    for (const auto& each : file.at(list).as_array()) {
        const auto& from = each.as_object();
        const auto* value = from.if_contains("value");
        const auto* error = from.if_contains("error");
        vectors.push_back({.name = detail::string_at(from, "name"),
                           .full_header = detail::flag_at(from, "fullHeader"),
                           .value = value ? value->as_object() : boost::json::object{},
                           .error = error ? std::string{error->as_string()} : std::string{},
                           .bytes = detail::bytes_at(from)});
    }
    return vectors;
}

}  // namespace vmcbridge::support
