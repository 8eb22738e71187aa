#include "src/control/key_file.hpp"

#include "src/control/glib.hpp"
#include "src/control/values.hpp"

#include <algorithm>
#include <optional>
#include <utility>

// 1. scan: each line is a group, an entry, nothing, or a fault. GKeyFile tells no lines, ends at its first fault,
// merges
//    groups that stand twice and lets the last of two equal keys win, so this is done here.
// 2. what is sound goes on to GKeyFile, which resolves the escapes of the values.

namespace vmcbridge::control {
namespace {

bool is_name(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
               c == '.';
    });
}

bool is_group_name(std::string_view name) {
    return !name.empty() && std::ranges::none_of(name, [](char c) {
        return c == '[' || c == ']' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

class Scan {
public:
    explicit Scan(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark of Windows editors
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            ++line_;
            read_line(trimmed(text.substr(0, end)));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    KeyFileContents contents;
    std::string sound;  ///< the groups and entries alone, as key file text

private:
    void read_line(std::string_view line) {
        if (line.empty() || line.front() == '#') return;
        if (!g_utf8_validate_len(line.data(), line.size(), nullptr)) return fault({}, "the line is not UTF-8 text");
        if (line.front() == '[') return read_group(line);
        if (line.front() == ';' || line.starts_with("//")) return fault({}, "comments begin with #");
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            return fault({}, "neither a [group], nor key = value, nor a comment that begins with #");
        read_entry(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
    }

    void read_group(std::string_view line) {
        group_.reset();  // the keys under a faulty header are of no known group
        const auto name = trimmed(line.substr(1, line.size() - 2));
        if (line.size() < 3 || line.back() != ']' || !is_group_name(name)) {
            in_faulty_group_ = true;
            return fault({}, "not a group; write [NAME] alone on its line");
        }
        in_faulty_group_ = false;
        group_ = name;
        const auto first = std::ranges::find(contents.groups, name, &KeyFileGroup::name);
        if (first != contents.groups.end())
            return fault({}, "the group stands twice, first in line " + std::to_string(first->line));
        contents.groups.push_back({std::string{name}, line_});
    }

    void read_entry(std::string_view key, std::string_view value) {
        if (in_faulty_group_) return;
        if (!group_) return fault(key, "stands before the first [group]");
        if (!is_name(key)) return fault(key, "not the name of a key");
        const auto [first, is_new] =
            contents.values.try_emplace({*group_, std::string{key}}, KeyFileValue{std::string{value}, line_});
        if (!is_new) return fault(key, "the key stands twice, first in line " + std::to_string(first->second.line));
        sound.append("[").append(*group_).append("]\n").append(key).append("=").append(value).append("\n");
    }

    void fault(std::string_view key, std::string text) {
        contents.faults.push_back({line_, group_.value_or(""), std::string{key}, std::move(text)});
    }

    std::size_t line_ = 0;
    std::optional<std::string> group_;
    bool in_faulty_group_ = false;
};

/// Puts the meaning of each value in the place of its text.
void resolve_escapes(KeyFileContents& contents, const std::string& sound) {
    if (contents.values.empty()) return;
    const KeyFile file{g_key_file_new()};
    ErrorOut error;
    if (!g_key_file_load_from_data(file.get(), sound.data(), sound.size(), G_KEY_FILE_NONE, error)) {
        contents.faults.push_back({0, {}, {}, error.message()});
        return;
    }
    for (auto each = contents.values.begin(); each != contents.values.end();) {
        auto& [place, value] = *each;
        const GText text{g_key_file_get_string(file.get(), place.first.c_str(), place.second.c_str(), error)};
        if (text && !error) {
            value.text = text.get();
            ++each;
            continue;
        }
        contents.faults.push_back(
            {value.line, place.first, place.second, "holds an escape other than \\s \\n \\t \\r \\\\"});
        each = contents.values.erase(each);
    }
}

}  // namespace

KeyFileContents read_key_file(std::string_view text) {
    Scan scan{text};
    resolve_escapes(scan.contents, scan.sound);
    return std::move(scan.contents);
}

}  // namespace vmcbridge::control
