#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Key file text with line numbers: what GKeyFile reads, and what it would overlook or stop at.
namespace vmcbridge::control {

struct KeyFileGroup {
    std::string name;  ///< what stands between the brackets
    std::size_t line;  ///< from 1
};

struct KeyFileValue {
    std::string text;  ///< escapes resolved, no spaces around it
    std::size_t line;
};

struct KeyFileFault {
    std::size_t line;   ///< 0: of no line
    std::string group;  ///< where known
    std::string key;
    std::string text;
};

struct KeyFileContents {
    std::vector<KeyFileGroup> groups;                                    ///< each name once
    std::map<std::pair<std::string, std::string>, KeyFileValue> values;  ///< by group and key
    std::vector<KeyFileFault> faults;  ///< lines that are nothing, and groups and keys that stand twice
};

/// Reads all of `text`; a faulty line does not hide the ones after it.
[[nodiscard]] KeyFileContents read_key_file(std::string_view text);

}  // namespace vmcbridge::control
