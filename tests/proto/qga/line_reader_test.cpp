#include "proto/qga/line_reader.hpp"

#include "proto/limits.hpp"
#include "proto/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmcbridge::qga {
namespace {

using testing::ElementsAre;
using Found = LineReader::Found;

/// What comes out: lines as they are, `<sentinel>`, `<too long>`.
std::vector<std::string> read(LineReader& reader, std::string_view text) {
    std::vector<std::string> found;
    for (auto bytes = as_bytes(text);;) {
        switch (reader.next(bytes)) {
            case Found::nothing: EXPECT_TRUE(bytes.empty()); return found;
            case Found::line: found.emplace_back(reader.line()); break;
            case Found::sentinel: found.emplace_back("<sentinel>"); break;
            case Found::too_long: found.emplace_back("<too long>"); break;
        }
    }
}

TEST(QgaLines, ComeWholeHoweverTheyAreCut) {
    const std::string stream = "one\n\r\ntwo\r\n\xFF{3}\n";
    LineReader whole;
    EXPECT_THAT(read(whole, stream), ElementsAre("one", "", "two", "<sentinel>", "{3}"));
    LineReader reader;
    std::vector<std::string> found;
    for (const char& each : stream)
        for (auto& line : read(reader, {&each, 1})) found.push_back(line);
    EXPECT_THAT(found, ElementsAre("one", "", "two", "<sentinel>", "{3}"));
}

TEST(QgaLines, ASentinelEndsHalfALine) {
    LineReader reader;
    EXPECT_THAT(read(reader, "{\"half\"\xFF\xFF"), ElementsAre("<sentinel>", "<sentinel>"));
    EXPECT_THAT(read(reader, "x\n"), ElementsAre("x"));
}

TEST(QgaLines, BeforeTheSentinelThatIsSoughtAreDropped) {
    LineReader reader;
    reader.seek_sentinel();
    EXPECT_THAT(read(reader, "late\nlater\nha"), ElementsAre());
    EXPECT_THAT(read(reader, "lf\n\xFFnow\n"), ElementsAre("<sentinel>", "now"));
}

TEST(QgaLines, AreAsLongAsTheLimitAndNoLonger) {
    LineReader reader;
    const std::string longest(limits::qga_line, 'x');
    EXPECT_THAT(read(reader, longest + "\n"), ElementsAre(longest));
    EXPECT_THAT(read(reader, longest), ElementsAre());
    EXPECT_THAT(read(reader, "x"), ElementsAre("<too long>"));
    EXPECT_THAT(read(reader, "its rest\nmore\n\xFFnow\n"), ElementsAre("<sentinel>", "now"));
}

}  // namespace
}  // namespace vmcbridge::qga
