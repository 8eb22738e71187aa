#include "src/io/path_watch.hpp"

#include "tests/src/io/support/loop.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace vmcbridge::io {
namespace {

using test::Folder;
using test::Loop;

void make(const std::string& path) { std::ofstream{path} << "x"; }

class PathWatchTest : public testing::Test {
protected:
    [[nodiscard]] PathWatch::Waiting wait(const std::string& path, int& times) {
        return PathWatch::of(loop_.context).wait(path, [&] { ++times; });
    }

    Folder folder_;
    Loop loop_;
};

TEST_F(PathWatchTest, TellsWhatIsMadeAndWhatIsMovedThere) {
    int times = 0;
    const auto waiting = wait(folder_ / "a", times);
    ASSERT_TRUE(waiting.is_active());
    make(folder_ / "a");
    EXPECT_TRUE(loop_.until([&] { return times == 1; }));
    make(folder_ / "b");
    std::filesystem::rename(folder_ / "b", folder_ / "a");
    EXPECT_TRUE(loop_.until([&] { return times == 2; }));
}

TEST_F(PathWatchTest, TellsEachOneItsOwnNameUntilItsEnd) {
    int a = 0;
    int b = 0;
    int gone = 0;
    const auto first = wait(folder_ / "a", a);
    const auto second = wait(folder_ / "b", b);
    {
        const auto third = wait(folder_ / "a", gone);
    }
    make(folder_ / "b");
    make(folder_ / "a");
    EXPECT_TRUE(loop_.until([&] { return a == 1 && b == 1; }));
    EXPECT_EQ(gone, 0);
}

TEST_F(PathWatchTest, AFolderThatIsNotThereOrGoesAwayIsNotWatched) {
    int times = 0;
    EXPECT_FALSE(wait(folder_ / "inner/a", times).is_active());
    EXPECT_FALSE(wait("", times).is_active());
    std::filesystem::create_directory(folder_ / "inner");
    const auto waiting = wait(folder_ / "inner/a", times);
    EXPECT_TRUE(waiting.is_active());
    std::filesystem::remove(folder_ / "inner");
    EXPECT_TRUE(loop_.until([&] { return !waiting.is_active(); }));
}

}  // namespace
}  // namespace vmcbridge::io
