#include "proto/browser/frames.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::browser {
namespace {

struct Mime {
    ClipboardFormat format;
    std::string_view name;
};
constexpr std::array mimes{
    Mime{.format = ClipboardFormat::text, .name = "text/plain"},
    Mime{.format = ClipboardFormat::png, .name = "image/png"},
    Mime{.format = ClipboardFormat::bmp, .name = "image/bmp"},
    Mime{.format = ClipboardFormat::tiff, .name = "image/tiff"},
    Mime{.format = ClipboardFormat::jpeg, .name = "image/jpeg"},
    Mime{.format = ClipboardFormat::file_list, .name = "text/uri-list"},
};
static_assert(mimes.size() == FormatList::capacity);

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::string_view without_parameters(std::string_view mime) noexcept {
    mime = mime.substr(0, mime.find(';'));
    while (mime.ends_with(' ') || mime.ends_with('\t')) mime.remove_suffix(1);
    return mime;
}

}  // namespace

std::string_view mime_of(ClipboardFormat format) noexcept {
    const auto* const row = std::ranges::find(mimes, format, &Mime::format);
    return row == mimes.end() ? std::string_view{} : row->name;
}

ClipboardFormat format_of(std::string_view mime) noexcept {
    const auto wanted = without_parameters(mime);
    for (const auto& row : mimes)
        if (std::ranges::equal(row.name, wanted, {}, {}, lower)) return row.format;
    return ClipboardFormat::none;
}

std::string_view name(Selection selection) noexcept {
    switch (selection) {
        case Selection::clipboard: return "clipboard";
        case Selection::primary: return "primary";
        case Selection::secondary: return "secondary";
    }
    return {};
}

std::string_view name(MonitorsStatus status) noexcept {
    switch (status) {
        case MonitorsStatus::applied: return "applied";
        case MonitorsStatus::refused: return "refused";
        case MonitorsStatus::superseded: return "superseded";
        case MonitorsStatus::unanswered: return "unanswered";
    }
    return {};
}

std::string_view name(FileState state) noexcept {
    switch (state) {
        case FileState::accepted: return "accepted";
        case FileState::progress: return "progress";
        case FileState::done: return "done";
        case FileState::cancelled: return "cancelled";
        case FileState::error: return "error";
    }
    return {};
}

}  // namespace vmcbridge::browser
