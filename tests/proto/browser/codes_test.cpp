#include "proto/browser/codes.hpp"

#include "tests/proto/browser/vectors.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::browser::test {
namespace {

TEST(Codes, AreThoseOfTheSharedTable) {
    const auto table = vectors("codes.json");
    const auto& rows = table.at("codes").as_array();
    ASSERT_EQ(codes().size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(codes()[i].name, rows[i].at("name").as_string());
        EXPECT_EQ(codes()[i].meaning, rows[i].at("meaning").as_string());
    }
}

TEST(Codes, AreFoundByTheirNames) {
    for (const auto& row : codes()) {
        EXPECT_EQ(name(row.code), row.name);
        EXPECT_EQ(meaning(row.code), row.meaning);
        EXPECT_EQ(find_code(row.name), row.code);
    }
    EXPECT_EQ(find_code(""), std::nullopt);
    EXPECT_EQ(find_code("Timeout"), std::nullopt);
}

TEST(CloseCodes, AreThoseOfTheSharedTable) {
    const auto table = vectors("codes.json");
    const auto& rows = table.at("close").as_array();
    ASSERT_EQ(close_codes().size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(static_cast<int>(close_codes()[i].code), rows[i].at("code").as_int64());
        EXPECT_EQ(close_codes()[i].name, rows[i].at("name").as_string());
        EXPECT_EQ(close_codes()[i].meaning, rows[i].at("meaning").as_string());
    }
}

}  // namespace
}  // namespace vmcbridge::browser::test
