// Keys of links, with OpenSSL's client side at the other end.
#include "src/io/spice/ticket_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace vmcbridge::io::spice {
namespace {

using namespace std::chrono_literals;
using Ticket = std::array<std::byte, ::vmcbridge::spice::ticket_size>;

constexpr std::size_t longest = ::vmcbridge::spice::password_size;

struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// What a client makes of the DER that it got.
Key parsed(Bytes der) {
    const void* bytes = der.data();
    const auto* at = static_cast<const unsigned char*>(bytes);
    Key key{d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()))};
    EXPECT_EQ(at - static_cast<const unsigned char*>(bytes), static_cast<std::ptrdiff_t>(der.size()));
    return key;
}

/// `plain` as a client encrypts it: all of its bytes, NUL and all.
Ticket encrypted(Bytes der, std::string_view plain, int padding = RSA_PKCS1_OAEP_PADDING) {
    const auto key = parsed(der);
    const std::unique_ptr<EVP_PKEY_CTX, Free> context{EVP_PKEY_CTX_new(key.get(), nullptr)};
    EXPECT_EQ(EVP_PKEY_encrypt_init(context.get()), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding), 1);
    Ticket ticket{};
    auto size = ticket.size();
    void* out = ticket.data();
    const void* in = plain.data();
    EXPECT_EQ(EVP_PKEY_encrypt(context.get(), static_cast<unsigned char*>(out), &size,
                               static_cast<const unsigned char*>(in), plain.size()),
              1);
    EXPECT_EQ(size, ticket.size());
    return ticket;
}

std::string with_nul(std::string text) { return text += '\0'; }

TEST(TicketKey, IsAnRsaKeyOf1024BitsIn162BytesOfDer) {
    auto key = TicketKey::make();
    ASSERT_TRUE(key);
    EXPECT_EQ(key->public_key().size(), 162U);
    const auto read = parsed(key->public_key());
    ASSERT_TRUE(read);
    EXPECT_EQ(EVP_PKEY_get_base_id(read.get()), EVP_PKEY_RSA);
    EXPECT_EQ(EVP_PKEY_get_bits(read.get()), 1024);
}

TEST(TicketKey, EachIsAnother) {
    std::set<std::vector<std::byte>> seen;
    for (int each = 0; each < 8; ++each) {
        auto key = TicketKey::make();
        ASSERT_TRUE(key);
        seen.emplace(key->public_key().begin(), key->public_key().end());
    }
    EXPECT_EQ(seen.size(), 8U);
}

TEST(TicketKey, DecryptsWhatAClientEncrypts) {
    auto key = TicketKey::make();
    for (const auto& password : {std::string{}, std::string{"secret"}, std::string{"é漢"}, std::string(longest, 'x')})
        EXPECT_EQ(key->decrypt(encrypted(key->public_key(), with_nul(password))), password);
    EXPECT_EQ(key->decrypt(encrypted(key->public_key(), "without one")), "without one");
    EXPECT_EQ(key->decrypt(encrypted(key->public_key(), std::string_view{"a\0b\0", 4})), "a") << "the NUL ends it";
}

TEST(TicketKey, RefusesWhatIsTooLong) {
    auto key = TicketKey::make();
    EXPECT_FALSE(key->decrypt(encrypted(key->public_key(), with_nul(std::string(longest + 1, 'x')))));
    EXPECT_FALSE(key->decrypt(encrypted(key->public_key(), std::string(86, 'x')))) << "all that OAEP has room for";
}

TEST(TicketKey, RefusesRubbish) {
    auto key = TicketKey::make();
    auto other = TicketKey::make();
    Ticket zero{};
    EXPECT_FALSE(key->decrypt(zero));
    Ticket ones;
    ones.fill(std::byte{0xff});
    EXPECT_FALSE(key->decrypt(ones)) << "no number below the modulus";
    const auto whole = encrypted(key->public_key(), with_nul("secret"));
    EXPECT_FALSE(other->decrypt(whole)) << "another key";
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto changed = whole;
        changed.at(at) ^= std::byte{1};
        EXPECT_FALSE(key->decrypt(changed)) << at;
    }
    EXPECT_FALSE(key->decrypt(encrypted(key->public_key(), "secret", RSA_PKCS1_PADDING))) << "another padding";
}

TEST(TicketKey, TakesATicketOnce) {
    auto key = TicketKey::make();
    ASSERT_TRUE(key);
    const auto ticket = encrypted(key->public_key(), with_nul("secret"));
    EXPECT_EQ(key->decrypt(ticket), "secret");
    EXPECT_EQ(key->decrypt(ticket), std::nullopt);
    EXPECT_EQ(key->decrypt(encrypted(key->public_key(), with_nul("secret"))), "secret");
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
