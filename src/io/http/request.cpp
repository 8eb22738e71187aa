#include "src/io/http/request.hpp"

#include "proto/text.hpp"
#include "src/io/bounds.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <cctype>

namespace vmcbridge::io::http {
namespace {

namespace beast = boost::beast::http;
using Parser = beast::request_parser<beast::string_body>;

char lower(char c) noexcept { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool equal_in_any_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

RequestFault fault_of(const boost::system::error_code& error) {
    if (error == beast::error::header_limit) return {431, "the head of the request is too large"};
    if (error == beast::error::body_limit) return {413, "the body of the request is too large"};
    if (error == beast::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return {400, "malformed request: " + error.message()};
}

Request taken(Parser& parser) {
    auto message = parser.release();
    Request request;
    request.method = std::string_view{message.method_string().data(), message.method_string().size()};
    const std::string_view target{message.target().data(), message.target().size()};
    const auto mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    request.keep_alive = message.keep_alive();
    for (const auto& field : message) {
        std::string name{field.name_string().data(), field.name_string().size()};
        std::ranges::transform(name, name.begin(), lower);
        request.fields.emplace_back(std::move(name), std::string{field.value().data(), field.value().size()});
    }
    request.body = std::move(message.body());
    return request;
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string_view Request::field(std::string_view name) const noexcept {
    const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view{field.first}; });
    return found == fields.end() ? std::string_view{} : std::string_view{found->second};
}

std::vector<std::string_view> Request::all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [each, value] : fields) {
        if (each == name) out.emplace_back(value);
    }
    return out;
}

std::vector<std::string_view> Request::items(std::string_view name) const {
    std::vector<std::string_view> out;
    for (auto value : all(name)) {
        while (!value.empty()) {
            const auto end = std::min(value.find(','), value.size());
            if (const auto item = trimmed(value.substr(0, end)); !item.empty()) out.push_back(item);
            value.remove_prefix(std::min(end + 1, value.size()));
        }
    }
    return out;
}

bool Request::has_item(std::string_view name, std::string_view item) const {
    return std::ranges::any_of(items(name), [&](std::string_view each) { return equal_in_any_case(each, item); });
}

bool Request::is_upgrade() const { return has_item("upgrade", "websocket") && has_item("connection", "upgrade"); }

struct RequestReader::Impl {
    std::string bytes;  // fed, not yet parsed
    std::unique_ptr<Parser> parser;

    void begin() {
        parser = std::make_unique<Parser>();
        parser->eager(true);
        parser->header_limit(bounds::request_head);
        parser->body_limit(bounds::request_body);
    }
};

RequestReader::RequestReader() : impl_{std::make_unique<Impl>()} {}
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader::~RequestReader() = default;

void RequestReader::feed(Bytes bytes) { impl_->bytes += as_text(bytes); }

bool RequestReader::is_empty() const noexcept { return impl_->bytes.empty() && !impl_->parser; }

std::string RequestReader::take_rest() noexcept { return std::exchange(impl_->bytes, {}); }

Result<std::optional<Request>, RequestFault> RequestReader::next() {
    auto& bytes = impl_->bytes;
    if (!impl_->parser) {
        if (bytes.empty()) return std::optional<Request>{};
        impl_->begin();
    }
    boost::system::error_code error;
    while (!error && !bytes.empty() && !impl_->parser->is_done()) {
        const auto count = impl_->parser->put(boost::asio::buffer(bytes), error);
        bytes.erase(0, count);
    }
    if (error && error != beast::error::need_more) return fault_of(error);
    // The limits of the parser know neither the extensions of a chunk nor the fields behind the last one.
    if (impl_->parser->is_header_done() && impl_->parser->chunked())
        return RequestFault{411, "send the body with its Content-Length"};
    if (!impl_->parser->is_done()) return std::optional<Request>{};
    const auto parser = std::exchange(impl_->parser, nullptr);
    auto request = taken(*parser);
    if (request.all("host").size() != 1) return RequestFault{400, "exactly one Host is needed"};
    if (!request.path.starts_with('/')) return RequestFault{400, "the target of a request begins with a slash"};
    return std::optional{std::move(request)};
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        if (text.size() - at < 3) return std::nullopt;
        const int high = hex_value(text[at + 1]);
        const int low = hex_value(text[at + 2]);
        if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return out;
}

}  // namespace vmcbridge::io::http
