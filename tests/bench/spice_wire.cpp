#include "tests/bench/spice_wire.hpp"

#include "tests/bench/guest_wire.hpp"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <spice/protocol.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace vmcbridge::bench {
namespace {

constexpr std::size_t link_header = sizeof(SpiceLinkHeader);
constexpr std::size_t key_at = offsetof(SpiceLinkReply, pub_key);
constexpr std::size_t ticket_size = 128;
constexpr std::size_t mini_header = 6;
constexpr std::uint32_t common_caps = 1U << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION |
                                      1U << SPICE_COMMON_CAP_AUTH_SPICE | 1U << SPICE_COMMON_CAP_MINI_HEADER;
constexpr std::uint32_t main_caps = 1U << SPICE_MAIN_CAP_NAME_AND_UUID | 1U << SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS;

std::vector<std::byte> read_exactly(int fd, std::size_t size) {
    std::vector<std::byte> bytes(size);
    if (!receive_exactly(fd, bytes)) throw Failure{"the server closed the connection while linking"};
    return bytes;
}

std::vector<std::byte> link_request(Wish wish) {
    std::vector<std::byte> out;
    append_u32(out, SPICE_MAGIC);
    append_u32(out, SPICE_VERSION_MAJOR);
    append_u32(out, SPICE_VERSION_MINOR);
    append_u32(out, sizeof(SpiceLinkMess) + 2 * sizeof(std::uint32_t));
    append_u32(out, wish.session);
    out.push_back(std::byte{wish.type});
    out.push_back(std::byte{0});
    append_u32(out, 1);
    append_u32(out, 1);
    append_u32(out, sizeof(SpiceLinkMess));
    append_u32(out, common_caps);
    append_u32(out, main_caps);
    return out;
}

std::vector<std::byte> empty_ticket(Bytes key) {
    const auto* der = reinterpret_cast<const unsigned char*>(key.data());
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key{
        d2i_PUBKEY(nullptr, &der, static_cast<long>(key.size())), EVP_PKEY_free};
    if (!public_key) throw Failure{"the server's key is none"};
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
        EVP_PKEY_CTX_new(public_key.get(), nullptr), EVP_PKEY_CTX_free};
    std::vector<std::byte> ticket(ticket_size);
    std::size_t size = ticket.size();
    const unsigned char password[] = {0};
    if (EVP_PKEY_encrypt_init(context.get()) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) <= 0 ||
        EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(ticket.data()), &size, password,
                         sizeof password) <= 0 ||
        size != ticket_size)
        throw Failure{"the ticket can't be encrypted"};
    return ticket;
}

}  // namespace

void link_main_channel(int fd) {
    ask_for_channel(fd, {});
    log_in(fd);
    expect_in(fd);
}

void ask_for_channel(int fd, Wish wish) { send_all(fd, link_request(wish)); }

void log_in(int fd) {
    const auto header = read_exactly(fd, link_header);
    const auto reply = read_exactly(fd, read_u32(header, link_header - sizeof(std::uint32_t)));
    if (const auto error = read_u32(reply, 0); error != SPICE_LINK_ERR_OK)
        throw Failure{"the server refuses the link: " + std::to_string(error)};
    std::vector<std::byte> answer;
    append_u32(answer, SPICE_COMMON_CAP_AUTH_SPICE);
    const auto ticket = empty_ticket(Bytes{reply}.subspan(key_at, SPICE_TICKET_PUBKEY_BYTES));
    answer.insert(answer.end(), ticket.begin(), ticket.end());
    send_all(fd, answer);
}

void expect_in(int fd) {
    if (const auto error = read_u32(read_exactly(fd, sizeof(std::uint32_t)), 0); error != SPICE_LINK_ERR_OK)
        throw Failure{"the server refuses the ticket: " + std::to_string(error)};
}

void answer_link(int fd, Bytes public_key) {
    const auto header = read_exactly(fd, link_header);
    (void)read_exactly(fd, read_u32(header, link_header - sizeof(std::uint32_t)));
    std::vector<std::byte> out;
    append_u32(out, SPICE_MAGIC);
    append_u32(out, SPICE_VERSION_MAJOR);
    append_u32(out, SPICE_VERSION_MINOR);
    append_u32(out, sizeof(SpiceLinkReply) + 2 * sizeof(std::uint32_t));
    append_u32(out, SPICE_LINK_ERR_OK);
    out.insert(out.end(), public_key.begin(), public_key.end());
    append_u32(out, 1);
    append_u32(out, 1);
    append_u32(out, sizeof(SpiceLinkReply));
    append_u32(out, common_caps);
    append_u32(out, main_caps);
    send_all(fd, out);
}

void let_in(int fd) {
    (void)read_exactly(fd, sizeof(std::uint32_t) + ticket_size);
    std::vector<std::byte> out;
    append_u32(out, SPICE_LINK_ERR_OK);
    send_all(fd, out);
}

std::vector<std::byte> make_public_key() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_RSA_gen(8 * ticket_size), EVP_PKEY_free};
    unsigned char* der = nullptr;
    const auto size = key ? i2d_PUBKEY(key.get(), &der) : 0;
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned{der, [](auto* each) { OPENSSL_free(each); }};
    if (size != SPICE_TICKET_PUBKEY_BYTES) throw Failure{"no key can be made"};
    const auto bytes = std::as_bytes(std::span{der, static_cast<std::size_t>(size)});
    return {bytes.begin(), bytes.end()};
}

Bytes MainReader::peek(std::size_t count) {
    if (count > buffer_.size()) throw Failure{"the server sent a message of " + std::to_string(count) + " bytes"};
    if (begin_ + count > buffer_.size()) {
        std::memmove(buffer_.data(), &buffer_[begin_], end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < count) {
        const auto got = receive_some(fd_, MutableBytes{buffer_}.subspan(end_));
        if (got == 0) throw Failure{"the server closed the connection"};
        end_ += got;
    }
    return Bytes{buffer_}.subspan(begin_, count);
}

MainMessage MainReader::next() {
    if (begin_ == end_) begin_ = end_ = 0;
    const auto header = peek(mini_header);
    const auto type = std::to_integer<unsigned>(header[0]) | std::to_integer<unsigned>(header[1]) << 8U;
    const auto size = read_u32(header, 2);
    const auto whole = peek(mini_header + size);
    begin_ += whole.size();
    return {static_cast<std::uint16_t>(type), whole.subspan(mini_header)};
}

void append_main_message(std::vector<std::byte>& out, std::uint16_t type, Bytes body) {
    out.push_back(static_cast<std::byte>(type));
    out.push_back(static_cast<std::byte>(type >> 8U));
    append_u32(out, static_cast<std::uint32_t>(body.size()));
    out.insert(out.end(), body.begin(), body.end());
}

}  // namespace vmcbridge::bench
