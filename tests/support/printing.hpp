#pragma once

#include "proto/agent/key_file.hpp"
#include "proto/result.hpp"

#include <ostream>

/// How GoogleTest shows our values when they differ.
namespace vmcbridge {

inline void PrintTo(const ParseError& error, std::ostream* out) { *out << to_text(error); }

namespace agent {
inline void PrintTo(const FileInfo& info, std::ostream* out) { *out << write_key_file(info); }
}  // namespace agent

}  // namespace vmcbridge
