#include "src/control/values.hpp"

#include "src/control/address.hpp"
#include "src/control/glib.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace vmcbridge::control {
namespace {

using std::chrono::milliseconds;

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr std::array size_units{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}, Unit{"", 1}};
constexpr std::array duration_units{Unit{"h", 3'600'000}, Unit{"min", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};

struct Quantity {
    std::uint64_t number;
    std::string_view unit;
};

/// Digits, then spaces, then a unit; nullopt: no digits in front, or more of them than fit.
std::optional<Quantity> read_quantity(std::string_view text) {
    Quantity quantity{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.number);
    if (error != std::errc{}) return std::nullopt;
    quantity.unit = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    return quantity;
}

/// The number in terms of the smallest unit; nullopt: no such unit, or too large to say.
std::optional<std::uint64_t> scaled(const Quantity& quantity, std::span<const Unit> units) {
    const auto unit = std::ranges::find(units, quantity.unit, &Unit::name);
    if (unit == units.end()) return std::nullopt;
    if (quantity.number > std::numeric_limits<std::uint64_t>::max() / unit->factor) return std::nullopt;
    return quantity.number * unit->factor;
}

std::string in_largest_unit(std::uint64_t value, std::span<const Unit> units) {
    for (const auto& unit : units)
        if (value % unit.factor == 0 && value != 0) return std::to_string(value / unit.factor) + std::string{unit.name};
    return std::to_string(value);
}

struct FormatWord {
    std::string_view word;
    FormatList formats;
};
constexpr std::array format_words{
    FormatWord{"text", {ClipboardFormat::text}},
    FormatWord{"image", {ClipboardFormat::png, ClipboardFormat::bmp, ClipboardFormat::tiff, ClipboardFormat::jpeg}},
    FormatWord{"files", {ClipboardFormat::file_list}},
    FormatWord{"any",
               {ClipboardFormat::text, ClipboardFormat::png, ClipboardFormat::bmp, ClipboardFormat::tiff,
                ClipboardFormat::jpeg, ClipboardFormat::file_list}},
};

/// One order for all lists, so that "image;text" and "text;image" are the same policy.
FormatList in_table_order(const FormatList& formats) { return format_words.back().formats.only(formats); }

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> items;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(";,"), text.size());
        if (const auto item = trimmed(text.substr(0, end)); !item.empty()) items.push_back(item);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return items;
}

Parsed<bool> parse_flag(std::string_view text) {
    if (text == "on" || text == "true" || text == "yes") return true;
    if (text == "off" || text == "false" || text == "no") return false;
    return Problem{quoted(text) + " is neither on nor off"};
}

Parsed<unsigned> parse_count(std::string_view text, unsigned most) {
    const auto quantity = read_quantity(text);
    if (!quantity || !quantity->unit.empty() || quantity->number > most)
        return Problem{quoted(text) + " is not a number from 0 to " + std::to_string(most)};
    return static_cast<unsigned>(quantity->number);
}

Parsed<std::uint64_t> parse_size(std::string_view text, SizeRange range) {
    const auto quantity = read_quantity(text);
    const auto bytes = quantity ? scaled(*quantity, size_units) : std::nullopt;
    if (!bytes) return Problem{quoted(text) + " is not a size; write bytes or KiB, MiB, GiB, as in 32MiB"};
    if (*bytes < range.least || *bytes > range.most)
        return Problem{quoted(text) + " is out of range: from " + size_to_text(range.least) + " to " +
                       size_to_text(range.most)};
    return *bytes;
}

Parsed<milliseconds> parse_duration(std::string_view text, DurationRange range) {
    if (text == "0") text = "0ms";
    const auto quantity = read_quantity(text);
    const auto ms = quantity ? scaled(*quantity, duration_units) : std::nullopt;
    if (!ms) return Problem{quoted(text) + " is not a duration; write ms, s, min or h, as in 30s"};
    if (*ms < static_cast<std::uint64_t>(range.least.count()) || *ms > static_cast<std::uint64_t>(range.most.count()))
        return Problem{quoted(text) + " is out of range: from " + to_text(range.least) + " to " + to_text(range.most)};
    return milliseconds{static_cast<milliseconds::rep>(*ms)};
}

Parsed<FormatList> parse_formats(std::string_view text) {
    const auto words = split_list(text);
    if (words.size() == 1 && words.front() == "off") return FormatList{};
    FormatList formats;
    for (const auto word : words) {
        const auto row = std::ranges::find(format_words, word, &FormatWord::word);
        if (row == format_words.end()) return Problem{quoted(word) + " is not off, nor one of text, image, files, any"};
        for (const auto format : row->formats) formats.add(format);
    }
    if (formats.empty()) return Problem{"empty; write off, or a list of text, image, files, any"};
    return in_table_order(formats);
}

Parsed<policy::ChannelSet> parse_channels(std::string_view text) {
    if (text == "off") return policy::ChannelSet{};
    if (text == "any") return policy::ChannelSet::all();
    policy::ChannelSet channels;
    for (const auto word : split_list(text)) {
        const auto* const type =
            std::ranges::find(policy::session_channels, word, [](auto each) { return spice::name(each); });
        if (type == policy::session_channels.end())
            return Problem{quoted(word) + " is no channel; write off, any, or a list of display, inputs, cursor, " +
                           "playback, record, smartcard, usbredir, port, webdav"};
        channels.add(*type);
    }
    if (channels.empty()) return Problem{"empty; write off, any, or a list of channels"};
    return channels;
}

Parsed<policy::PortRule> parse_ports(std::string_view text) {
    policy::PortRule rule{.any = false, .names = {}};
    if (text == "off") return rule;
    for (const auto word : split_list(text)) {
        if (word == "any") {
            rule.any = true;
            continue;
        }
        auto name = parse_port_name(word);
        if (!name) return std::move(name).error();
        rule.names.push_back(*std::move(name));
    }
    if (!rule.any && rule.names.empty()) return Problem{"empty; write off, any, or a list of names"};
    return rule;
}

Parsed<std::string> parse_origin(std::string_view text) {
    Problem fault{quoted(text) + " is not an origin; write scheme, host and port alone, as in " +
                  "https://console.example.org"};
    auto origin = lower(text);
    const bool secure = origin.starts_with("https://");
    if (!secure && !origin.starts_with("http://")) return fault;
    const std::string scheme = secure ? "https://" : "http://";
    const auto authority = origin.substr(scheme.size());
    const bool has_port = authority.find_last_of(':') != std::string::npos && !authority.ends_with(']');
    const auto own_port = secure ? 443 : 80;
    const auto address = parse_listener(has_port ? authority : authority + ":" + std::to_string(own_port));
    if (!address || address->is_unix() || address->port == 0) return fault;
    auto canonical = to_text(*address);
    if (address->port == own_port) canonical.resize(canonical.rfind(':'));
    return parsed_text(scheme + canonical);
}

Parsed<std::string> parse_uuid(std::string_view text) {
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    auto uuid = lower(text);
    const auto fits = [](char c, char wanted) {
        return wanted == '-' ? c == '-' : std::string_view{"0123456789abcdef"}.find(c) != std::string_view::npos;
    };
    if (uuid.size() != form.size() || !std::ranges::equal(uuid, form, fits))
        return Problem{quoted(text) + " is not a UUID; write 8-4-4-4-12 hexadecimal digits"};
    return parsed_text(std::move(uuid));
}

Parsed<std::string> parse_libvirt_uri(std::string_view text) {
    std::string uri{text};
    if (!g_uri_is_valid(uri.c_str(), G_URI_FLAGS_NONE, nullptr))
        return Problem{quoted(text) + " is not a URI; write one of libvirt's, as qemu:///system"};
    return parsed_text(std::move(uri));
}

std::optional<std::string> remote_host_of(const std::string& uri) {
    const GPtr<GUri, g_uri_unref> parsed{g_uri_parse(uri.c_str(), G_URI_FLAGS_NONE, nullptr)};
    const char* host = parsed ? g_uri_get_host(parsed.get()) : nullptr;
    const auto scheme = std::string_view{uri}.substr(0, uri.find(':'));
    const auto plus = scheme.find('+');
    const bool is_local_transport = plus == std::string_view::npos || scheme.substr(plus) == "+unix";
    if ((host == nullptr || *host == '\0') && is_local_transport) return std::nullopt;
    return host == nullptr ? "" : host;
}

Parsed<std::string> parse_glob(std::string_view text) {
    constexpr std::size_t longest = 4095;  // PATH_MAX, without its end
    const auto closed = std::string{text} + "/";
    const bool has_bad_name = std::ranges::any_of(
        std::array{"//", "/./", "/../"}, [&](const char* bad) { return closed.find(bad) != std::string::npos; });
    if (!text.starts_with('/') || has_bad_name || text.size() > longest)
        return Problem{quoted(text) + " is not an absolute path of a socket; write one as /run/vms/*/agent.sock"};
    return parsed_text(std::string{text});
}

std::string to_text(milliseconds duration) {
    return in_largest_unit(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::string size_to_text(std::uint64_t bytes) { return in_largest_unit(bytes, size_units); }

}  // namespace vmcbridge::control
