#include "proto/agent/codec.hpp"

#include "tests/support/hex.hpp"
#include "tests/support/printing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace vmcbridge::agent {
namespace {

using support::ByteVector;
using support::from_hex;

constexpr Dialect full{.selection = true, .grab_serial = true};
constexpr Dialect bare{};

ParseError refused(AgentType type, const ByteVector& body, Dialect dialect = full) {
    const auto message = decode(type, body, dialect);
    EXPECT_FALSE(message);
    return message ? ParseError{} : message.error();
}

// ---- The table --------------------------------------------------------------------------------------------------

TEST(Codecs, HoldEveryTypeOnceByItsNumber) {
    ASSERT_EQ(codecs().size(), 16U);
    for (std::size_t i = 0; i < codecs().size(); ++i) {
        const auto& row = codecs()[i];
        EXPECT_EQ(row.type, AgentType(i + 1));
        EXPECT_EQ(find_codec(row.type), &row);
        EXPECT_EQ(name(row.type), row.name);
        EXPECT_EQ(row.bulk, bulk_prefix(row.type, full) > 0);
        if (row.bulk) {
            EXPECT_EQ(row.max_body, bulk_prefix(row.type, full));
        }
        const auto same = [&](const Codec& other) { return other.name == row.name; };
        EXPECT_EQ(std::ranges::count_if(codecs(), same), 1);
    }
}

TEST(Codecs, KnowNoOtherType) {
    for (const std::uint32_t number : {0U, 17U, 255U, 0xffffffffU}) {
        const AgentType type{number};
        EXPECT_EQ(find_codec(type), nullptr);
        EXPECT_EQ(name(type), "unknown");
        EXPECT_EQ(bulk_prefix(type, full), 0U);
        const ByteVector body(7);
        const auto message = decode(type, body, full);
        ASSERT_TRUE(message);
        EXPECT_EQ(*message, (AgentMessage{Unknown{.type = type, .size = 7}}));
        EXPECT_EQ(type_of(*message), type);
        ByteVector out;
        encode(*message, full, out);
        EXPECT_TRUE(out.empty());
    }
}

TEST(Codecs, PrefixOfBulkFollowsTheDialect) {
    EXPECT_EQ(bulk_prefix(AgentType::clipboard, full), 8U);
    EXPECT_EQ(bulk_prefix(AgentType::clipboard, bare), 4U);
    EXPECT_EQ(bulk_prefix(AgentType::file_xfer_data, bare), 12U);
    EXPECT_EQ(bulk_prefix(AgentType::clipboard_grab, full), 0U);
}

TEST(Codecs, BodyOverItsCapIsRefusedBeforeItIsRead) {
    for (const auto& row : codecs()) {
        if (row.bulk) continue;
        EXPECT_EQ(refused(row.type, ByteVector(row.max_body + 1)).fault, Fault::too_large) << row.name;
    }
}

TEST(Codecs, RubbishOfAnySizeIsRefusedOrReadNeverWorse) {
    std::mt19937 random{4};
    for (const auto& row : codecs()) {
        for (std::size_t size = 0; size < 300; ++size) {
            ByteVector body(size);
            for (auto& byte : body) byte = static_cast<std::byte>(random() % 3 == 0 ? random() : random() % 4);
            for (const auto dialect : {full, bare}) {
                const auto message = decode(row.type, body, dialect);
                if (!message) continue;
                ByteVector out;
                encode(*message, full, out);
                EXPECT_EQ(*decode(row.type, out, full), *message) << row.name;
            }
        }
    }
}

// ---- Fields out of range ------------------------------------------------------------------------------------------

TEST(ClipboardSelection, OverSecondaryIsRefused) {
    for (const auto* first : {"03", "80", "ff"}) {
        const auto prefix = std::string{first} + " 00 00 00";
        for (const auto type : {AgentType::clipboard, AgentType::clipboard_grab, AgentType::clipboard_request}) {
            const auto error = refused(type, from_hex(prefix + " 01 00 00 00"));
            EXPECT_EQ(error, (ParseError{.fault = Fault::bad_value, .field = "selection", .offset = 0}));
        }
        for (const auto& body : {from_hex(prefix), from_hex(first)})
            EXPECT_EQ(refused(AgentType::clipboard_release, body).fault, Fault::bad_value);
    }
}

TEST(ClipboardRelease, HasZeroOneOrFourBytes) {
    for (const std::size_t size : {0U, 1U, 4U})
        for (const auto dialect : {full, bare})
            EXPECT_TRUE(decode(AgentType::clipboard_release, ByteVector(size), dialect)) << size;
    for (const std::size_t size : {2U, 3U})
        EXPECT_EQ(refused(AgentType::clipboard_release, ByteVector(size)).fault, Fault::truncated) << size;
    EXPECT_EQ(refused(AgentType::clipboard_release, ByteVector(5)).fault, Fault::too_large);
}

TEST(ClipboardRequest, SelectionIsReadOnlyWhereItIsAgreed) {
    const auto body = from_hex("01 00 00 00 02 00 00 00");
    EXPECT_EQ(*decode(AgentType::clipboard_request, body, full),
              (AgentMessage{ClipboardRequest{.selection = Selection::primary, .format = ClipboardFormat::png}}));
    EXPECT_EQ(refused(AgentType::clipboard_request, body, bare).fault, Fault::trailing_bytes);
}

TEST(ClipboardData, ViewsItsBody) {
    const auto body = from_hex("00 00 00 00 01 00 00 00 68 69");
    const auto message = decode(AgentType::clipboard, body, full);
    EXPECT_EQ(std::get<ClipboardData>(*message).data.data(), body.data() + 8);
}

TEST(MaxClipboard, BelowMinusOneIsRefused) {
    EXPECT_EQ(refused(AgentType::max_clipboard, from_hex("fe ff ff ff")).fault, Fault::bad_value);
    EXPECT_EQ(refused(AgentType::max_clipboard, from_hex("00 00 00 80")).fault, Fault::bad_value);
    EXPECT_TRUE(decode(AgentType::max_clipboard, from_hex("00 00 00 00"), full));
    EXPECT_TRUE(decode(AgentType::max_clipboard, from_hex("ff ff ff 7f"), full));
}

ByteVector monitors_body(std::uint32_t count, std::uint32_t flags, std::size_t bytes) {
    ByteVector body;
    Writer to{body};
    to.u32(count);
    to.u32(flags);
    to.zeros(bytes);
    return body;
}

TEST(MonitorsConfig, CountAndFlagsSayItsSizeExactly) {
    for (const std::uint32_t count : {0U, 1U, 2U, 256U}) {
        EXPECT_TRUE(decode(AgentType::monitors_config, monitors_body(count, 0, count * 20), full));
        EXPECT_TRUE(decode(AgentType::monitors_config, monitors_body(count, 3, count * 24), full));
        if (count == 0) continue;
        EXPECT_EQ(refused(AgentType::monitors_config, monitors_body(count, 2, count * 20)).fault, Fault::truncated);
        EXPECT_EQ(refused(AgentType::monitors_config, monitors_body(count, 1, count * 24)).fault,
                  Fault::trailing_bytes);
        EXPECT_EQ(refused(AgentType::monitors_config, monitors_body(count, 0, count * 20 - 1)).fault, Fault::truncated);
    }
}

TEST(MonitorsConfig, CountOverTheLimitIsRefusedAtTheCount) {
    for (const std::uint32_t count : {257U, 0x10000000U, 0xffffffffU})
        EXPECT_EQ(refused(AgentType::monitors_config, monitors_body(count, 0, 257 * 20)),
                  (ParseError{.fault = Fault::too_large, .field = "num_of_monitors", .offset = 0}));
}

TEST(AudioVolumeSync, ChannelsMustBeThereAndWithinTheLimit) {
    ByteVector body = from_hex("01 00 40 00*128");
    EXPECT_TRUE(decode(AgentType::audio_volume_sync, body, full));
    body[2] = std::byte{0x41};
    EXPECT_EQ(refused(AgentType::audio_volume_sync, body),
              (ParseError{.fault = Fault::too_large, .field = "nchannels", .offset = 2}));
    EXPECT_EQ(refused(AgentType::audio_volume_sync, from_hex("01 00 02 00 00 00")).fault, Fault::truncated);
    EXPECT_EQ(refused(AgentType::audio_volume_sync, from_hex("01 00 ff")).fault, Fault::too_large);
    EXPECT_EQ(refused(AgentType::audio_volume_sync, from_hex("01 00 00 00 00")).fault, Fault::trailing_bytes);
}

TEST(GraphicsDeviceInfo, CountAndLengthsThatLieAreRefused) {
    EXPECT_EQ(refused(AgentType::graphics_device_info, from_hex("ff ff ff ff")).fault, Fault::truncated);
    EXPECT_EQ(refused(AgentType::graphics_device_info, from_hex("01 00 00 00 00*12 ff ff ff ff 61 00")).fault,
              Fault::truncated);
    EXPECT_EQ(refused(AgentType::graphics_device_info, from_hex("00 00 00 00 00")).fault, Fault::trailing_bytes);
}

TEST(GraphicsDeviceInfo, AddressEndsAtItsNulOrItsLength) {
    const auto address = [](std::string_view hex) {
        const auto body = from_hex("01 00 00 00 00*12 " + std::string{hex});
        const auto message = decode(AgentType::graphics_device_info, body, full);
        return std::string{std::get<GraphicsDeviceInfo>(*message).devices.at(0).address};
    };
    EXPECT_EQ(address("03 00 00 00 61 62 63"), "abc");
    EXPECT_EQ(address("04 00 00 00 61 62 00 63"), "ab");
    EXPECT_EQ(address("00 00 00 00"), "");
}

TEST(FileTransferData, SizeMustBeThatOfTheData) {
    const auto with_size = [](std::uint64_t size, std::size_t data) {
        ByteVector body;
        encode_file_data_prefix(TransferId{1}, size, body);
        body.resize(body.size() + data);
        return body;
    };
    EXPECT_TRUE(decode(AgentType::file_xfer_data, with_size(5, 5), full));
    EXPECT_EQ(refused(AgentType::file_xfer_data, with_size(4, 5)).fault, Fault::trailing_bytes);
    for (const auto size : {std::uint64_t{6}, std::uint64_t{1} << 32, std::numeric_limits<std::uint64_t>::max()})
        EXPECT_EQ(refused(AgentType::file_xfer_data, with_size(size, 5)).fault, Fault::truncated);
}

TEST(FileTransferData, PrefixAloneIsReadForStreams) {
    ByteVector prefix;
    encode_file_data_prefix(TransferId{7}, 65536, prefix);
    EXPECT_EQ(support::to_hex(prefix), "07 00 00 00 00 00 01 00 00 00 00 00");
    EXPECT_EQ(*decode_file_data_prefix(prefix), (FileDataPrefix{.id = TransferId{7}, .size = 65536}));
    prefix.pop_back();
    EXPECT_EQ(decode_file_data_prefix(prefix).error().fault, Fault::truncated);
}

TEST(FileTransferStart, KeyFileEndsAtTheFirstNul) {
    const auto body = from_hex("01 00 00 00 61 62 00 63 00");
    EXPECT_EQ(std::get<FileTransferStart>(*decode(AgentType::file_xfer_start, body, full)).key_file, "ab");
}

TEST(FileTransferStatus, DetailIsWrittenOnlyWhereThereIsOne) {
    const auto size = [](const FileTransferStatus& status) {
        ByteVector out;
        encode(status, full, out);
        return out.size();
    };
    EXPECT_EQ(size({.id = TransferId{1}, .status = FileStatus::cancelled, .free_bytes = 5, .error_code = 5}), 8U);
    EXPECT_EQ(size({.id = TransferId{1}, .status = FileStatus::error, .free_bytes = 5}), 8U);
    EXPECT_EQ(size({.id = TransferId{1}, .status = FileStatus::error, .error_code = 5}), 13U);
    EXPECT_EQ(size({.id = TransferId{1}, .status = FileStatus::not_enough_space, .free_bytes = 5}), 16U);
}

}  // namespace
}  // namespace vmcbridge::agent
