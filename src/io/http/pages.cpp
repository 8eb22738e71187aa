#include "src/io/http/pages.hpp"

#include "src/io/bounds.hpp"
#include "src/io/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace vmcbridge::io::http {
namespace {

struct Folder {
    std::string_view prefix;  ///< of the request's path
    std::string_view folder;  ///< below the root
};
constexpr std::array folders{
    Folder{"/lib/", "lib"},
    Folder{"/assets/", "console"},
    Folder{"/vendor/novnc/", "node_modules/@novnc/novnc"},
    Folder{"/vendor/spice-html5/", "node_modules/@spice-project/spice-html5"},
    Folder{"/vendor/xterm/", "node_modules/@xterm"},
};
constexpr std::string_view console_prefix = "/console/";

struct Kind {
    std::string_view extension;
    std::string_view type;
};
constexpr std::array kinds{
    Kind{".html", "text/html; charset=utf-8"},
    Kind{".js", "text/javascript; charset=utf-8"},
    Kind{".mjs", "text/javascript; charset=utf-8"},
    Kind{".css", "text/css; charset=utf-8"},
    Kind{".json", "application/json"},
    Kind{".map", "application/json"},
    Kind{".svg", "image/svg+xml"},
    Kind{".png", "image/png"},
    Kind{".ico", "image/x-icon"},
    Kind{".woff2", "font/woff2"},
    Kind{".wasm", "application/wasm"},
    Kind{".txt", "text/plain; charset=utf-8"},
    Kind{".ts", "text/plain; charset=utf-8"},
};

bool is_plain_segment(std::string_view segment) noexcept {
    if (segment.empty() || segment.front() == '.') return false;
    return std::ranges::all_of(segment, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x1f && byte != 0x7f && c != '/' && c != '\\';
    });
}

// Segments are decoded each by itself, so that %2f can't make two of one.
std::optional<std::filesystem::path> plain_path(std::string_view path) {
    std::filesystem::path out;
    for (;;) {
        const auto end = std::min(path.find('/'), path.size());
        const auto segment = percent_decoded(path.substr(0, end));
        if (!segment || !is_plain_segment(*segment)) return std::nullopt;
        out /= *segment;
        if (end == path.size()) return out;
        path.remove_prefix(end + 1);
    }
}

// The folder as it stands on disk, below the root, and the path in it that is asked for.
std::optional<std::pair<std::filesystem::path, std::filesystem::path>> place_of(std::string_view path) {
    if (path == "/") return std::pair{"console", "index.html"};
    if (path.starts_with(console_prefix)) {
        const auto name = plain_path(path.substr(console_prefix.size()));
        if (!name || name->has_parent_path()) return std::nullopt;
        return std::pair{"console", "console.html"};
    }
    for (const auto& [prefix, folder] : folders) {
        if (!path.starts_with(prefix)) continue;
        auto inside = plain_path(path.substr(prefix.size()));
        if (!inside) return std::nullopt;
        return std::pair{std::filesystem::path{folder}, std::move(*inside)};
    }
    return std::nullopt;
}

bool lies_in(const std::filesystem::path& folder, const std::filesystem::path& file) {
    const auto [end, rest] = std::ranges::mismatch(folder, file);
    return end == folder.end() && rest != file.end();
}

std::string http_date(const timespec& time) {
    std::tm utc{};
    gmtime_r(&time.tv_sec, &utc);
    std::array<char, 64> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text.data(), size};
}

std::string etag_of(const struct stat& status) {
    return '"' + std::to_string(status.st_size) + '-' + std::to_string(status.st_mtim.tv_sec) + '.' +
           std::to_string(status.st_mtim.tv_nsec) + '"';
}

// RFC 9110 section 13.2.2: If-Modified-Since counts only without If-None-Match.
bool is_unchanged(const Request& request, const std::string& etag, const std::string& modified) {
    if (!request.field("if-none-match").empty()) {
        return request.has_item("if-none-match", etag) || request.has_item("if-none-match", "W/" + etag) ||
               request.field("if-none-match") == "*";
    }
    return request.field("if-modified-since") == modified;
}

std::optional<std::string> read_all(int fd, std::size_t size) {
    std::string body(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto count = ::read(fd, body.data() + done, size - done);
        if (count <= 0) return std::nullopt;
        done += static_cast<std::size_t>(count);
    }
    return body;
}

Response not_found() { return problem(404, "there is nothing at this path"); }

}  // namespace

Pages::Pages(const std::string& root) {
    std::error_code error;
    if (!root.empty()) root_ = std::filesystem::canonical(root, error);
    if (error) root_.clear();
}

bool Pages::has_route(std::string_view path) { return place_of(path).has_value(); }

std::optional<Pages::File> Pages::find(std::string_view path) const {
    const auto place = place_of(path);
    if (!place || root_.empty()) return std::nullopt;
    const auto extension = place->second.extension().string();
    const auto* kind = std::ranges::find(kinds, extension, &Kind::extension);
    if (kind == kinds.end()) return std::nullopt;
    std::error_code error;
    // The folder itself may be a link (npm makes such); what is below may not lead out of it.
    const auto folder = std::filesystem::canonical(root_ / place->first, error);
    if (error) return std::nullopt;
    auto file = std::filesystem::canonical(folder / place->second, error);
    if (error || !lies_in(folder, file)) return std::nullopt;
    return File{std::move(file), kind->type};
}

Response Pages::answer(const Request& request) const {
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = problem(405, "pages can only be read");
        response.fields.emplace_back("Allow", "GET, HEAD");
        return response;
    }
    const auto file = find(request.path);
    if (!file) return not_found();
    const UniqueFd fd{::open(file->path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
    struct stat status{};
    if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return not_found();
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > bounds::static_file) return not_found();

    Response response;
    response.cache = "no-cache";  // kept, and asked for again each time: an upgrade is seen at once
    const auto etag = etag_of(status);
    const auto modified = http_date(status.st_mtim);
    response.fields = {{"ETag", etag}, {"Last-Modified", modified}};
    if (is_unchanged(request, etag, modified)) {
        response.status = 304;
        return response;
    }
    auto body = read_all(fd.get(), size);
    if (!body) return problem(500, "the file can't be read");
    response.type = file->type;
    response.body = std::move(*body);
    return response;
}

}  // namespace vmcbridge::io::http
