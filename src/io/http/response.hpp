#pragma once

#include "proto/browser/codes.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Answers of HTTP/1.1: values -> bytes. Pure.
namespace vmcbridge::io::http {

struct Response {
    unsigned status = 200;
    std::string type;   ///< Content-Type; empty: no body
    std::string cache;  ///< Cache-Control; empty: no-store
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

/// A problem of RFC 9457: application/problem+json with type, title, status, detail, and `code` of the one table where
/// one fits; `more` members are texts.
[[nodiscard]] Response problem(unsigned status, std::string_view detail,
                               std::optional<browser::Code> code = std::nullopt,
                               std::initializer_list<std::pair<std::string_view, std::string_view>> more = {});

/// What an answer needs to know of its request.
struct AnswerTo {
    std::string_view host{};          ///< checked to be ours, or of the admin socket
    std::string_view cross_origin{};  ///< an allowed origin other than ours; empty: none
    bool head = false;                ///< only the head was asked for
    bool keep_alive = false;
};

/// The bytes of an answer, with the fields that every answer of ours has: those that keep a page from running what is
/// not ours, from being framed, sniffed and embedded elsewhere.
[[nodiscard]] std::string encode(const Response& response, const AnswerTo& request);

}  // namespace vmcbridge::io::http
