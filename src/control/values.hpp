#pragma once

#include "proto/formats.hpp"
#include "src/control/problem.hpp"
#include "src/policy/policy.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The values that configuration keys and options take. Each parser takes text without spaces around it.
namespace vmcbridge::control {

/// on or off; true and false, yes and no are understood too.
[[nodiscard]] Parsed<bool> parse_flag(std::string_view text);

/// A plain number from 0 to `most`.
[[nodiscard]] Parsed<unsigned> parse_count(std::string_view text, unsigned most);

struct SizeRange {
    std::uint64_t least;
    std::uint64_t most;
};
/// A number of bytes, or of KiB, MiB, GiB: "32MiB".
[[nodiscard]] Parsed<std::uint64_t> parse_size(std::string_view text, SizeRange range);

struct DurationRange {
    std::chrono::milliseconds least;
    std::chrono::milliseconds most;
};
/// A number of ms, s, min or h: "30s"; 0 needs no unit.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text, DurationRange range);

/// off, or a list of text, image, files, any.
[[nodiscard]] Parsed<FormatList> parse_formats(std::string_view text);

/// off, any, or a list of display, inputs, cursor, playback, record, smartcard, usbredir, port, webdav.
[[nodiscard]] Parsed<policy::ChannelSet> parse_channels(std::string_view text);

/// off, or a list of the names of ports and any.
[[nodiscard]] Parsed<policy::PortRule> parse_ports(std::string_view text);

/// The origin of a web page as browsers send it: "https://host" or "https://host:port", in lower case, without the
/// scheme's own port.
[[nodiscard]] Parsed<std::string> parse_origin(std::string_view text);

/// 8-4-4-4-12 hexadecimal digits; in lower case.
[[nodiscard]] Parsed<std::string> parse_uuid(std::string_view text);

/// The URI of a libvirt daemon: "qemu:///system".
[[nodiscard]] Parsed<std::string> parse_libvirt_uri(std::string_view text);
/// Of the host where that daemon runs; "" if the URI does not name it, nullopt: it is this one. REQUIRES: it is a URI.
[[nodiscard]] std::optional<std::string> remote_host_of(const std::string& uri);

/// An absolute path with wildcards in any of its names.
[[nodiscard]] Parsed<std::string> parse_glob(std::string_view text);

/// The items between ; and , without the spaces around them; empty ones are skipped. They view `text`.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

/// `text` without the spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// "30s": in the largest unit that divides, as parse_duration reads it.
[[nodiscard]] std::string to_text(std::chrono::milliseconds duration);
/// "32MiB": likewise, as parse_size reads it.
[[nodiscard]] std::string size_to_text(std::uint64_t bytes);

}  // namespace vmcbridge::control
