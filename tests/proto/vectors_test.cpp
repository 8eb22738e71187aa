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
using support::to_hex;

// ---- Messages ---------------------------------------------------------------------------------------------------

/// Calls `check` with each vector and its decoded message.
template <class Check>
void for_each_message(Check check) {
    for (const auto& vector : support::message_vectors()) {
        SCOPED_TRACE(vector.name);
        const auto message = agent::decode(vector.type, vector.body(), vector.dialect);
        ASSERT_TRUE(message) << to_text(message.error());
        check(vector, *message);
    }
}

/// Body lengths that are whole messages by the specification although more of the vector's body follows.
bool is_whole(AgentType type, agent::Dialect dialect, std::size_t length) {
    const std::size_t selection = dialect.selection ? 4 : 0;
    const std::size_t serial = dialect.grab_serial ? 4 : 0;
    switch (type) {
        case AgentType::clipboard: return length >= selection + 4;                     // data: all that follows
        case AgentType::announce_capabilities: return length >= 4 && length % 4 == 0;  // any number of words
        case AgentType::clipboard_grab: return length >= selection + serial && length % 4 == 0;  // ... of formats
        case AgentType::clipboard_request: return length == 4;                                   // PureSpice's form
        case AgentType::clipboard_release: return length == 0 || length == 1;                    // vdagentd's forms
        case AgentType::file_xfer_start: return length >= 4;   // the NUL may be missing
        case AgentType::file_xfer_status: return length >= 8;  // a detail cut short counts as none
        default: return false;
    }
}

/// The last field takes whatever bytes follow.
bool takes_more(AgentType type) {
    return type == AgentType::clipboard || type == AgentType::file_xfer_start || type == AgentType::file_xfer_status;
}

ByteVector written(const MessageVector& vector, const agent::AgentMessage& message) {
    ByteVector body;
    agent::encode(message, vector.dialect, body);
    ByteVector out(body.size() + limits::chunk_header + limits::agent_header);
    MutableBytes room{out};
    Bytes left{body};
    vdi::Fragmenter fragmenter;
    fragmenter.begin(vector.port, vector.type, static_cast<std::uint32_t>(body.size()));
    fragmenter.write(room, left);
    EXPECT_TRUE(room.empty() && left.empty() && fragmenter.is_idle());
    return out;
}

TEST(MessageVectors, AreReadAsTheirValues) {
    for_each_message([](const auto& vector, const auto& message) {
        EXPECT_EQ(support::describe(message), vector.value);
        EXPECT_EQ(agent::type_of(message), vector.type);
    });
}

TEST(MessageVectors, AreWrittenByteForByteUnlessWeReadThatFormOnly) {
    for_each_message([](const auto& vector, const auto& message) {
        const auto bytes = to_hex(written(vector, message));
        EXPECT_EQ(bytes == to_hex(vector.bytes), !vector.only_read) << "written: " << bytes;
    });
}

TEST(MessageVectors, SurviveBeingWrittenInTheFullestDialect) {
    for_each_message([](const auto& vector, const auto& message) {
        constexpr agent::Dialect full{.selection = true, .grab_serial = true};
        ByteVector body;
        agent::encode(message, full, body);
        const auto again = agent::decode(vector.type, body, full);
        ASSERT_TRUE(again) << to_text(again.error());
        EXPECT_EQ(*again, message);
    });
}

TEST(MessageVectors, PrefixesAreRefusedUnlessTheSpecificationSaysTheyAreWhole) {
    for_each_message([](const auto& vector, const auto& /*message*/) {
        for (std::size_t length = 0; length < vector.body().size(); ++length) {
            const auto prefix = support::copy_of(vector.body().first(length));
            const auto message = agent::decode(vector.type, prefix, vector.dialect);
            EXPECT_EQ(message.has_value(), is_whole(vector.type, vector.dialect, length)) << length << " bytes";
            if (message) continue;
            EXPECT_EQ(message.error().fault, Fault::truncated) << to_text(message.error());
            EXPECT_LE(message.error().offset, length);
        }
    });
}

TEST(MessageVectors, OneByteMoreIsRefusedUnlessTheLastFieldTakesIt) {
    for_each_message([](const auto& vector, const auto& /*message*/) {
        auto body = support::copy_of(vector.body());
        body.push_back(std::byte{0});
        const bool whole = takes_more(vector.type) || is_whole(vector.type, vector.dialect, body.size());
        EXPECT_EQ(agent::decode(vector.type, body, vector.dialect).has_value(), whole);
    });
}

// ---- Streams ----------------------------------------------------------------------------------------------------

template <class Check>
void for_each_stream(Check check) {
    for (const auto& vector : support::stream_vectors()) {
        SCOPED_TRACE(vector.name);
        check(vector);
    }
}

std::vector<std::string> events_of(const StreamVector& vector, std::initializer_list<Bytes> reads) {
    PortLog log{vector.dialect};
    for (const auto read : reads) log.read(support::copy_of(read));
    return log.entries();
}

/// Where a cut tells something: everywhere in a short stream; in a long one near its ends and first chunk bounds.
std::vector<std::size_t> cuts(std::size_t size) {
    constexpr std::size_t everywhere = 1500;
    constexpr std::size_t near = 32;
    constexpr std::size_t chunk = limits::chunk_header + limits::chunk_to_guest;
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at <= size; ++at) {
        const bool at_bound = at < 4 * chunk && (at % chunk < near || chunk - at % chunk < near);
        if (size <= everywhere || at_bound || size - at < near) found.push_back(at);
    }
    return found;
}

TEST(StreamVectors, GiveTheirEvents) {
    for_each_stream([](const auto& vector) {
        PortLog log{vector.dialect};
        log.read(vector.bytes);
        EXPECT_THAT(log.entries(), testing::ElementsAreArray(vector.events));
        if (!log.is_over()) {
            EXPECT_EQ(log.is_amid_message(), vector.unfinished);
        }
    });
}

TEST(StreamVectors, GiveTheSameByteByByte) {
    for_each_stream([](const auto& vector) {
        PortLog log{vector.dialect};
        for (const auto byte : vector.bytes) log.read(Bytes{&byte, 1});
        EXPECT_EQ(log.entries(), vector.events);
    });
}

TEST(StreamVectors, GiveTheSameWhateverTwoReadsTheyAreCutInto) {
    for_each_stream([](const auto& vector) {
        const Bytes bytes{vector.bytes};
        for (const auto cut : cuts(bytes.size()))
            ASSERT_EQ(events_of(vector, {bytes.first(cut), bytes.subspan(cut)}), vector.events) << "cut at " << cut;
    });
}

TEST(StreamVectors, GiveTheSameWhateverThreeReadsTheyAreCutInto) {
    for_each_stream([](const auto& vector) {
        const Bytes bytes{vector.bytes};
        const auto all = cuts(bytes.size());
        const std::size_t step = all.size() / 40 + 1;  // each pair of a short stream, a sieve of a long one's
        for (std::size_t i = 0; i < all.size(); i += step) {
            for (std::size_t j = i; j < all.size(); j += step) {
                const auto middle = bytes.subspan(all[i], all[j] - all[i]);
                ASSERT_EQ(events_of(vector, {bytes.first(all[i]), middle, bytes.subspan(all[j])}), vector.events)
                    << "cut at " << all[i] << " and " << all[j];
            }
        }
    });
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

TEST(StreamVectors, AreWrittenByteForByteWhereTheyAreWhatWeWrite) {
    for_each_stream([](const auto& vector) {
        if (vector.written) {
            EXPECT_EQ(to_hex(relayed(vector)), to_hex(vector.bytes));
        }
    });
}

}  // namespace
}  // namespace vmcbridge
