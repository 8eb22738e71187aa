#include "tests/bench/relay.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t wide = 32;  // bytes unmasked at a time: the compiler makes vector instructions of it

/// in ^ key to `out`, which may lie before `in` in the same buffer: each step reads all it needs before it writes.
void unmask(std::byte* out, const std::byte* in, std::size_t count, std::uint64_t key) {
    std::array<std::uint64_t, wide / 8> words{};
    for (; count >= wide; count -= wide, in += wide, out += wide) {
        std::memcpy(words.data(), in, wide);
        for (auto& word : words) word ^= key;
        std::memcpy(out, words.data(), wide);
    }
    for (std::size_t at = 0; at < count; ++at) out[at] = in[at] ^ static_cast<std::byte>(key >> (8 * (at % 8)));
}

std::uint64_t rotate_key(std::uint64_t key, std::size_t bytes) {
    const auto shift = static_cast<int>(8 * (bytes % 4));
    return shift == 0 ? key : key >> shift | key << (64 - shift);
}

/// Bytes of the header that `in` begins with, as far as it can be told from the bytes there are.
std::size_t header_size(Bytes in) {
    if (in.size() < 2) return 2;
    const auto small = std::to_integer<unsigned>(in[1] & std::byte{0x7f});
    return 2 + (small == 126 ? 2U : small == 127 ? 8U : 0U) + 4;
}

std::string accept_key(std::string_view head) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const auto at = head.find(name);
    if (at == head.npos) throw Failure{"no key in the upgrade"};
    auto text = std::string{head.substr(at + name.size(), 24)} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 64> base64{};
    const auto count = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return {base64.begin(), base64.begin() + count};
}

}  // namespace

bool FrameDecoder::begin_frame(Bytes& in) {
    const auto size = header_size(in);
    if (in.size() < size) return false;
    left_ = std::to_integer<std::uint64_t>(in[1] & std::byte{0x7f});
    if (left_ > 125) {
        left_ = 0;
        for (const auto byte : in.subspan(2, size - 6)) left_ = left_ << 8 | std::to_integer<std::uint64_t>(byte);
    }
    std::uint32_t key = 0;
    std::memcpy(&key, &in[size - 4], sizeof key);
    key_ = key | std::uint64_t{key} << 32;
    closed_ = closed_ || (in[0] & std::byte{0x0f}) == std::byte{8};
    in = in.subspan(size);
    return true;
}

Bytes FrameDecoder::decode(MutableBytes buffer, std::size_t count) {
    const auto start = headroom - head_size_;
    std::copy_n(head_.begin(), head_size_, buffer.begin() + static_cast<std::ptrdiff_t>(start));
    Bytes in = buffer.subspan(start, head_size_ + count);
    std::byte* const first = buffer.data();
    std::byte* out = first;
    head_size_ = 0;
    while (!in.empty()) {
        if (left_ == 0 && !begin_frame(in)) {
            head_size_ = in.size();
            std::copy_n(in.begin(), head_size_, head_.begin());
            break;
        }
        const auto part = std::min<std::uint64_t>(left_, in.size());
        unmask(out, in.data(), part, key_);
        key_ = rotate_key(key_, part);
        left_ -= part;
        out += part;
        in = in.subspan(part);
    }
    return {first, out};
}

std::size_t put_header_before(MutableBytes buffer, std::size_t end, std::uint64_t payload) {
    const std::size_t extra = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
    const auto start = end - 2 - extra;
    buffer[start] = std::byte{0x82};
    buffer[start + 1] = static_cast<std::byte>(extra == 0 ? payload : extra == 2 ? 126U : 127U);
    for (std::size_t at = 0; at < extra; ++at)
        buffer[start + 2 + at] = static_cast<std::byte>(payload >> (8 * (extra - 1 - at)));
    return start;
}

void accept_upgrade(int client) {
    std::array<char, 4096> buffer{};
    std::size_t size = 0;
    std::string_view head;
    while (!head.ends_with("\r\n\r\n")) {
        if (size == buffer.size()) throw Failure{"an endless upgrade"};
        const auto count = receive_some(client, std::as_writable_bytes(std::span{buffer}.subspan(size)));
        if (count == 0) throw Failure{"no upgrade came"};
        size += count;
        head = {buffer.data(), size};
    }
    const auto answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        accept_key(head) + "\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
    send_all(client, std::as_bytes(std::span{answer}));
}

}  // namespace vmcbridge::bench
