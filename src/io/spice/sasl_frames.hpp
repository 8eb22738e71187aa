#pragma once

#include "src/io/spice/exchange.hpp"

#include <optional>
#include <string>
#include <vector>

/// SASL's messages within a link, as both of its sides have them.
///
/// Link:  size u32 | data | 0      `size` counts the closing NUL; 0 means no data at all, which is something else than
///        empty ones.
namespace vmcbridge::io::spice {

void put_data(std::vector<std::byte>& out, const std::optional<std::string>& data);

/// What a peer said, or why it is of no use; empty: it has gone.
template <class T>
using Said = Result<T, std::string>;

template <class T>
Said<T> nothing(std::string why = {}) {
    return Said<T>{boost::system::in_place_error, std::move(why)};
}

/// The next data, at most sasl_limits::message bytes, as they came: the NUL is there where the peer sent it.
[[nodiscard]] Task<Said<std::optional<std::string>>> read_data(Exchange& exchange);

}  // namespace vmcbridge::io::spice
