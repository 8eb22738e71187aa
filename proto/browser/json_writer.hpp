#pragma once

#include "proto/limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmcbridge::browser {

/// Appends `text` as the inside of a JSON string. What is not UTF-8 becomes U+FFFD, one a byte: a WebSocket text frame
/// must be UTF-8, and guests send what they like.
void append_escaped(std::string& out, std::string_view text);

/// Writes one JSON document, front to back. Commas are its business; that objects are closed is the caller's.
class JsonWriter {
public:
    /// `expected` bytes are set aside at once.
    explicit JsonWriter(std::size_t expected) { out_.reserve(expected); }

    void begin_object() { open('{'); }
    void begin_object(std::string_view name) { key(name), out_ += '{'; }
    void end_object() { out_ += '}'; }
    void begin_array(std::string_view name) { key(name), out_ += '['; }
    void end_array() { out_ += ']'; }

    /// REQUIRES: `name` needs no escaping (it is one of ours).
    void member(std::string_view name, std::string_view text) { key(name), string(text); }
    void member(std::string_view name, std::same_as<bool> auto value) { key(name), out_ += value ? "true" : "false"; }
    /// Numbers that JavaScript can't hold exactly are written as the last that it can: only a guest's claim (of free
    /// space, say) is ever so large.
    void member(std::string_view name, std::unsigned_integral auto value)
        requires(!std::same_as<decltype(value), bool>)
    {
        key(name), number(value);
    }
    void element(std::string_view text) { comma(), string(text); }

    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    void comma() {
        if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
    }
    void open(char bracket) { comma(), out_ += bracket; }
    void key(std::string_view name) { comma(), out_ += '"', out_ += name, out_ += "\":"; }
    void string(std::string_view text) { out_ += '"', append_escaped(out_, text), out_ += '"'; }
    void number(std::uint64_t value) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), std::min(value, limits::max_id));
        out_.append(digits.data(), end.ptr);
    }

    std::string out_;
};

}  // namespace vmcbridge::browser
