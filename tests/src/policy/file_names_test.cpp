#include "src/policy/policy.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::policy {
namespace {

TEST(SafeFileName, IsTheLastComponent) {
    EXPECT_EQ(safe_file_name("../x"), "x");
    EXPECT_EQ(safe_file_name("C:\\temp\\a.txt"), "a.txt");
    EXPECT_EQ(safe_file_name("dir/"), "dir");
}

TEST(SafeFileName, RefusesWhatNamesNoFile) {
    for (const auto* name : {"", ".", "..", "/", "//\\", "a/..", " ", "\x01"})
        EXPECT_EQ(safe_file_name(name), std::nullopt) << name;
}

}  // namespace
}  // namespace vmcbridge::policy
