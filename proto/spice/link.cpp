#include "proto/spice/link.hpp"

#include "proto/limits.hpp"
#include "proto/wire.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::spice {

namespace {

constexpr std::size_t link_header = sizeof(SpiceLinkHeader);
constexpr std::size_t request_fixed = sizeof(SpiceLinkMess);
constexpr std::size_t reply_fixed = sizeof(SpiceLinkReply);
static_assert(link_header == 16 && request_fixed == 18 && reply_fixed == 178);

constexpr std::array magic{std::byte{'R'}, std::byte{'E'}, std::byte{'D'}, std::byte{'Q'}};

/// The first word of a group of `count` at word `first` of `words`; 0: the group is empty.
std::uint32_t first_word(Bytes words, std::size_t first, std::size_t count) noexcept {
    return count == 0 ? 0 : load_le<std::uint32_t>(words.data() + first * sizeof(std::uint32_t));
}

/// The numbers of words and their place are next in `in`, which reads `body`; they lie behind the first `fixed` bytes.
Result<Capabilities, LinkError> decode_capabilities(Reader& in, Bytes body, std::size_t fixed) {
    const std::size_t common = in.u32("common words");
    const std::size_t channel = in.u32("channel words");
    const std::size_t offset = in.u32("offset");
    if (common > limits::link_words || channel > limits::link_words) return LinkError::invalid_data;
    if (offset < fixed || offset > body.size()) return LinkError::invalid_data;
    const auto words = body.subspan(offset);
    if ((common + channel) * sizeof(std::uint32_t) > words.size()) return LinkError::invalid_data;
    return Capabilities{.common = first_word(words, 0, common), .channel = first_word(words, common, channel)};
}

Result<LinkRequest, LinkError> decode_request(Bytes body) {
    Reader in{body};
    LinkRequest request;
    request.connection = in.u32("connection");
    request.type = in.as<ChannelType>("type");
    request.id = in.u8("id");
    auto capabilities = decode_capabilities(in, body, request_fixed);
    if (!capabilities) return capabilities.error();
    request.capabilities = *capabilities;
    return request;
}

}  // namespace

std::string_view name(ChannelType type) noexcept {
    switch (type) {
        case ChannelType::main: return "main";
        case ChannelType::display: return "display";
        case ChannelType::inputs: return "inputs";
        case ChannelType::cursor: return "cursor";
        case ChannelType::playback: return "playback";
        case ChannelType::record: return "record";
        case ChannelType::tunnel: return "tunnel";
        case ChannelType::smartcard: return "smartcard";
        case ChannelType::usbredir: return "usbredir";
        case ChannelType::port: return "port";
        case ChannelType::webdav: return "webdav";
    }
    return "unknown";
}

std::string_view name(LinkError error) noexcept {
    switch (error) {
        case LinkError::ok: return "ok";
        case LinkError::error: return "error";
        case LinkError::invalid_magic: return "invalid-magic";
        case LinkError::invalid_data: return "invalid-data";
        case LinkError::version_mismatch: return "version-mismatch";
        case LinkError::need_secured: return "need-secured";
        case LinkError::need_unsecured: return "need-unsecured";
        case LinkError::permission_denied: return "permission-denied";
        case LinkError::bad_connection_id: return "bad-connection-id";
        case LinkError::channel_not_available: return "channel-not-available";
    }
    return "unknown";
}

namespace {

/// The body behind a header whose size is at least `least`; nullopt: it takes more bytes.
Result<std::optional<Bytes>, LinkError> find_body(Bytes input, std::size_t least) {
    const auto start = input.first(std::min(input.size(), magic.size()));
    if (!std::ranges::equal(start, std::span{magic}.first(start.size()))) return LinkError::invalid_magic;
    if (input.size() < link_header) return std::nullopt;
    Reader in{input.subspan(magic.size())};
    const auto major = in.u32("major");
    static_cast<void>(in.u32("minor"));
    const std::size_t size = in.u32("size");
    if (major != SPICE_VERSION_MAJOR) return LinkError::version_mismatch;
    if (size < least || size > limits::link_body) return LinkError::invalid_data;
    if (input.size() < link_header + size) return std::nullopt;
    return input.subspan(link_header, size);
}

void put_header(Writer& out, std::size_t size) {
    out.bytes(magic);
    out.u32(SPICE_VERSION_MAJOR);
    out.u32(SPICE_VERSION_MINOR);
    out.u32(static_cast<std::uint32_t>(size));
}

}  // namespace

Result<std::optional<LinkRequest>, LinkError> take_link_request(Bytes& input) {
    const auto body = find_body(input, request_fixed);
    if (!body) return body.error();
    if (!*body) return std::nullopt;
    auto request = decode_request(**body);
    if (!request) return request.error();
    input = input.subspan(link_header + (*body)->size());
    return *request;
}

std::vector<std::byte> encode_link_reply(const LinkReply& reply) {
    std::vector<std::byte> bytes;
    const std::size_t words = reply.error == LinkError::ok ? 1 : 0;
    bytes.reserve(link_header + reply_fixed + 2 * words * sizeof(std::uint32_t));
    Writer out{bytes};
    put_header(out, reply_fixed + 2 * words * sizeof(std::uint32_t));
    out.as(reply.error);
    out.bytes(reply.public_key);
    out.zeros(public_key_size - reply.public_key.size());
    if (words == 0) {
        out.zeros(reply_fixed - sizeof(std::uint32_t) - public_key_size);
        return bytes;
    }
    out.u32(static_cast<std::uint32_t>(words));
    out.u32(static_cast<std::uint32_t>(words));
    out.u32(reply_fixed);
    out.u32(reply.capabilities.common);
    out.u32(reply.capabilities.channel);
    return bytes;
}

// ---- The other side

std::vector<std::byte> encode_link_request(const LinkRequest& request) {
    std::vector<std::byte> bytes;
    Writer out{bytes};
    put_header(out, request_fixed + 2 * sizeof(std::uint32_t));
    out.u32(request.connection);
    out.as(request.type);
    out.u8(request.id);
    out.u32(1);
    out.u32(1);
    out.u32(request_fixed);
    out.u32(request.capabilities.common);
    out.u32(request.capabilities.channel);
    return bytes;
}

Result<std::optional<LinkAnswer>, LinkError> take_link_reply(Bytes& input) {
    using Answer = Result<std::optional<LinkAnswer>, LinkError>;
    const auto body = find_body(input, reply_fixed);
    if (!body) return Answer{boost::system::in_place_error, body.error()};
    if (!*body) return Answer{std::nullopt};
    Reader in{**body};
    LinkAnswer answer;
    answer.error = in.as<LinkError>("error");
    copy_bytes(answer.public_key.data(), in.take(public_key_size, "key"));
    if (answer.error == LinkError::ok) {  // an error's offset is 0 as well
        auto capabilities = decode_capabilities(in, **body, reply_fixed);
        if (!capabilities) return Answer{boost::system::in_place_error, capabilities.error()};
        answer.capabilities = *capabilities;
    }
    input = input.subspan(link_header + (*body)->size());
    return Answer{answer};
}

}  // namespace vmcbridge::spice
