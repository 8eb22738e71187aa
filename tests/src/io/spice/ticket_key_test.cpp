// Keys of links, with OpenSSL's client side at the other end.
#include "src/io/spice/ticket_key.hpp"

#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <set>

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
    const auto key = TicketKey::make();
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
        const auto key = TicketKey::make();
        ASSERT_TRUE(key);
        seen.emplace(key->public_key().begin(), key->public_key().end());
    }
    EXPECT_EQ(seen.size(), 8U);
}

TEST(TicketKey, DecryptsWhatAClientEncrypts) {
    const auto key = TicketKey::make();
    for (const auto& password : {std::string{}, std::string{"secret"}, std::string{"é漢"}, std::string(longest, 'x')})
        EXPECT_EQ(key->decrypt(encrypted(key->public_key(), with_nul(password))), password);
    EXPECT_EQ(key->decrypt(encrypted(key->public_key(), "without one")), "without one");
    EXPECT_EQ(key->decrypt(encrypted(key->public_key(), std::string_view{"a\0b\0", 4})), "a") << "the NUL ends it";
}

TEST(TicketKey, RefusesWhatIsTooLong) {
    const auto key = TicketKey::make();
    EXPECT_FALSE(key->decrypt(encrypted(key->public_key(), with_nul(std::string(longest + 1, 'x')))));
    EXPECT_FALSE(key->decrypt(encrypted(key->public_key(), std::string(86, 'x')))) << "all that OAEP has room for";
}

TEST(TicketKey, RefusesRubbish) {
    const auto key = TicketKey::make();
    const auto other = TicketKey::make();
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

Task<> take(KeyStock& stock, Clock::time_point deadline, std::set<std::vector<std::byte>>& seen) {
    const auto key = co_await stock.take(deadline);
    if (key) seen.emplace(key->public_key().begin(), key->public_key().end());
}

TEST(KeyStock, GivesEachLinkAKeyOfItsOwnAlsoWhereNoneLieReady) {
    test::Loop loop;
    KeyStock stock{loop.context};
    std::set<std::vector<std::byte>> seen;
    constexpr std::size_t wanted = 3 * KeyStock::most;
    for (std::size_t each = 0; each < wanted; ++each)
        loop.tasks.spawn("link", take(stock, Clock::now() + test::patience, seen));
    EXPECT_TRUE(loop.until([&] { return loop.tasks.size() == 0; }));
    EXPECT_EQ(seen.size(), wanted);
}

TEST(KeyStock, WhoHasNoMoreTimeGetsNone) {
    test::Loop loop;
    KeyStock stock{loop.context};
    std::set<std::vector<std::byte>> seen;
    constexpr std::size_t wanted = 8 * KeyStock::most;
    for (std::size_t each = 0; each < wanted; ++each) loop.tasks.spawn("link", take(stock, Clock::now(), seen));
    EXPECT_TRUE(loop.until([&] { return loop.tasks.size() == 0; })) << "nobody is left waiting";
    EXPECT_LT(seen.size(), wanted);
}

TEST(KeyStock, AStoppedContextTakesItsWaitersAlong) {
    auto loop = std::make_unique<test::Loop>();
    KeyStock stock{loop->context};
    std::set<std::vector<std::byte>> seen;
    for (std::size_t each = 0; each < 4 * KeyStock::most; ++each)
        loop->tasks.spawn("link", take(stock, Clock::now() + test::patience, seen));
    loop->stop();
    EXPECT_LT(seen.size(), 4 * KeyStock::most);
}

}  // namespace
}  // namespace vmcbridge::io::spice
