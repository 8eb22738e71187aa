// A line is built whole, then written by one write(2): lines of several threads never mix.
#include "src/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace vmcbridge::log {
namespace {

constexpr std::size_t value_cut = 256;  // bytes of one value

std::atomic<Level> most_verbose{Level::info};

std::string_view name(Level level) noexcept {
    switch (level) {
        case Level::error: return "error";
        case Level::warning: return "warning";
        case Level::info: return "info";
        case Level::debug: return "debug";
    }
    return "error";
}

// systemd names in JOURNAL_STREAM the device and inode of the stream that it reads; only that one takes <n> prefixes.
bool is_stderr_the_journal() noexcept {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status{};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
    return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == stream;
}

std::string_view journal_prefix(Level level) noexcept {
    static const bool journal = is_stderr_the_journal();
    if (!journal) return {};
    switch (level) {
        case Level::error: return "<3>";
        case Level::warning: return "<4>";
        case Level::info: return "<6>";
        case Level::debug: return "<7>";
    }
    return {};
}

// A byte that may stand in a line as it is. Bytes of UTF-8 sequences may; so may quotes and spaces, inside quotes.
bool is_plain(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\';
}

bool needs_quotes(std::string_view value) noexcept {
    if (value.empty()) return true;
    for (const char c : value) {
        if (!is_plain(c) || c == ' ' || c == '=') return true;
    }
    return false;
}

void append_escaped(std::string& line, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (is_plain(c)) {
        line += c;
    } else if (c == '"' || c == '\\') {
        (line += '\\') += c;
    } else {
        const auto byte = static_cast<unsigned char>(c);
        ((line += "\\x") += digits[byte >> 4U]) += digits[byte & 0xfU];
    }
}

void write_whole(std::string_view line) noexcept {
    while (!line.empty()) {
        const auto written = ::write(STDERR_FILENO, line.data(), line.size());
        if (written <= 0) return;  // a log that can't be written must not stop the bridge
        line.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

void set_level(Level level) noexcept { most_verbose.store(level, std::memory_order_relaxed); }

std::string quoted(std::string_view value) {
    const bool cut = value.size() > value_cut;
    value = value.substr(0, value_cut);
    if (!needs_quotes(value) && !cut) return std::string{value};
    std::string out = "\"";
    for (const char c : value) append_escaped(out, c);
    if (cut) out += "...";
    return out += '"';
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    write(level, event, std::span{fields.begin(), fields.size()});
}

void write(Level level, std::string_view event, std::span<const Field> fields) {
    if (level > most_verbose.load(std::memory_order_relaxed)) return;
    std::string line{journal_prefix(level)};
    (line += "event=") += event;
    if (level != Level::info) (line += " level=") += name(level);
    for (const auto& field : fields) {
        ((line += ' ') += field.key) += '=';
        line += log::quoted(field.value);
    }
    line += '\n';
    write_whole(line);
}

}  // namespace vmcbridge::log
