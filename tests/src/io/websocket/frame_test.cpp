#include "src/io/websocket/frame.hpp"

#include "src/io/websocket/handshake.hpp"
#include "tests/src/io/support/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmcbridge::io::websocket {
namespace {

using namespace std::string_literals;

TEST(FrameHeader, EachLengthFormIsRead) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 262148U}) {
        const auto frame = client_frame(fin | binary, std::string(size, 'x'));
        const auto header = decode_header(as_bytes(frame));
        ASSERT_TRUE(header && *header) << size;
        EXPECT_EQ((*header)->length, size);
        EXPECT_EQ((*header)->size + size, frame.size());
        EXPECT_EQ((*header)->opcode, Opcode::binary);
        EXPECT_TRUE((*header)->fin);
    }
}

TEST(FrameHeader, EveryPrefixAsksForMore) {
    const auto frame = client_frame(fin | binary, std::string(70000, 'x'));
    for (std::size_t size = 0; size < client_header; ++size) {
        const auto header = decode_header(as_bytes(frame).first(size));
        EXPECT_TRUE(header && !*header) << size;
    }
}

TEST(FrameHeader, WhatTheProtocolForbidsIsNamed) {
    const auto fault = [](const std::string& bytes) {
        const auto header = decode_header(as_bytes(bytes));
        return header ? "none"s : std::string{to_text(header.error())};
    };
    EXPECT_EQ(fault("\xc2\x80"), "reserved bits");
    EXPECT_EQ(fault("\x83\x80"), "unknown opcode");
    EXPECT_EQ(fault("\x8b\x80"), "unknown opcode");
    EXPECT_EQ(fault("\x82\x05"), "frame without mask");
    EXPECT_EQ(fault("\x09\x80"), "control frame too long or in pieces");
    EXPECT_EQ(fault("\x89\xfe\x00\x7e"s), "control frame too long or in pieces");
    EXPECT_EQ(fault("\x82\xfe\x00\x7d\x00\x00\x00\x00"s), "length not in its shortest form");
    EXPECT_EQ(fault("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"s), "length not in its shortest form");
    EXPECT_EQ(fault("\x82\xff\x80\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"s), "length not in its shortest form");
}

TEST(FrameHeader, OursHaveTheShortestForm) {
    std::array<std::byte, server_header> out{};
    EXPECT_EQ(encode_header(out, Opcode::text, 125), 2U);
    EXPECT_EQ(out[0], std::byte{0x81});
    EXPECT_EQ(encode_header(out, Opcode::binary, 126), 4U);
    EXPECT_EQ(encode_header(out, Opcode::binary, 65535), 4U);
    EXPECT_EQ(out[3], std::byte{0xff});
    EXPECT_EQ(encode_header(out, Opcode::binary, 65536), 10U);
    EXPECT_EQ(out[7], std::byte{1});
}

TEST(Unmask, AnySizeInPlaceAndDownwards) {
    for (std::size_t size = 0; size < 100; ++size) {
        std::string plain;
        for (std::size_t at = 0; at < size; ++at) plain += static_cast<char>('a' + at % 26);
        const auto frame = client_frame(fin | binary, plain);
        const Mask mask{std::byte{0x11}, std::byte{0xa2}, std::byte{0x33}, std::byte{0xc4}};
        for (const std::size_t down : {0U, 1U, 6U}) {
            std::vector<std::byte> bytes(6 - down + 0U);
            const auto source = as_bytes(frame).last(size);
            bytes.resize(6);
            bytes.insert(bytes.end(), source.begin(), source.end());
            unmask(bytes.data() + 6 - down, bytes.data() + 6, size, mask);
            EXPECT_EQ(as_text(Bytes{bytes}.subspan(6 - down, size)), plain) << size << " down " << down;
        }
    }
}

TEST(Unmask, GoesOnWhereItStopped) {
    const std::string plain = "The quick brown fox jumps over the lazy dog, twice over.";
    const auto frame = client_frame(fin | binary, plain);
    for (std::size_t cut = 0; cut <= plain.size(); ++cut) {
        auto masked = frame.substr(frame.size() - plain.size());
        const auto bytes = std::as_writable_bytes(std::span{masked});
        Mask mask{std::byte{0x11}, std::byte{0xa2}, std::byte{0x33}, std::byte{0xc4}};
        mask = unmask(bytes.data(), bytes.data(), cut, mask);
        unmask(bytes.data() + cut, bytes.data() + cut, plain.size() - cut, mask);
        EXPECT_EQ(masked, plain) << cut;
    }
}

TEST(CloseFrame, CodesThatNobodyMaySendAreRefused) {
    const auto code = [](std::string_view payload) { return decode_close(as_bytes(payload)); };
    EXPECT_EQ(*code(""), 1005);
    EXPECT_EQ(*code("\x03\xe8"), 1000);
    EXPECT_EQ(*code("\x03\xe8 bye"), 1000);
    EXPECT_EQ(*code("\x0f\xa1"), 4001);
    for (const auto* bad :
         {"\x03", "\x03\xe7", "\x03\xec", "\x03\xed", "\x03\xee", "\x03\xf7", "\x0b\xb7", "\x13\x88", "\x03\xe8\xff"}) {
        EXPECT_FALSE(code(bad).has_value()) << testing::PrintToString(std::string{bad});
    }
}

TEST(CloseFrame, ReasonIsCut) {
    std::array<std::byte, control_payload> out{};
    EXPECT_EQ(encode_close(out, 1008, std::string(500, 'r')), control_payload);
    EXPECT_EQ(encode_close(out, 1008, "unknown-vm"), 12U);
    EXPECT_EQ(as_text(Bytes{out}.subspan(2, 10)), "unknown-vm");
}

TEST(Handshake, AcceptKeyOfTheSpecification) {
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (const auto* bad :
         {"", "short==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25j\nQ=="}) {
        EXPECT_EQ(accept_key(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace vmcbridge::io::websocket
