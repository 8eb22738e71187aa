#pragma once

#include "proto/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The key file inside FILE_XFER_START:
///
///     [vdagent-file-xfer]
///     name=NAME          with GKeyFile's escapes  \s \n \t \r \\  (\s: a space at the start)
///     size=DECIMAL
namespace vmcbridge::agent {

struct FileInfo {
    std::string name;        ///< UTF-8, unescaped; as the peer gave it: reduce it before use
    std::uint64_t size = 0;  ///< bytes

    friend bool operator==(const FileInfo&, const FileInfo&) = default;
};

/// Reads a key file of at most limits::file_start_body bytes. Unknown keys and groups are skipped, GKeyFile's escapes
/// are undone, of a key that comes twice the last counts. A name that isn't UTF-8 is taken as Latin-1: spice-html5
/// writes such ones. Errors: bad_value (a line that is none, no group, no name, no size, a size that is no decimal u64,
/// a broken escape), too_large.
[[nodiscard]] Result<FileInfo> read_key_file(std::string_view text);

/// Writes it so that GKeyFile (Linux agents) and the line parser of Windows agents both read it: escaped, every line
/// ended.
[[nodiscard]] std::string write_key_file(const FileInfo& info);

}  // namespace vmcbridge::agent
