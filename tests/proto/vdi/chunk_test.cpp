#include "proto/vdi/chunk.hpp"

#include "tests/support/hex.hpp"
#include "tests/support/printing.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::vdi {
namespace {

using support::from_hex;

TEST(ChunkReader, ViewsTheInputAndCopiesNothing) {
    const auto bytes = from_hex("01 00 00 00 03 00 00 00 61 62 63");
    ChunkReader chunks;
    Bytes input{bytes};
    const auto slice = *chunks.next(input);
    ASSERT_TRUE(slice);
    EXPECT_EQ(slice->bytes.data(), bytes.data() + 8);
    EXPECT_EQ(slice->bytes.size(), 3U);
    EXPECT_TRUE(input.empty());
    EXPECT_FALSE(*chunks.next(input));
}

TEST(ChunkReader, TellsThePortsApart) {
    const auto bytes = from_hex("00 00 00 00 01 00 00 00 61 02 00 00 00 01 00 00 00 62 01 00 00 00 01 00 00 00 63");
    ChunkReader chunks;
    Bytes input{bytes};
    EXPECT_EQ((*chunks.next(input))->port, ChunkPort::none);
    EXPECT_EQ((*chunks.next(input))->port, ChunkPort::server);
    EXPECT_EQ((*chunks.next(input))->port, ChunkPort::client);
}

TEST(ChunkReader, PassesChunksOfNothing) {
    const auto bytes = from_hex("01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00*8 01 00 00 00 01 00 00 00 61");
    ChunkReader chunks;
    Bytes input{bytes};
    const auto slice = *chunks.next(input);
    ASSERT_TRUE(slice);
    EXPECT_EQ(as_text(slice->bytes), "a");
}

TEST(ChunkReader, RefusesEveryOtherPortAndKeepsRefusing) {
    for (const auto* hex : {"03 00 00 00 00 00 00 00", "00 01 00 00 01 00 00 00", "ff ff ff ff ff ff ff ff"}) {
        ChunkReader chunks;
        const auto bytes = from_hex(hex);
        for (const auto byte : Bytes{bytes}.first(7)) {
            Bytes input{&byte, 1};
            EXPECT_FALSE(*chunks.next(input));
        }
        for (int again = 0; again < 2; ++again) {
            Bytes input = again == 0 ? Bytes{bytes}.last(1) : Bytes{};
            const auto slice = chunks.next(input);
            ASSERT_FALSE(slice);
            EXPECT_EQ(slice.error(), (ParseError{.fault = Fault::bad_port, .field = "port", .offset = 0}));
        }
    }
}

TEST(ChunkReader, ReadsOnAfterResetAsIfNew) {
    ChunkReader chunks;
    const auto half = from_hex("01 00 00 00 05");
    Bytes input{half};
    EXPECT_FALSE(*chunks.next(input));
    chunks.reset();
    const auto whole = from_hex("02 00 00 00 01 00 00 00 61");
    input = whole;
    EXPECT_EQ((*chunks.next(input))->port, ChunkPort::server);
}

TEST(ChunkReader, LargestChunkIsReadInTheReadsThatItCameIn) {
    ChunkReader chunks;
    const auto header = from_hex("01 00 00 00 ff ff ff ff");
    Bytes input{header};
    EXPECT_FALSE(*chunks.next(input));
    const support::ByteVector read(1 << 20);
    std::uint64_t total = 0;
    for (; total < 0xffffffff; total += read.size()) {
        input = read;
        const auto slice = *chunks.next(input);
        ASSERT_TRUE(slice);
        if (!input.empty()) {
            total += slice->bytes.size();
            break;
        }
    }
    EXPECT_EQ(total, 0xffffffff);
    EXPECT_EQ(input.size(), 1U) << "the byte after the chunk's last one is not its own";
}

}  // namespace
}  // namespace vmcbridge::vdi
