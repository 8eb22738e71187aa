#include "proto/vdi/fragmenter.hpp"

#include "proto/agent/header.hpp"
#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace vmcbridge::vdi {
namespace {

using support::ByteVector;

ByteVector some_bytes(std::size_t size, unsigned seed = 0) {
    ByteVector bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + seed);
    return bytes;
}

/// One message, through pieces of the body and buffers of these sizes.
ByteVector written(AgentType type, Bytes body, std::size_t piece, std::size_t room) {
    ByteVector out;
    ByteVector buffer(room);
    Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, type, static_cast<std::uint32_t>(body.size()));
    do {
        Bytes part = body.first(std::min(piece, body.size()));
        body = body.subspan(part.size());
        do {
            MutableBytes left{buffer};
            fragmenter.write(left, part);
            out.insert(out.end(), buffer.begin(), buffer.end() - static_cast<std::ptrdiff_t>(left.size()));
        } while (!part.empty());
    } while (!fragmenter.is_idle());
    EXPECT_TRUE(body.empty());
    EXPECT_EQ(fragmenter.body_left(), 0U);
    return out;
}

/// Sizes of the chunks in `bytes`.
std::vector<std::size_t> chunk_sizes(Bytes bytes) {
    std::vector<std::size_t> sizes;
    while (!bytes.empty()) {
        sizes.push_back(agent::load_chunk_header(bytes.data()).size);
        bytes = bytes.subspan(limits::chunk_header + sizes.back());
    }
    return sizes;
}

TEST(Fragmenter, CutsAtTheChunkLimitAndNowhereElse) {
    constexpr std::size_t first = limits::chunk_to_guest - limits::agent_header;
    using Sizes = std::vector<std::size_t>;
    const auto sizes = [](std::size_t body) {
        return chunk_sizes(written(AgentType::clipboard, some_bytes(body), body + 1, 1 << 20));
    };
    EXPECT_EQ(sizes(0), (Sizes{20}));
    EXPECT_EQ(sizes(1), (Sizes{21}));
    EXPECT_EQ(sizes(first), (Sizes{2048}));
    EXPECT_EQ(sizes(first + 1), (Sizes{2048, 1}));
    EXPECT_EQ(sizes(first + 2048), (Sizes{2048, 2048}));
    EXPECT_EQ(sizes(first + 2049), (Sizes{2048, 2048, 1}));
    EXPECT_EQ(sizes(12 + 65536).size(), 33U);
    EXPECT_EQ(sizes(12 + 65536).back(), 32U);
}

TEST(Fragmenter, WritesTheSameWhateverThePiecesAndBuffers) {
    const auto body = some_bytes(5000);
    const auto expected = support::to_hex(written(AgentType::clipboard, body, body.size(), 1 << 16));
    for (const std::size_t piece : {1U, 2U, 7U, 2028U, 2029U, 2048U, 4999U, 5000U})
        for (const std::size_t room : {28U, 29U, 36U, 100U, 2055U, 2056U, 2057U, 4096U, 65536U})
            ASSERT_EQ(support::to_hex(written(AgentType::clipboard, body, piece, room)), expected)
                << "pieces of " << piece << ", room of " << room;
}

TEST(Fragmenter, HeaderIsWrittenWholeOrNotAtAll) {
    const auto body = some_bytes(3000);
    Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, AgentType::clipboard, 3000);
    std::array<std::byte, 4096> buffer{};
    Bytes left{body};
    MutableBytes room = MutableBytes{buffer}.first(27);
    fragmenter.write(room, left);
    EXPECT_EQ(room.size(), 27U) << "28 bytes of headers don't fit";

    room = MutableBytes{buffer}.first(2056 + 7);
    fragmenter.write(room, left);
    EXPECT_EQ(room.size(), 7U) << "the second chunk's header doesn't fit";
    EXPECT_EQ(fragmenter.body_left(), 3000U - 2028U);
}

TEST(Fragmenter, OpensNoFurtherChunkBeforeThereIsSomethingToPutInIt) {
    const auto body = some_bytes(2028);
    Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, AgentType::clipboard, 3000);
    std::array<std::byte, 4096> buffer{};
    MutableBytes room{buffer};
    Bytes left{body};
    fragmenter.write(room, left);
    EXPECT_EQ(room.size(), buffer.size() - 2056);
    EXPECT_FALSE(fragmenter.is_idle());
    fragmenter.write(room, left);
    EXPECT_EQ(room.size(), buffer.size() - 2056);
}

TEST(Fragmenter, LeavesWhatIsNotTheMessages) {
    const auto body = some_bytes(100);
    Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::server, AgentType::reply, 60);
    std::array<std::byte, 4096> buffer{};
    MutableBytes room{buffer};
    Bytes left{body};
    fragmenter.write(room, left);
    EXPECT_TRUE(fragmenter.is_idle());
    EXPECT_EQ(left.size(), 40U);
    fragmenter.write(room, left);
    EXPECT_EQ(left.size(), 40U) << "idle: nothing is written";
    EXPECT_EQ(room.size(), buffer.size() - 88);
}

TEST(Fragmenter, BeginsAnewAfterReset) {
    Fragmenter fragmenter;
    fragmenter.begin(ChunkPort::client, AgentType::clipboard, 10);
    EXPECT_FALSE(fragmenter.is_idle());
    fragmenter.reset();
    EXPECT_TRUE(fragmenter.is_idle());
    EXPECT_EQ(fragmenter.body_left(), 0U);
}

// ---- Fragmenter, ChunkReader, Assembler: the mirror ---------------------------------------------------------------

struct Message {
    ChunkPort port{};
    AgentType type{};
    ByteVector body;
    bool operator==(const Message&) const = default;
};

/// Whatever comes, message by message.
class Receiver {
public:
    void read(Bytes input) {
        while (auto slice = *chunks_.next(input)) {
            auto& port = ports_.at(static_cast<std::size_t>(slice->port));
            while (auto event = *port.assembler.next(slice->bytes, dialect_)) take(slice->port, port, *event);
        }
    }
    [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }

private:
    struct Port {
        Assembler assembler;
        Message bulk;
    };

    void take(ChunkPort number, Port& port, const PortEvent& event) {
        if (const auto* whole = std::get_if<WholeMessage>(&event)) {
            messages_.push_back({number, whole->type, support::copy_of(whole->body)});
        } else if (const auto* begin = std::get_if<BulkBegin>(&event)) {
            port.bulk = {number, begin->type, support::copy_of(begin->prefix)};
            if (begin->size == 0) messages_.push_back(port.bulk);
        } else if (const auto* slice = std::get_if<BulkSlice>(&event)) {
            port.bulk.body.insert(port.bulk.body.end(), slice->bytes.begin(), slice->bytes.end());
            if (slice->left == 0) messages_.push_back(port.bulk);
        }
    }

    agent::Dialect dialect_{.selection = true, .grab_serial = true};
    ChunkReader chunks_;
    std::array<Port, 3> ports_;
    std::vector<Message> messages_;
};

TEST(FragmenterAndAssembler, WhatIsWrittenIsReadWhateverTheSizesAndCuts) {
    std::mt19937 random{3};
    const auto pick = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>{0, most}(random); };
    constexpr std::array types{AgentType::clipboard, AgentType::file_xfer_data, AgentType::monitors_config,
                               AgentType::file_xfer_start, AgentType::client_disconnected};
    for (int round = 0; round < 400; ++round) {
        std::vector<Message> sent;
        ByteVector wire;
        for (std::size_t count = 1 + pick(4); count > 0; --count) {
            const auto type = types.at(pick(types.size() - 1));
            const bool bulk = type == AgentType::clipboard || type == AgentType::file_xfer_data;
            const auto most = bulk ? 20'000 : type == AgentType::client_disconnected ? 0 : 4096;
            sent.push_back(
                {ChunkPort::client, type, some_bytes(pick(static_cast<std::size_t>(most)), pick(255) & 0xff)});
            const auto bytes = written(type, sent.back().body, 1 + pick(3000), 28 + pick(5000));
            wire.insert(wire.end(), bytes.begin(), bytes.end());
        }
        Receiver receiver;
        for (Bytes left{wire}; !left.empty();) {
            const auto read = left.first(std::min(left.size(), 1 + pick(round % 2 == 0 ? 50 : 9000)));
            receiver.read(support::copy_of(read));
            left = left.subspan(read.size());
        }
        ASSERT_EQ(receiver.messages().size(), sent.size()) << "round " << round;
        for (std::size_t i = 0; i < sent.size(); ++i)
            ASSERT_TRUE(receiver.messages()[i] == sent[i]) << "round " << round << ", message " << i;
        for (const auto size : chunk_sizes(wire)) ASSERT_LE(size, limits::chunk_to_guest);
    }
}

}  // namespace
}  // namespace vmcbridge::vdi
