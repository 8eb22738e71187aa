#include "proto/spice/link.hpp"

#include "tests/proto/spice/vectors.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::spice {
namespace {

using support::ByteVector;
using support::copy_of;
using support::spice_vectors;
using support::to_hex;

TEST(SpiceLink, OfEveryVectorIsReadAndLeavesWhatFollows) {
    for (const auto& vector : spice_vectors("links")) {
        SCOPED_TRACE(vector.name);
        auto bytes = vector.bytes;
        bytes.push_back(std::byte{0x77});
        Bytes input{bytes};
        const auto request = take_link_request(input);
        ASSERT_TRUE(request);
        ASSERT_TRUE(*request);
        EXPECT_EQ((*request)->connection, vector.number("connection"));
        EXPECT_EQ((*request)->type, static_cast<ChannelType>(vector.number("type")));
        EXPECT_EQ((*request)->id, vector.number("id"));
        EXPECT_EQ((*request)->capabilities.common, vector.number("common"));
        EXPECT_EQ((*request)->capabilities.channel, vector.number("channel"));
        EXPECT_EQ(input.size(), 1U);
    }
}

TEST(SpiceLink, EveryPrefixTakesMoreBytes) {
    for (const auto& vector : spice_vectors("links"))
        for (std::size_t size = 0; size < vector.bytes.size(); ++size) {
            const auto prefix = copy_of(Bytes{vector.bytes}.first(size));
            Bytes input{prefix};
            const auto request = take_link_request(input);
            ASSERT_TRUE(request) << vector.name << ' ' << size;
            EXPECT_FALSE(*request);
            EXPECT_EQ(input.size(), size) << "nothing is taken";
        }
}

TEST(SpiceLink, BadOnesAreNamedAsSpiceServerNamesThem) {
    for (const auto& vector : spice_vectors("badLinks")) {
        SCOPED_TRACE(vector.name);
        Bytes input{vector.bytes};
        const auto request = take_link_request(input);
        ASSERT_FALSE(request);
        EXPECT_EQ(name(request.error()), vector.error);
    }
}

TEST(SpiceLink, RepliesAreWrittenAsTheVectors) {
    for (const auto& vector : spice_vectors("replies")) {
        SCOPED_TRACE(vector.name);
        const auto key = support::from_hex(vector.string("key"));
        const auto error = vector.string("error") == "ok" ? LinkError::ok : LinkError::version_mismatch;
        const Capabilities capabilities{.common = static_cast<std::uint32_t>(vector.number("common")),
                                        .channel = static_cast<std::uint32_t>(vector.number("channel"))};
        const auto reply = encode_link_reply({.error = error, .public_key = key, .capabilities = capabilities});
        EXPECT_EQ(to_hex(reply), to_hex(vector.bytes));
        EXPECT_LE(reply.size(), 16U + 200U) << "PureSpice takes no more";
    }
}

TEST(SpiceLink, RepliesAreReadByTheOtherSideFromAnyPrefixOn) {
    for (const auto& vector : spice_vectors("replies")) {
        SCOPED_TRACE(vector.name);
        for (std::size_t size = 0; size < vector.bytes.size(); ++size) {
            const auto prefix = copy_of(Bytes{vector.bytes}.first(size));
            Bytes input{prefix};
            const auto answer = take_link_reply(input);
            ASSERT_TRUE(answer) << size;
            EXPECT_FALSE(*answer);
        }
        Bytes input{vector.bytes};
        const auto answer = take_link_reply(input);
        ASSERT_TRUE(answer);
        ASSERT_TRUE(*answer);
        EXPECT_TRUE(input.empty());
        EXPECT_EQ(name((*answer)->error), vector.string("error"));
        EXPECT_EQ((*answer)->capabilities.common, vector.number("common"));
        EXPECT_EQ((*answer)->capabilities.channel, vector.number("channel"));
        const auto key = support::from_hex(vector.string("key"));
        EXPECT_TRUE(key.empty() || std::ranges::equal((*answer)->public_key, key));
    }
}

TEST(SpiceLink, RepliesThatLieAreRefused) {
    using support::from_hex;
    for (const auto* hex :
         {"52 45 44 51 02 00 00 00 02 00 00 00 b1 00 00 00", "52 45 44 51 02 00 00 00 02 00 00 00 ff ff ff ff",
          "52 45 44 51 03 00 00 00 02 00 00 00 ba 00 00 00", "48 54 54 50"}) {
        const auto bytes = from_hex(hex);
        Bytes input{bytes};
        EXPECT_FALSE(take_link_reply(input)) << hex;
    }
    auto lying = spice_vectors("replies").front().bytes;
    store_le(lying.data() + 16 + 4 + public_key_size, std::uint32_t{0xffffffff});  // common words
    Bytes input{lying};
    EXPECT_FALSE(take_link_reply(input));
}

TEST(SpiceLink, OursAsAClientIsReadAsItWasWritten) {
    const LinkRequest ours{
        .connection = 7, .type = ChannelType::display, .id = 2, .capabilities = {.common = 11, .channel = 6}};
    const auto bytes = encode_link_request(ours);
    Bytes input{bytes};
    const auto request = take_link_request(input);
    ASSERT_TRUE(request);
    EXPECT_EQ(*request, std::optional{ours});
}

TEST(SpiceLink, EveryErrorHasANameOfItsOwn) {
    for (std::uint32_t number = 0; number < SPICE_LINK_ERR_ENUM_END; ++number)
        EXPECT_NE(name(static_cast<LinkError>(number)), "unknown") << number;
    EXPECT_EQ(name(static_cast<LinkError>(SPICE_LINK_ERR_ENUM_END)), "unknown");
}

}  // namespace
}  // namespace vmcbridge::spice
