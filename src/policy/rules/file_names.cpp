// A name from a peer -> a name for a guest: 1. UTF-8, 2. last component, 3. characters, 4. what the guest's system
// refuses, 5. length.
#include "proto/browser/utf8.hpp"
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "src/policy/policy.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::policy {
namespace {

// spice-html5 sends the low byte of each UTF-16 unit; taken as Latin-1 that is right for the languages of Latin-1.
std::string from_latin1(std::string_view name) {
    std::string text;
    for (const char c : name) utf8::append(text, static_cast<unsigned char>(c));
    return text;
}

std::string_view last_component(std::string_view path) noexcept {
    const auto end = path.find_last_not_of("/\\");
    if (end == std::string_view::npos) return {};
    path = path.substr(0, end + 1);
    const auto slash = path.find_last_of("/\\");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// What moves the text to another line or column: it separates words, so something must stay in its place.
constexpr bool is_break(char32_t c) noexcept {
    return c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// Other control characters, and those that reverse what a person reads: "exe.txt" for "txt.exe".
constexpr bool is_hidden(char32_t c) noexcept {
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool direction =
        c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return control || direction || c == 0xFEFF;
}

constexpr bool is_forbidden(char32_t c, GuestSystem guest) noexcept {
    constexpr std::string_view windows = ":*?\"<>|";
    return guest == GuestSystem::windows && c < 0x80 && windows.find(static_cast<char>(c)) != std::string_view::npos;
}

std::string safe_characters(std::string_view name, GuestSystem guest) {
    std::string safe;
    while (!name.empty()) {
        const auto character = utf8::decode(name);
        if (is_break(character.value) || is_forbidden(character.value, guest)) {
            safe += '_';
        } else if (!is_hidden(character.value)) {
            safe += name.substr(0, character.length);
        }
        name.remove_prefix(character.length);
    }
    return safe;
}

// Cuts the stem, so that the file still opens with the same program.
std::string cut_to_fit(std::string name) {
    constexpr std::size_t longest_extension = 32;  // bytes; what is longer is no extension
    if (name.size() <= limits::file_name) return name;
    const auto dot = name.rfind('.');
    const bool has_extension = dot != std::string::npos && dot > 0 && name.size() - dot <= longest_extension;
    const auto extension = has_extension ? name.substr(dot) : std::string{};
    const std::string_view stem = std::string_view{name}.substr(0, name.size() - extension.size());
    return std::string{utf8::cut(stem, limits::file_name - extension.size())} + extension;
}

constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// "CON", "nul.txt", "Com1 .log": Windows opens the device whatever follows the first dot.
bool is_device(std::string_view name) noexcept {
    auto stem = name.substr(0, name.find('.'));
    while (stem.ends_with(' ')) stem.remove_suffix(1);
    const auto is = [](std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, upper); };
    constexpr std::array<std::string_view, 6> devices{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
    if (std::ranges::any_of(devices, [&](auto device) { return is(stem, device); })) return true;
    if (!is(stem.substr(0, 3), "COM") && !is(stem.substr(0, 3), "LPT")) return false;
    constexpr std::array<std::string_view, 13> ports{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"};
    return std::ranges::find(ports, stem.substr(3)) != ports.end();
}

std::string fit_windows(std::string name) {
    name = cut_to_fit(std::move(name));
    // Windows drops closing dots and spaces by itself, after everybody has checked the name.
    name.erase(name.find_last_not_of(". ") + 1);
    return name;
}

std::string fit(std::string name, GuestSystem guest) {
    if (guest != GuestSystem::windows) return cut_to_fit(std::move(name));
    name = fit_windows(std::move(name));
    return is_device(name) ? fit_windows("_" + name) : name;
}

}  // namespace

std::optional<std::string> safe_file_name(std::string_view name, GuestSystem guest) {
    const auto component = last_component(name);
    auto safe = fit(safe_characters(is_utf8(component) ? component : from_latin1(component), guest), guest);
    const bool usable = safe.find_first_not_of(' ') != std::string::npos && safe != "." && safe != "..";
    if (!usable) return std::nullopt;
    return safe;
}

}  // namespace vmcbridge::policy
