#include "proto/agent/key_file.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace vmcbridge::agent {

namespace {

constexpr std::string_view group_name = "vdagent-file-xfer";
constexpr std::string_view blank = " \t\r\n\v\f";

// ---- Escapes ----------------------------------------------------------------------------------------------------

struct Escape {
    char letter;  ///< after the backslash
    char meant;
};
constexpr std::array escapes{
    Escape{.letter = 's', .meant = ' '},  Escape{.letter = 'n', .meant = '\n'},  Escape{.letter = 't', .meant = '\t'},
    Escape{.letter = 'r', .meant = '\r'}, Escape{.letter = '\\', .meant = '\\'},
};

/// nullopt: an escape that GKeyFile doesn't know either.
std::optional<std::string> unescape(std::string_view value) {
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\') {
            text += value[i];
            continue;
        }
        if (++i == value.size()) return std::nullopt;
        const auto* escape = std::ranges::find(escapes, value[i], &Escape::letter);
        if (escape == escapes.end()) return std::nullopt;
        text += escape->meant;
    }
    return text;
}

std::string escape(std::string_view text) {
    const auto leading = std::min(text.find_first_not_of(' '), text.size());
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto* escape = std::ranges::find(escapes, text[i], &Escape::meant);
        // GKeyFile drops spaces at the start only; further ones stay readable for parsers without escapes.
        const bool plain = escape == escapes.end() || (text[i] == ' ' && i >= leading);
        if (!plain) value += '\\';
        value += plain ? text[i] : escape->letter;
    }
    return value;
}

std::string from_latin1(std::string_view text) {
    std::string utf8;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte < 0x80) {
            utf8 += each;
        } else {
            utf8 += byte < 0xc0 ? '\xc2' : '\xc3';
            utf8 += static_cast<char>(byte & 0xbf);
        }
    }
    return utf8;
}

// ---- Lines --------------------------------------------------------------------------------------------------------

std::string_view trim_start(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(blank), text.size()));
}
std::string_view trim_end(std::string_view text) { return text.substr(0, text.find_last_not_of(blank) + 1); }

/// Takes the next line, without its LF or CRLF, from the front of `text`.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// What our group holds; the values still escaped.
struct Entries {
    bool group_seen = false;
    std::optional<std::string_view> name;
    std::optional<std::string_view> size;
};

/// Walks the lines as GKeyFile does.
class Scanner {
public:
    /// false: the line is neither blank, comment, group nor entry of a group.
    bool take(std::string_view line) {
        line = trim_start(line);
        if (line.empty() || line.front() == '#') return true;
        return line.front() == '[' ? take_group(line) : take_entry(line);
    }
    [[nodiscard]] const Entries& entries() const { return entries_; }

private:
    bool take_group(std::string_view line) {
        const auto end = line.find(']');
        if (end == std::string_view::npos || !trim_start(line.substr(end + 1)).empty()) return false;
        in_group_ = true;
        ours_ = line.substr(1, end - 1) == group_name;
        entries_.group_seen |= ours_;
        return true;
    }

    bool take_entry(std::string_view line) {
        const auto equals = line.find('=');
        if (!in_group_ || equals == std::string_view::npos || equals == 0) return false;
        const auto key = trim_end(line.substr(0, equals));
        const auto value = trim_start(line.substr(equals + 1));
        if (ours_ && key == "name") entries_.name = value;
        if (ours_ && key == "size") entries_.size = value;
        return true;
    }

    Entries entries_;
    bool in_group_ = false;
    bool ours_ = false;
};

std::optional<std::uint64_t> read_size(std::string_view value) {
    std::uint64_t size = 0;
    const auto* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, size);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return size;
}

}  // namespace

Result<FileInfo> read_key_file(std::string_view text) {
    if (text.size() > limits::file_start_body)
        return ParseError{.fault = Fault::too_large, .field = "key file", .offset = limits::file_start_body};

    const auto offset_of = [&](std::string_view part) { return static_cast<std::size_t>(part.data() - text.data()); };
    const auto bad = [](std::string_view field, std::size_t offset) {
        return ParseError{.fault = Fault::bad_value, .field = field, .offset = offset};
    };

    Scanner scanner;
    for (auto left = text; !left.empty();) {
        const auto line = take_line(left);
        if (!scanner.take(line)) return bad("line", offset_of(line));
    }
    const auto& [group_seen, name, size] = scanner.entries();
    if (!group_seen) return bad("group", text.size());
    if (!name) return bad("name", text.size());
    if (!size) return bad("size", text.size());

    auto unescaped = unescape(*name);
    if (!unescaped) return bad("name", offset_of(*name));
    const auto bytes = read_size(*size);
    if (!bytes) return bad("size", offset_of(*size));
    if (!is_utf8(*unescaped)) *unescaped = from_latin1(*unescaped);
    return FileInfo{.name = std::move(*unescaped), .size = *bytes};
}

std::string write_key_file(const FileInfo& info) {
    std::string text{"["};
    text.append(group_name).append("]\nname=").append(escape(info.name));
    text.append("\nsize=").append(std::to_string(info.size)).append("\n");
    return text;
}

}  // namespace vmcbridge::agent
