#include "src/io/spice/ticket_key.hpp"

#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vmcbridge::io::spice {
namespace {

using Ticket = std::array<std::byte, ::vmcbridge::spice::ticket_size>;

/// What a client sends for this password, its NUL included.
Ticket ticket_for(const TicketKey& key, std::string_view password) {
    const auto* der = reinterpret_cast<const unsigned char*>(key.public_key().data());
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> peer{
        d2i_PUBKEY(nullptr, &der, static_cast<long>(key.public_key().size())), EVP_PKEY_free};
    const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context{EVP_PKEY_CTX_new(peer.get(), nullptr),
                                                                         EVP_PKEY_CTX_free};
    EXPECT_GT(EVP_PKEY_encrypt_init(context.get()), 0);
    EXPECT_GT(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING), 0);
    const std::string plain = std::string{password} + '\0';
    Ticket ticket{};
    auto size = ticket.size();
    EXPECT_GT(EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(ticket.data()), &size,
                               reinterpret_cast<const unsigned char*>(plain.data()), plain.size()),
              0);
    return ticket;
}

TEST(TicketKey, GivesThePasswordOfATicket) {
    auto key = TicketKey::make();
    ASSERT_TRUE(key);
    EXPECT_EQ(key->decrypt(ticket_for(*key, "")), "");
    const std::string longest(::vmcbridge::spice::password_size, 'x');
    EXPECT_EQ(key->decrypt(ticket_for(*key, longest)), longest);
    EXPECT_EQ(key->decrypt(ticket_for(*key, longest + 'x')), std::nullopt);
}

TEST(TicketKey, RefusesATicketForAnotherKey) {
    auto key = TicketKey::make();
    const auto other = TicketKey::make();
    ASSERT_TRUE(key && other);
    EXPECT_EQ(key->decrypt(ticket_for(*other, "secret")), std::nullopt);
}

TEST(TicketKey, TakesATicketOnce) {
    auto key = TicketKey::make();
    ASSERT_TRUE(key);
    const auto ticket = ticket_for(*key, "secret");
    EXPECT_EQ(key->decrypt(ticket), "secret");
    EXPECT_EQ(key->decrypt(ticket), std::nullopt);
    EXPECT_EQ(key->decrypt(ticket_for(*key, "secret")), "secret");
}

TEST(KeyStock, GivesAKeyToEachOfManyLinksAtOnce) {
    KeyStock stock;
    const auto start = std::chrono::steady_clock::now();
    for (int link = 0; link < 1000; ++link) ASSERT_NE(stock.take(), nullptr);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{500});
}

TEST(KeyStock, GivesLinksThatComeSlowlyKeysOfTheirOwn) {
    KeyStock stock;
    std::vector<std::shared_ptr<TicketKey>> keys;
    for (int link = 0; link < 8; ++link) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (stock.size() < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        keys.push_back(stock.take());
    }
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

}  // namespace
}  // namespace vmcbridge::io::spice
