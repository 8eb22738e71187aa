#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Key file text with line numbers: what GKeyFile reads, and what it would overlook or stop at.
namespace vmcbridge::control {

struct KeyFileGroup {
    std::string name;  ///< what stands between the brackets
    std::size_t line;  ///< from 1
};

struct KeyFileEntry {
    std::string group;
    std::string key;
    std::string value;  ///< escapes resolved, no spaces around it
    std::size_t line;
};

struct KeyFileFault {
    std::size_t line;   ///< 0: of no line
    std::string group;  ///< where known
    std::string key;
    std::string text;
};

struct KeyFileContents {
    std::vector<KeyFileGroup> groups;   ///< each name once
    std::vector<KeyFileEntry> entries;  ///< each key of a group once
    std::vector<KeyFileFault> faults;   ///< lines that are nothing, and groups and keys that stand twice
};

/// Reads all of `text`; a faulty line does not hide the ones after it.
[[nodiscard]] KeyFileContents read_key_file(std::string_view text);

}  // namespace vmcbridge::control
