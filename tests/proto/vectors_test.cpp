// Every vector of tests/vectors against the whole way: bytes -> chunks -> messages -> values, and back.
#include "tests/support/vectors.hpp"

#include "proto/agent/codec.hpp"
#include "proto/vdi/fragmenter.hpp"
#include "tests/support/describe.hpp"
#include "tests/support/port_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge {
namespace {

using support::ByteVector;
using support::MessageVector;
using support::PortLog;
using support::StreamVector;

/// Body lengths that are whole messages by the specification although more of the vector's body follows.
bool is_whole(AgentType type, agent::Dialect dialect, std::size_t length) {
    const std::size_t selection = dialect.selection ? 4 : 0;
    const std::size_t serial = dialect.grab_serial ? 4 : 0;
    switch (type) {
        case AgentType::clipboard: return length >= selection + 4;                     // data ends where the body ends
        case AgentType::announce_capabilities: return length >= 4 && length % 4 == 0;  // any number of words
        case AgentType::clipboard_grab:
            return length >= selection + serial && length % 4 == 0;            // any number of formats
        case AgentType::clipboard_request: return length == 4;                 // without the selection: PureSpice
        case AgentType::clipboard_release: return length == 0 || length == 1;  // vdagentd's forms
        case AgentType::file_xfer_start: return length >= 4;                   // the NUL may be missing
        case AgentType::file_xfer_status: return length >= 8;                  // a detail cut short counts as none
        default: return false;
    }
}

/// Types whose last field takes any bytes that follow.
bool takes_more(AgentType type) {
    return type == AgentType::clipboard || type == AgentType::file_xfer_start || type == AgentType::file_xfer_status;
}

class MessageVectors : public testing::TestWithParam<MessageVector> {};
INSTANTIATE_TEST_SUITE_P(All, MessageVectors, testing::ValuesIn(support::message_vectors()),
                         support::test_name<testing::TestParamInfo<MessageVector>>);

TEST_P(MessageVectors, IsReadAsItsValue) {
    const auto& vector = GetParam();
    const auto message = agent::decode(vector.type, vector.body(), vector.dialect);
    ASSERT_TRUE(message) << to_text(message.error());
    EXPECT_EQ(support::describe(*message), vector.value);
    EXPECT_EQ(agent::type_of(*message), vector.type);
}

TEST_P(MessageVectors, IsWrittenByteForByte) {
    const auto& vector = GetParam();
    const auto message = agent::decode(vector.type, vector.body(), vector.dialect);
    ASSERT_TRUE(message);

    ByteVector body;
    agent::encode(*message, vector.dialect, body);
    ByteVector written(vector.bytes.size() + 100);
    MutableBytes room{written};
    Bytes left{body};
    vdi::Fragmenter fragmenter;
    fragmenter.begin(vector.port, vector.type, static_cast<std::uint32_t>(body.size()));
    fragmenter.write(room, left);
    written.resize(written.size() - room.size());

    EXPECT_EQ(support::to_hex(written) == support::to_hex(vector.bytes), !vector.only_read)
        << "written: " << support::to_hex(written);
}

TEST_P(MessageVectors, SurvivesBeingWrittenInTheFullestDialect) {
    constexpr agent::Dialect full{.selection = true, .grab_serial = true};
    const auto& vector = GetParam();
    const auto message = agent::decode(vector.type, vector.body(), vector.dialect);
    ASSERT_TRUE(message);
    ByteVector body;
    agent::encode(*message, full, body);
    const auto again = agent::decode(vector.type, body, full);
    ASSERT_TRUE(again) << to_text(again.error());
    EXPECT_EQ(support::describe(*again), support::describe(*message));
    EXPECT_EQ(*again, *message);
}

TEST_P(MessageVectors, PrefixIsRefusedUnlessTheSpecificationSaysItIsWhole) {
    const auto& vector = GetParam();
    for (std::size_t length = 0; length < vector.body().size(); ++length) {
        const auto prefix = support::copy_of(vector.body().first(length));
        const auto message = agent::decode(vector.type, prefix, vector.dialect);
        EXPECT_EQ(message.has_value(), is_whole(vector.type, vector.dialect, length)) << length << " bytes";
        if (!message) {
            EXPECT_EQ(message.error().fault, Fault::truncated) << to_text(message.error());
            EXPECT_LE(message.error().offset, length);
        }
    }
}

TEST_P(MessageVectors, OneByteMoreIsRefusedUnlessTheLastFieldTakesIt) {
    const auto& vector = GetParam();
    auto body = support::copy_of(vector.body());
    body.push_back(std::byte{0});
    const bool whole = takes_more(vector.type) || is_whole(vector.type, vector.dialect, body.size());
    EXPECT_EQ(agent::decode(vector.type, body, vector.dialect).has_value(), whole);
}

class StreamVectors : public testing::TestWithParam<StreamVector> {
protected:
    /// Where a cut tells something: everywhere in a short stream; in a long one near its ends and chunk bounds.
    [[nodiscard]] static std::vector<std::size_t> cuts() {
        constexpr std::size_t everywhere = 1500;
        constexpr std::size_t near = 32;
        const auto size = GetParam().bytes.size();
        std::vector<std::size_t> found;
        for (std::size_t at = 0; at <= size; ++at) {
            const auto in_chunk = at % (limits::chunk_header + limits::chunk_to_guest);
            if (size <= everywhere || (at < 4 * near) || size - at < near || (in_chunk < near && at < 10'000))
                found.push_back(at);
        }
        return found;
    }
    [[nodiscard]] static std::vector<std::string> events_of(std::initializer_list<Bytes> reads) {
        PortLog log{GetParam().dialect};
        for (const auto read : reads) log.read(support::copy_of(read));
        return log.entries();
    }
};
INSTANTIATE_TEST_SUITE_P(All, StreamVectors, testing::ValuesIn(support::stream_vectors()),
                         support::test_name<testing::TestParamInfo<StreamVector>>);

TEST_P(StreamVectors, GivesItsEvents) {
    const auto& vector = GetParam();
    PortLog log{vector.dialect};
    log.read(vector.bytes);
    EXPECT_THAT(log.entries(), testing::ElementsAreArray(vector.events));
    if (vector.events.empty() || !vector.events.back().starts_with(R"({"fault")")) {
        EXPECT_EQ(log.is_amid_message(), vector.unfinished);
    }
}

TEST_P(StreamVectors, GivesTheSameByteByByte) {
    const auto& vector = GetParam();
    PortLog log{vector.dialect};
    for (const auto byte : vector.bytes) log.read(Bytes{&byte, 1});
    EXPECT_EQ(log.entries(), vector.events);
}

TEST_P(StreamVectors, GivesTheSameWhateverTwoReadsItIsCutInto) {
    const auto& vector = GetParam();
    const Bytes bytes{vector.bytes};
    for (const auto cut : cuts())
        ASSERT_EQ(events_of({bytes.first(cut), bytes.subspan(cut)}), vector.events) << "cut at " << cut;
}

TEST_P(StreamVectors, GivesTheSameWhateverThreeReadsItIsCutInto) {
    const auto& vector = GetParam();
    const Bytes bytes{vector.bytes};
    const auto all = cuts();
    const std::size_t step = all.size() < 400 ? 1 : 7;  // each pair of a short stream, a sieve of a long one's
    for (std::size_t i = 0; i < all.size(); i += step) {
        for (std::size_t j = i; j < all.size(); j += step) {
            ASSERT_EQ(events_of({bytes.first(all[i]), bytes.subspan(all[i], all[j] - all[i]), bytes.subspan(all[j])}),
                      vector.events)
                << "cut at " << all[i] << " and " << all[j];
        }
    }
}

/// The streams that are exactly what we would write.
std::vector<StreamVector> written_streams() {
    auto vectors = support::stream_vectors();
    std::erase_if(vectors, [](const auto& vector) { return !vector.written; });
    return vectors;
}

/// Reads a stream of bulk messages and writes each piece on as it comes.
ByteVector relayed(const StreamVector& vector) {
    ByteVector out(vector.bytes.size() + 100);
    MutableBytes room{out};
    vdi::ChunkReader chunks;
    vdi::Assembler assembler;
    vdi::Fragmenter fragmenter;
    Bytes input{vector.bytes};
    while (auto slice = *chunks.next(input)) {
        while (auto event = *assembler.next(slice->bytes, vector.dialect)) {
            const auto* begin = std::get_if<vdi::BulkBegin>(&*event);
            if (begin != nullptr) {
                const auto size = begin->prefix.size() + begin->size;
                fragmenter.begin(slice->port, begin->type, static_cast<std::uint32_t>(size));
            }
            auto bytes = begin != nullptr ? begin->prefix : std::get<vdi::BulkSlice>(*event).bytes;
            fragmenter.write(room, bytes);
        }
    }
    out.resize(out.size() - room.size());
    return out;
}

class WrittenStreams : public testing::TestWithParam<StreamVector> {};
INSTANTIATE_TEST_SUITE_P(All, WrittenStreams, testing::ValuesIn(written_streams()),
                         support::test_name<testing::TestParamInfo<StreamVector>>);

TEST_P(WrittenStreams, AreWrittenByteForByte) {
    EXPECT_EQ(support::to_hex(relayed(GetParam())), support::to_hex(GetParam().bytes));
}

}  // namespace
}  // namespace vmcbridge
