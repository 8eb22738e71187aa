#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"

namespace vmcbridge::browser {

Result<BinaryFrame> decode_binary(Bytes frame) {
    constexpr std::size_t header = sizeof(StreamId);
    if (frame.size() < header) return ParseError{Fault::truncated, "stream", 0};
    if (frame.size() - header > limits::frame_payload) return ParseError{Fault::too_large, "payload", header};
    StreamId stream = 0;
    for (std::size_t i = 0; i < header; ++i) stream |= std::to_integer<StreamId>(frame[i]) << (8 * i);
    return BinaryFrame{.stream = stream, .payload = frame.subspan(header)};
}

std::array<std::byte, 4> encode_stream_id(StreamId stream) noexcept {
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(stream >> (8 * i));
    return bytes;
}

}  // namespace vmcbridge::browser
