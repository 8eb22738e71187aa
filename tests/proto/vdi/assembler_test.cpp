#include "proto/vdi/assembler.hpp"

#include "proto/agent/codec.hpp"
#include "proto/agent/header.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/printing.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::vdi {
namespace {

using support::ByteVector;
using support::from_hex;

constexpr agent::Dialect full{.selection = true, .grab_serial = true};

/// A message's header that says `size`, and so much of a body.
ByteVector message(AgentType type, std::uint32_t size, std::size_t body, std::uint32_t protocol = VD_AGENT_PROTOCOL) {
    ByteVector bytes(limits::agent_header);
    agent::store(bytes.data(), agent::MessageHeader{.protocol = protocol, .type = type, .size = size});
    for (std::size_t i = 0; i < body; ++i) bytes.push_back(static_cast<std::byte>(i));
    return bytes;
}

template <class Event>
Event expect_event(Assembler& assembler, Bytes& slice, agent::Dialect dialect = full) {
    auto event = assembler.next(slice, dialect);
    if (!event || !*event || !std::holds_alternative<Event>(**event)) {
        ADD_FAILURE() << "another event, or none: " << (event ? "" : to_text(event.error()));
        return Event{};
    }
    return std::get<Event>(**event);
}

TEST(Assembler, ViewsABodyThatLiesInOneSlice) {
    const auto bytes = message(AgentType::reply, 8, 8);
    Assembler assembler;
    Bytes slice{bytes};
    const auto whole = expect_event<WholeMessage>(assembler, slice);
    EXPECT_EQ(whole.type, AgentType::reply);
    EXPECT_EQ(whole.body.data(), bytes.data() + limits::agent_header);
    EXPECT_EQ(whole.body.size(), 8U);
    EXPECT_FALSE(assembler.is_amid_message());
}

TEST(Assembler, ViewsABodyAlsoWhenItsHeaderCameBefore) {
    const auto bytes = message(AgentType::reply, 8, 8);
    Assembler assembler;
    Bytes header = Bytes{bytes}.first(limits::agent_header);
    EXPECT_FALSE(*assembler.next(header, full));
    EXPECT_TRUE(assembler.is_amid_message());
    Bytes body = Bytes{bytes}.subspan(limits::agent_header);
    EXPECT_EQ(expect_event<WholeMessage>(assembler, body).body.data(), bytes.data() + limits::agent_header);
}

TEST(Assembler, PutsABodyTogetherThatSpansSlices) {
    const auto bytes = message(AgentType::monitors_config, 28, 28);
    Assembler assembler;
    for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
        Bytes slice{&bytes[at], 1};
        ASSERT_FALSE(*assembler.next(slice, full));
        ASSERT_TRUE(assembler.is_amid_message());
    }
    Bytes last{&bytes.back(), 1};
    const auto whole = expect_event<WholeMessage>(assembler, last);
    EXPECT_EQ(support::to_hex(whole.body), support::to_hex(Bytes{bytes}.subspan(limits::agent_header)));
}

TEST(Assembler, EmptyBodyIsAMessageAtOnce) {
    const auto bytes = message(AgentType::client_disconnected, 0, 0);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_TRUE(expect_event<WholeMessage>(assembler, slice).body.empty());
    EXPECT_FALSE(assembler.is_amid_message());
}

TEST(Assembler, BulkPassesAsViewsAfterItsPrefix) {
    const auto bytes = message(AgentType::clipboard, 108, 108);
    Assembler assembler;
    Bytes slice = Bytes{bytes}.first(60);
    const auto begin = expect_event<BulkBegin>(assembler, slice);
    EXPECT_EQ(begin.type, AgentType::clipboard);
    EXPECT_EQ(begin.prefix.size(), 8U);
    EXPECT_EQ(begin.size, 100U);

    const auto first = expect_event<BulkSlice>(assembler, slice);
    EXPECT_EQ(first.bytes.data(), bytes.data() + 28);
    EXPECT_EQ(first.bytes.size(), 32U);
    EXPECT_EQ(first.left, 68U);
    EXPECT_FALSE(*assembler.next(slice, full));
    EXPECT_TRUE(assembler.is_amid_message());

    slice = Bytes{bytes}.subspan(60);
    EXPECT_EQ(expect_event<BulkSlice>(assembler, slice).left, 0U);
    EXPECT_FALSE(assembler.is_amid_message());
}

TEST(Assembler, BulkPrefixMayBeCutAnywhere) {
    const auto bytes = message(AgentType::file_xfer_data, 13, 13);
    for (std::size_t cut = limits::agent_header; cut < bytes.size(); ++cut) {
        Assembler assembler;
        Bytes before = Bytes{bytes}.first(cut);
        Bytes after = Bytes{bytes}.subspan(cut);
        const bool early = cut >= limits::agent_header + 12;
        if (!early) {
            ASSERT_FALSE(*assembler.next(before, full));
        }
        const auto begin = expect_event<BulkBegin>(assembler, early ? before : after);
        EXPECT_EQ(support::to_hex(begin.prefix), "00 01 02 03 04 05 06 07 08 09 0a 0b");
        EXPECT_EQ(begin.size, 1U);
        EXPECT_EQ(expect_event<BulkSlice>(assembler, after).bytes[0], std::byte{12});
    }
}

TEST(Assembler, BulkOfNothingIsOverWithItsBegin) {
    const auto bytes = message(AgentType::clipboard, 8, 8);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_EQ(expect_event<BulkBegin>(assembler, slice).size, 0U);
    EXPECT_FALSE(assembler.is_amid_message());
    EXPECT_FALSE(*assembler.next(slice, full));
}

TEST(Assembler, BulkShorterThanItsPrefixComesWhole) {
    const auto bytes = message(AgentType::clipboard, 5, 5);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_EQ(expect_event<WholeMessage>(assembler, slice).body.size(), 5U);
    slice = bytes;
    EXPECT_EQ(expect_event<BulkBegin>(assembler, slice, {}).size, 1U) << "without selections the prefix is 4 bytes";
}

TEST(Assembler, DialectIsThatOfTheHeadersEnd) {
    const auto bytes = message(AgentType::clipboard, 20, 20);
    Assembler assembler;
    Bytes slice = Bytes{bytes}.first(limits::agent_header + 2);
    ASSERT_FALSE(*assembler.next(slice, full));
    slice = Bytes{bytes}.subspan(limits::agent_header + 2);
    EXPECT_EQ(expect_event<BulkBegin>(assembler, slice, {}).prefix.size(), 8U);
    EXPECT_EQ(expect_event<BulkSlice>(assembler, slice, {}).left, 0U);
    slice = bytes;
    EXPECT_EQ(expect_event<BulkBegin>(assembler, slice, {}).prefix.size(), 4U) << "the next message";
}

TEST(Assembler, UnknownTypeIsSkippedUpToItsLimit) {
    const auto size = static_cast<std::uint32_t>(limits::unknown_body);
    const auto bytes = message(AgentType{99}, size, 10);
    const ByteVector rest(limits::unknown_body - 10);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_FALSE(*assembler.next(slice, full));
    slice = rest;
    const auto skipped = expect_event<SkippedMessage>(assembler, slice);
    EXPECT_EQ(skipped.type, AgentType{99});
    EXPECT_EQ(skipped.size, limits::unknown_body);

    const auto over = message(AgentType{99}, size + 1, 0);
    slice = over;
    EXPECT_EQ(assembler.next(slice, full).error().fault, Fault::too_large);
}

TEST(Assembler, UnknownTypeWithoutABodyIsSkippedAtOnce) {
    const auto bytes = message(AgentType{0}, 0, 0);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_EQ(expect_event<SkippedMessage>(assembler, slice).size, 0U);
}

TEST(Assembler, EveryTypeIsRefusedAtItsHeaderWhenItsBodyIsOverTheCap) {
    for (const auto& row : agent::codecs()) {
        if (row.bulk) continue;
        SCOPED_TRACE(row.name);
        for (const auto size : {row.max_body + 1, std::size_t{0xffffffff}}) {
            const auto bytes = message(row.type, static_cast<std::uint32_t>(size), 0);
            Assembler assembler;
            Bytes slice{bytes};
            const auto event = assembler.next(slice, full);
            ASSERT_FALSE(event);
            EXPECT_EQ(event.error(), (ParseError{.fault = Fault::too_large, .field = "size", .offset = 16}));
        }
        const auto bytes = message(row.type, static_cast<std::uint32_t>(row.max_body), row.max_body);
        Assembler assembler;
        Bytes slice{bytes};
        EXPECT_EQ(expect_event<WholeMessage>(assembler, slice).body.size(), row.max_body);
    }
}

TEST(Assembler, EveryProtocolButOneIsRefused) {
    for (const std::uint32_t protocol : {0U, 2U, 0x01000000U, 0xffffffffU}) {
        const auto bytes = message(AgentType::reply, 8, 8, protocol);
        Assembler assembler;
        Bytes slice{bytes};
        const auto event = assembler.next(slice, full);
        ASSERT_FALSE(event);
        EXPECT_EQ(event.error(), (ParseError{.fault = Fault::bad_protocol, .field = "protocol", .offset = 0}));
    }
}

TEST(Assembler, LargestBulkPassesWithoutBeingKept) {
    const auto bytes = message(AgentType::clipboard, 0xffffffff, 8);
    Assembler assembler;
    Bytes slice{bytes};
    EXPECT_EQ(expect_event<BulkBegin>(assembler, slice).size, 0xffffffffU - 8);
    const ByteVector read(1 << 20);
    std::size_t left = 0;
    do {
        slice = read;
        left = expect_event<BulkSlice>(assembler, slice).left;
    } while (left > 0 && !testing::Test::HasFailure());
    EXPECT_EQ(slice.size(), 9U) << "2^32 - 9 bytes were the message's";
    EXPECT_FALSE(assembler.is_amid_message());
}

TEST(Assembler, ReadsOnAfterResetAsIfNew) {
    const auto bytes = message(AgentType::clipboard, 1000, 100);
    Assembler assembler;
    Bytes slice{bytes};
    (void)expect_event<BulkBegin>(assembler, slice);
    assembler.reset();
    EXPECT_FALSE(assembler.is_amid_message());
    const auto next = message(AgentType::reply, 8, 8);
    slice = next;
    EXPECT_EQ(expect_event<WholeMessage>(assembler, slice).body.size(), 8U);
}

}  // namespace
}  // namespace vmcbridge::vdi
