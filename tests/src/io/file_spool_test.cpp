#include "src/io/file_spool.hpp"

#include "proto/text.hpp"
#include "tests/src/io/support/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

namespace vmcbridge::io {
namespace {

using test::pattern;

class FileSpoolTest : public testing::Test {
protected:
    FileSpoolTest() { ::setenv("TMPDIR", (folder_ / ".").c_str(), 1); }
    ~FileSpoolTest() override { ::unsetenv("TMPDIR"); }

    test::Folder folder_;
};

TEST_F(FileSpoolTest, GivesBackWhatWasAppended) {
    const auto spool = make_file_spool();
    ASSERT_NE(spool, nullptr);
    const auto all = pattern(300'000);
    for (std::size_t at = 0; at < all.size(); at += 70'000) {
        ASSERT_TRUE(
            spool->append(std::as_bytes(std::span{all}.subspan(at, std::min<std::size_t>(70'000, all.size() - at)))));
    }
    EXPECT_EQ(spool->size(), all.size());
    std::string got(1000, '\0');
    const auto out = std::as_writable_bytes(std::span{got});
    EXPECT_EQ(spool->read(69'500, out), 1000U);
    EXPECT_EQ(got, all.substr(69'500, 1000));
    EXPECT_EQ(spool->read(all.size() - 10, out), 10U);
    EXPECT_EQ(spool->read(all.size(), out), 0U);
}

TEST_F(FileSpoolTest, HasNoName) {
    const auto spool = make_file_spool();
    ASSERT_NE(spool, nullptr);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "."));
}

TEST_F(FileSpoolTest, FullDiskRefusesAndKeepsWhatWasThere) {
    const auto spool = make_file_spool();
    ASSERT_NE(spool, nullptr);
    ASSERT_TRUE(spool->append(as_bytes(pattern(1000))));
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    rlimit small{.rlim_cur = 1500, .rlim_max = old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT_FALSE(spool->append(as_bytes(pattern(1000))));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
    std::signal(SIGXFSZ, before);
    EXPECT_EQ(spool->size(), 1000U);
    std::string got(1000, '\0');
    EXPECT_EQ(spool->read(0, std::as_writable_bytes(std::span{got})), 1000U);
    EXPECT_EQ(got, pattern(1000));
}

TEST_F(FileSpoolTest, NoFolderIsALineInTheLogAndNoSpool) {
    ::setenv("TMPDIR", (folder_ / "missing").c_str(), 1);
    testing::internal::CaptureStderr();
    EXPECT_EQ(make_file_spool(), nullptr);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("event=spool-failed"));
}

}  // namespace
}  // namespace vmcbridge::io
