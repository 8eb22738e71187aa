#include "proto/browser/json_reader.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

namespace vmcbridge::browser {
namespace {

namespace json = boost::json;

// What the parser finds becomes values, as in json::parse; but they are counted: a value takes a dozen times the two
// bytes that a peer may spell it with.
class Builder {
public:
    // The count of values and the size of the text bound all of these.
    static constexpr std::size_t max_object_size = limits::qga_values;
    static constexpr std::size_t max_array_size = limits::qga_values;
    static constexpr std::size_t max_key_size = limits::qga_line;
    static constexpr std::size_t max_string_size = limits::qga_line;

    Builder(std::size_t most, json::storage_ptr values, std::span<unsigned char> scratch)
        : most_{most}, stack_{{}, scratch.data(), scratch.size()} {
        stack_.reset(std::move(values));
    }

    [[nodiscard]] json::value release() { return stack_.release(); }
    [[nodiscard]] bool is_full() const noexcept { return count_ > most_; }

    static bool on_document_begin(json::error_code&) noexcept { return true; }
    static bool on_document_end(json::error_code&) noexcept { return true; }
    bool on_object_begin(json::error_code& error) noexcept { return count(error); }
    bool on_object_end(std::size_t size, json::error_code&) { return stack_.push_object(size), true; }
    bool on_array_begin(json::error_code& error) noexcept { return count(error); }
    bool on_array_end(std::size_t size, json::error_code&) { return stack_.push_array(size), true; }
    bool on_key_part(json::string_view text, std::size_t, json::error_code&) { return stack_.push_chars(text), true; }
    bool on_key(json::string_view text, std::size_t, json::error_code&) { return stack_.push_key(text), true; }
    bool on_string_part(json::string_view text, std::size_t, json::error_code&) {
        return stack_.push_chars(text), true;
    }
    bool on_string(json::string_view text, std::size_t, json::error_code& error) {
        return stack_.push_string(text), count(error);
    }
    static bool on_number_part(json::string_view, json::error_code&) noexcept { return true; }
    bool on_int64(std::int64_t number, json::string_view, json::error_code& error) {
        return stack_.push_int64(number), count(error);
    }
    bool on_uint64(std::uint64_t number, json::string_view, json::error_code& error) {
        return stack_.push_uint64(number), count(error);
    }
    bool on_double(double number, json::string_view, json::error_code& error) {
        return stack_.push_double(number), count(error);
    }
    bool on_bool(bool value, json::error_code& error) { return stack_.push_bool(value), count(error); }
    bool on_null(json::error_code& error) { return stack_.push_null(), count(error); }
    static bool on_comment_part(json::string_view, json::error_code&) noexcept { return true; }
    static bool on_comment(json::string_view, json::error_code&) noexcept { return true; }

private:
    bool count(json::error_code& error) noexcept {
        ++count_;
        if (is_full()) error = json::error::array_too_large;
        return !is_full();
    }

    std::size_t most_;
    json::value_stack stack_;
    std::size_t count_ = 0;
};

}  // namespace

Result<json::value, JsonError> JsonReader::read(std::string_view text) {
    json::parse_options options;
    options.max_depth = bounds_.depth;
    json::basic_parser<Builder> parser{options, bounds_.values, json::storage_ptr{&memory_},
                                       std::span<unsigned char>{scratch_}};

    json::error_code error;
    const auto end = parser.write_some(false, text.data(), text.size(), error);
    if (parser.handler().is_full()) return JsonError{"at most " + std::to_string(bounds_.values) + " values"};
    if (!error && end < text.size()) error = json::error::extra_data;
    if (error) return JsonError{"JSON; " + error.message() + " near byte " + std::to_string(end)};
    return parser.handler().release();
}

}  // namespace vmcbridge::browser
