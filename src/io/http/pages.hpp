#pragma once

#include "src/io/http/request.hpp"
#include "src/io/http/response.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace vmcbridge::io::http {

/// The files of the console and of the browser library.
///
///     /            console/index.html           /lib/...                 lib/...
///     /console/VM  console/console.html         /assets/...              console/...
///                                               /vendor/novnc/...        node_modules/@novnc/novnc/...
///                                               /vendor/spice-html5/...  node_modules/@spice-project/spice-html5/...
///                                               /vendor/xterm/...        node_modules/@xterm/...
///
/// A path can't leave its folder: its segments are plain names, and what it resolves to, symbolic links followed, lies
/// in the folder and is a regular file of a known kind.
class Pages {
public:
    /// Empty: no pages at all.
    explicit Pages(const std::string& root);

    /// Is this a path of ours, whether the file is there or not?
    [[nodiscard]] static bool has_route(std::string_view path);
    /// Answers GET and HEAD: 200, 304, 404 or 405. Reads the file: it is small, and on a local disk.
    [[nodiscard]] Response answer(const Request& request) const;

private:
    struct File {
        std::filesystem::path path;
        std::string_view type;
    };
    [[nodiscard]] std::optional<File> find(std::string_view path) const;

    std::filesystem::path root_;  // canonical; empty: none
};

}  // namespace vmcbridge::io::http
