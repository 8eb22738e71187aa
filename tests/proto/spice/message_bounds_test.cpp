#include "proto/spice/message_bounds.hpp"

#include "proto/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmcbridge::spice {
namespace {

using testing::ElementsAre;

/// Messages with bodies of these sizes.
std::string messages(HeaderKind kind, const std::vector<std::size_t>& bodies) {
    std::string out;
    HeaderWriter header{kind};
    for (const auto size : bodies) {
        std::array<std::byte, size_of(HeaderKind::full)> bytes{};
        header.write(bytes.data(), 107, static_cast<std::uint32_t>(size));
        out += as_text(Bytes{bytes}.first(header.size()));
        out += std::string(size, '\xff');
    }
    return out;
}

/// Into which pieces it falls.
std::vector<std::size_t> pieces(MessageBounds bounds, const std::string& text) {
    std::vector<std::size_t> out;
    for (auto left = as_bytes(text); !left.empty(); left = left.subspan(out.back())) {
        out.push_back(bounds.together(left));
        bounds.took(left.first(out.back()));
    }
    return out;
}

TEST(MessageBounds, WholeBytesFallIntoMessages) {
    EXPECT_THAT(pieces(MessageBounds{HeaderKind::mini}, messages(HeaderKind::mini, {0, 1, 0, 32})),
                ElementsAre(6, 7, 6, 38));
    EXPECT_THAT(pieces(MessageBounds{HeaderKind::full}, messages(HeaderKind::full, {0, 1, 2048})),
                ElementsAre(18, 19, 2066));
}

TEST(MessageBounds, WhatIsNoMessageStandsAlone) {
    MessageBounds bounds{HeaderKind::mini};
    bounds.expect(4);
    EXPECT_THAT(pieces(bounds, std::string(4, '\0') + messages(HeaderKind::mini, {3, 0})), ElementsAre(4, 9, 6));
}

TEST(MessageBounds, NoPieceHoldsPartsOfTwoHoweverTheyComeAndGo) {
    for (const auto kind : {HeaderKind::mini, HeaderKind::full}) {
        const auto text = messages(kind, {0, 5, 0, 40, 1});
        const auto header = size_of(kind);
        const std::vector<std::size_t> ends{header, 2 * header + 5, 3 * header + 5, 4 * header + 45, 5 * header + 46};
        for (std::size_t step = 1; step <= text.size(); ++step) {
            for (const std::size_t most : {std::size_t{1}, std::size_t{7}, text.size()}) {
                MessageBounds bounds{kind};
                for (std::size_t at = 0; at < text.size();) {
                    const auto come = std::min(text.size(), (at / step + 1) * step);
                    const auto next = as_bytes(text).subspan(at, come - at);
                    const auto together = bounds.together(next);
                    const auto message_end = *std::ranges::upper_bound(ends, at);
                    ASSERT_EQ(together, std::min(message_end, come) - at) << "step " << step << " at " << at;
                    const auto gone = std::min(together, most);
                    bounds.took(next.first(gone));
                    at += gone;
                }
            }
        }
    }
}

}  // namespace
}  // namespace vmcbridge::spice
