// A WebSocket message of a browser, as text and as bytes. What is understood can be spelled, and is understood as the
// same; what is refused is refused by a named error; whatever text we write is JSON in UTF-8.
#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/proto/browser/client_spelling.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string>

namespace vmcbridge::fuzz {
namespace {

void check_text(std::string_view text) {
    const auto frame = browser::decode_client(text);
    if (!frame) {
        const auto& error = frame.error();
        require(error.message.find(": expected ") != std::string::npos, "an error says what was expected");
        require(error.message.size() <= 200 && is_utf8(error.message), "an error is a short text");
        require(error.about.size() <= 64, "an error names a type of ours");
        return;
    }
    require(is_utf8(text), "only UTF-8 is understood");
    if (std::holds_alternative<browser::UnknownFrame>(*frame)) return;
    const auto again = browser::decode_client(boost::json::serialize(browser::test::spelled(*frame)));
    require(again && *again == *frame, "what was understood is understood again");
}

void check_bytes(Bytes bytes) {
    const auto frame = browser::decode_binary(bytes);
    const bool fits = bytes.size() >= 4 && bytes.size() <= 4 + limits::frame_payload;
    require(frame.has_value() == fits, "a binary frame is a number and a payload");
    if (frame) require(std::ranges::equal(browser::encode_stream_id(frame->stream), bytes.first(4)), "its number");
}

void check_writing(std::string_view text) {
    const auto written = browser::encode(browser::ClipboardError{1, browser::Code::timeout, std::string{text}});
    boost::json::error_code error;
    const auto read = boost::json::parse(written, error);
    require(!error && is_utf8(written), "what we write is JSON in UTF-8");
    if (is_utf8(text)) require(read.at("message").as_string() == text, "text is read as it was written");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmcbridge;
    const auto bytes = std::as_bytes(std::span{data, size});
    fuzz::check_text(as_text(bytes));
    fuzz::check_bytes(bytes);
    fuzz::check_writing(as_text(bytes));
    return 0;
}
