#include "src/control/private_folder.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::control {
namespace {

namespace fs = std::filesystem;

class PrivateFolderTest : public testing::Test {
protected:
    PrivateFolderTest() { fs::create_directories(base); }
    ~PrivateFolderTest() override { fs::remove_all(base); }

    /// What a process leaves that made a folder and was killed.
    std::string abandoned() const {
        const auto path = base + "/x-000000";
        fs::create_directories(path + "/home");
        std::ofstream{path + "/owner"};
        return path;
    }

    const std::string base = testing::TempDir() + "private_folder_test-" + std::to_string(getpid());
};

TEST_F(PrivateFolderTest, IsThisUsersAloneAndGoesWithItsOwner) {
    std::string path;
    {
        auto folder = PrivateFolder::make(base, "x");
        ASSERT_TRUE(folder);
        path = folder->path();
        const auto moved = std::move(*folder);
        struct stat status{};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700U);
        fs::create_directories(path + "/a/b");
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(PrivateFolderTest, SaysWhyItCanNotBeMade) {
    const auto folder = PrivateFolder::make(base + "/nowhere", "x");
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().text.find("No such file"), std::string::npos);
}

TEST_F(PrivateFolderTest, ClearsWhatIsAbandonedAndNothingElse) {
    const auto left = abandoned();
    const auto used = PrivateFolder::make(base, "x");
    fs::create_directories(base + "/x-newborn");
    fs::create_directories(base + "/y-000000");
    std::ofstream{base + "/y-000000/owner"};
    PrivateFolder::remove_abandoned(base, "x");
    EXPECT_FALSE(fs::exists(left));
    EXPECT_TRUE(fs::exists(used->path()));
    EXPECT_TRUE(fs::exists(base + "/x-newborn"));
    EXPECT_TRUE(fs::exists(base + "/y-000000"));
}

TEST_F(PrivateFolderTest, DoesNotFollowLinks) {
    fs::create_directories(base + "/precious");
    std::ofstream{base + "/precious/owner"};
    fs::create_symlink(base + "/precious", base + "/x-link");
    PrivateFolder::remove_abandoned(base, "x");
    EXPECT_TRUE(fs::exists(base + "/precious/owner"));
}

TEST_F(PrivateFolderTest, EndsProcessesThatStillRunInTheNameOfAnAbandonedOne) {
    const auto mark = std::string{mark_name} + "=" + abandoned();
    const pid_t child = fork();
    if (child == 0) {
        const char* const environment[] = {mark.c_str(), nullptr};
        execle("/bin/sleep", "sleep", "60", nullptr, const_cast<char**>(environment));
        _exit(127);
    }
    // The mark is there once the child has become its program.
    for (std::string name; name != "sleep\n";) {
        std::ifstream file{"/proc/" + std::to_string(child) + "/comm"};
        name.assign(std::istreambuf_iterator<char>{file}, {});
    }
    PrivateFolder::remove_abandoned(base, "x");
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace vmcbridge::control
