#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Log lines: `event=name key=value ...` on stderr, one write a line, from any thread.
///
/// Peer-made text is escaped and cut. Clipboard contents, file data, tokens and passwords are never arguments.
namespace vmcbridge::log {

/// By who must act: nobody (info, debug), the administrator soon (warning), at once (error). With systemd: its <n>
/// prefix.
enum class Level : unsigned char { error, warning, info, debug };

struct Field {
    std::string_view key;
    std::string value;
    Field(std::string_view k, std::string_view v) : key{k}, value{v} {}
    Field(std::string_view k, const char* v) : key{k}, value{v} {}
    Field(std::string_view k, std::string v) : key{k}, value{std::move(v)} {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Field(std::string_view k, Number v) : key{k}, value{std::to_string(v)} {}
};

void set_level(Level most_verbose) noexcept;
void write(Level level, std::string_view event, std::span<const Field> fields);
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}

/// "value" as it stands in a line: quoted where it has spaces, control characters as \xNN, cut to 256 bytes.
[[nodiscard]] std::string quoted(std::string_view value);

}  // namespace vmcbridge::log
