#include "src/io/host_subject.hpp"

#include "proto/text.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>

namespace vmcbridge::io {
namespace {

std::string fault(std::string_view text, std::string_view reason) {
    std::string out = "host-subject \"";
    return ((out += text) += "\": ") += reason;
}

struct Value {
    std::string text;
    bool has_comma = false;  ///< another pair has to follow
};

/// What stands before the next comma without a backslash in front; `rest` goes on behind it. nullopt: a backslash is
/// the last character.
std::optional<Value> take_value(std::string_view& rest) {
    Value value;
    while (!rest.empty()) {
        auto c = rest.front();
        rest.remove_prefix(1);
        value.has_comma = c == ',';
        if (value.has_comma) break;
        if (c == '\\') {
            if (rest.empty()) return std::nullopt;
            c = rest.front();
            rest.remove_prefix(1);
        }
        value.text += c;
    }
    return value;
}

bool add(X509_NAME* name, const std::string& attribute, const std::string& value) noexcept {
    const auto bytes = as_bytes(value);
    const void* start = bytes.data();
    const bool added =
        X509_NAME_add_entry_by_txt(name, attribute.c_str(), MBSTRING_UTF8, static_cast<const unsigned char*>(start),
                                   static_cast<int>(bytes.size()), -1, 0) == 1;
    if (!added) ERR_clear_error();
    return added;
}

std::string attribute_of(const X509_NAME_ENTRY& entry) {
    const auto* object = X509_NAME_ENTRY_get_object(&entry);
    if (const int known = OBJ_obj2nid(object); known != NID_undef) return OBJ_nid2sn(known);
    std::array<char, 128> number{};
    const int size = OBJ_obj2txt(number.data(), static_cast<int>(number.size()), object, 1);
    return size > 0 && static_cast<std::size_t>(size) < number.size() ? number.data() : "";
}

/// UTF-8, whatever the certificate has.
std::string value_of(const X509_NAME_ENTRY& entry) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(&entry));
    if (size < 0) ERR_clear_error();
    std::string out(text, text + std::max(size, 0));
    OPENSSL_free(text);
    return out;
}

}  // namespace

void HostSubject::Free::operator()(X509_name_st* name) const noexcept { X509_NAME_free(name); }

Result<HostSubject, std::string> HostSubject::parse(std::string_view text) {
    constexpr std::size_t longest = 4096;
    if (text.size() > longest) return std::string{"host-subject: longer than 4096 bytes"};
    Name name{X509_NAME_new()};
    auto rest = text;
    while (!rest.empty()) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        const auto equals = rest.find_first_of("=,\\");
        if (equals == std::string_view::npos || equals == 0 || rest[equals] != '=')
            return fault(text, "write ATTRIBUTE=VALUE pairs, with commas between");
        const std::string attribute{rest.substr(0, equals)};
        rest.remove_prefix(equals + 1);
        const auto value = take_value(rest);
        if (!value) return fault(text, "nothing follows the last backslash");
        if (rest.empty() && value->has_comma) return fault(text, "nothing follows the last comma");
        if (!add(name.get(), attribute, value->text))
            return fault(text, "\"" + attribute + "=" + value->text + "\" is no part of a subject");
    }
    if (X509_NAME_entry_count(name.get()) == 0) return fault(text, "empty");
    return HostSubject{std::move(name)};
}

std::string host_subject_of(const x509_st& certificate) {
    std::string out;
    const auto* subject = X509_get_subject_name(&certificate);
    for (int each = 0; each < X509_NAME_entry_count(subject); ++each) {
        const auto* entry = X509_NAME_get_entry(subject, each);
        if (!out.empty()) out += ',';
        out += attribute_of(*entry) + '=';
        for (const char c : value_of(*entry)) {
            if (c == ',' || c == '\\') out += '\\';
            out += c;
        }
    }
    const auto read = HostSubject::parse(out);
    return read && read->matches(certificate) ? out : std::string{};
}

bool HostSubject::matches(const x509_st& certificate) const noexcept {
    return X509_NAME_cmp(name_.get(), X509_get_subject_name(&certificate)) == 0;
}

}  // namespace vmcbridge::io
