#include "src/io/spice/ticket_key.hpp"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

namespace vmcbridge::io::spice {
namespace {

constexpr unsigned key_bits = SPICE_TICKET_KEY_PAIR_LENGTH;

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};

const unsigned char* raw(Bytes bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

std::optional<TicketKey> TicketKey::make() {
    TicketKey made;
    made.key_.reset(EVP_RSA_gen(key_bits));
    if (!made.key_ || i2d_PUBKEY(made.key_.get(), nullptr) != static_cast<int>(made.public_key_.size()))
        return std::nullopt;
    auto* out = reinterpret_cast<unsigned char*>(made.public_key_.data());
    if (i2d_PUBKEY(made.key_.get(), &out) < 0) return std::nullopt;
    return made;
}

std::optional<std::string> TicketKey::decrypt(std::span<const std::byte, ::vmcbridge::spice::ticket_size> ticket) {
    std::array<std::byte, ::vmcbridge::spice::ticket_size> copy{};
    std::ranges::copy(ticket, copy.begin());
    if (taken_.size() >= most_tickets || !taken_.insert(copy).second) return std::nullopt;
    const std::unique_ptr<EVP_PKEY_CTX, FreeContext> context{EVP_PKEY_CTX_new(key_.get(), nullptr)};
    if (!context || EVP_PKEY_decrypt_init(context.get()) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) <= 0)
        return std::nullopt;
    std::array<unsigned char, ::vmcbridge::spice::ticket_size> plain{};
    auto size = plain.size();
    if (EVP_PKEY_decrypt(context.get(), plain.data(), &size, raw(ticket), ticket.size()) <= 0) return std::nullopt;
    const auto* const end = std::find(plain.cbegin(), plain.cbegin() + size, '\0');
    std::string password(plain.cbegin(), end);
    OPENSSL_cleanse(plain.data(), plain.size());
    if (password.size() > ::vmcbridge::spice::password_size) return std::nullopt;
    return password;
}

std::optional<std::array<std::byte, ::vmcbridge::spice::ticket_size>> encrypt_ticket(Bytes public_key,
                                                                                     const std::string& password) {
    const auto* der = raw(public_key);
    const std::unique_ptr<EVP_PKEY, FreeKey> key{d2i_PUBKEY(nullptr, &der, static_cast<long>(public_key.size()))};
    if (!key) return std::nullopt;
    const std::unique_ptr<EVP_PKEY_CTX, FreeContext> context{EVP_PKEY_CTX_new(key.get(), nullptr)};
    std::array<std::byte, ::vmcbridge::spice::ticket_size> ticket{};
    auto size = ticket.size();
    const bool done =
        context && EVP_PKEY_encrypt_init(context.get()) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) > 0 &&
        EVP_PKEY_encrypt(context.get(), nullptr, &size, nullptr, password.size() + 1) > 0 && size == ticket.size() &&
        EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(ticket.data()), &size,
                         reinterpret_cast<const unsigned char*>(password.c_str()), password.size() + 1) > 0;
    return done && size == ticket.size() ? std::optional{ticket} : std::nullopt;
}

KeyStock::KeyStock() {
    if (auto first = TicketKey::make()) keys_.push_back(std::make_shared<TicketKey>(std::move(*first)));
    if (!keys_.empty()) maker_ = std::thread{[this] { make_keys(); }};
}

KeyStock::~KeyStock() {
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
    }
    wanted_.notify_one();
    if (maker_.joinable()) maker_.join();
}

void KeyStock::make_keys() {
    std::unique_lock lock{mutex_};
    for (;;) {
        wanted_.wait(lock, [this] { return stopping_ || keys_.size() < most; });
        if (stopping_) return;
        lock.unlock();
        auto key = TicketKey::make();
        lock.lock();
        if (!key) return;  // this library will not make the next one either
        if (std::exchange(shared_, false)) keys_.pop_front();
        keys_.push_back(std::make_shared<TicketKey>(std::move(*key)));
    }
}

std::size_t KeyStock::size() {
    const std::scoped_lock lock{mutex_};
    return keys_.size();
}

std::shared_ptr<TicketKey> KeyStock::take() {
    const std::scoped_lock lock{mutex_};
    if (keys_.empty()) return nullptr;
    auto key = keys_.front();
    if (keys_.size() == 1)
        shared_ = true;
    else
        keys_.pop_front();
    wanted_.notify_one();
    return key;
}

}  // namespace vmcbridge::io::spice
