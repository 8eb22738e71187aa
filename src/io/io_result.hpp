#pragma once

#include "src/io/asio.hpp"

#include <cstddef>

namespace vmcbridge::io {

/// What one read or write did.
struct IoResult {
    enum class State : unsigned char {
        moved,        ///< `bytes` bytes, at least one
        would_block,  ///< nothing now
        ended,        ///< reading: the peer has closed
        failed,       ///< `error`
    };
    State state = State::would_block;
    std::size_t bytes = 0;
    error_code error;
};

}  // namespace vmcbridge::io
