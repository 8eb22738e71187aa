#include "src/control/supervisor.hpp"

#include "src/control/loop.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class SupervisorTest : public testing::Test {
protected:
    SupervisorTest() { fs::create_directories(folder); }
    ~SupervisorTest() override { fs::remove_all(folder); }

    Program shell(const std::string& script) const {
        return {"shell", {"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin", "X=1"}, folder, folder + "/log", SIGKILL};
    }
    std::string log() const {
        std::ifstream file{folder + "/log"};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    /// Runs the loop until `condition` holds; fails after 10 s.
    template <class Condition>
    void run_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) {
            loop.after(5ms, [] {});
            g_main_context_iteration(nullptr, TRUE);
        }
        EXPECT_TRUE(condition());
    }

    Loop loop;
    const std::string folder = testing::TempDir() + "supervisor_test-" + std::to_string(getpid());
};

TEST_F(SupervisorTest, AChildRunsInItsFolderWithItsEnvironmentAndItsLog) {
    std::string how;
    const auto child =
        Child::start(shell("echo $X; pwd; ls -d \"$HOME/\" >&2; exit 3"), [&](const std::string& end) { how = end; });
    ASSERT_TRUE(child);
    run_until([&] { return !how.empty(); });
    EXPECT_EQ(how, "exit code 3");
    EXPECT_FALSE((*child)->is_running());
    EXPECT_THAT(log(), testing::StartsWith("1\n" + fs::canonical(folder).string() + "\n"));
}

TEST_F(SupervisorTest, AChildWritesIntoThePipeThatItIsPassed) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const auto child = Child::start(shell("echo 7 >&3"), [](const std::string&) {}, ends[1]);
    ASSERT_TRUE(child);
    char buffer[8];
    EXPECT_EQ(read(ends[0], buffer, sizeof buffer), 2);  // and the end comes: nobody else holds the other end
    EXPECT_EQ(read(ends[0], buffer, sizeof buffer), 0);
    close(ends[0]);
}

TEST_F(SupervisorTest, AChildThatHadEndedBeforeAnybodyLookedTellsHow) {
    GObjectPtr<GSubprocess> process{
        g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, nullptr, "/bin/sh", "-c", "exit 3", nullptr)};
    ASSERT_TRUE(process);
    ASSERT_TRUE(g_subprocess_wait(process.get(), nullptr, nullptr));
    std::string how;
    Child child{std::move(process), [&](const std::string& end) { how = end; }};
    EXPECT_FALSE(child.is_running());
    child.signal(SIGKILL);  // to nobody
    run_until([&] { return !how.empty(); });
    EXPECT_EQ(how, "exit code 3");
}

TEST_F(SupervisorTest, ASignalReachesAllThatAChildStarted) {
    std::string how;
    const auto child = Child::start(shell("sleep 60 & echo started; wait"), [&](const std::string& end) { how = end; });
    ASSERT_TRUE(child);
    run_until([&] { return log() == "started\n"; });
    (*child)->signal(SIGTERM);
    run_until([&] { return !how.empty(); });
    EXPECT_EQ(how, "signal 15");
}

TEST_F(SupervisorTest, AProgramThatIsNotThereIsAProblem) {
    auto program = shell("");
    program.arguments = {folder + "/nothing"};
    const auto child = Child::start(program, [](const std::string&) {});
    ASSERT_FALSE(child);
    EXPECT_THAT(child.error().text, testing::StartsWith("shell: "));
}

TEST_F(SupervisorTest, AChildThatIsLetGoTellsNobody) {
    bool told = false;
    {
        const auto child = Child::start(shell("echo x"), [&](const std::string&) { told = true; });
    }
    run_until([&] { return log() == "x\n"; });
    loop.after(20ms, [this] { loop.quit(); });
    loop.run();
    EXPECT_FALSE(told);
}

TEST_F(SupervisorTest, ChildrenDieWithAProcessThatIsKilled) {
    const pid_t middle = fork();
    if (middle == 0) {
        // The log tells the id of the child of this process, which then is killed without a chance to clean up.
        const auto child = Child::start(shell("echo $$; sleep 60"), [](const std::string&) {});
        while (log().empty()) usleep(1000);
        raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(middle, &status, 0), middle);
    const pid_t child = std::stoi(log());
    run_until([&] {  // gone, or dead and not yet collected by init
        std::ifstream file{"/proc/" + std::to_string(child) + "/stat"};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        return text.empty() || text.find(") Z ") != std::string::npos;
    });
}

TEST_F(SupervisorTest, StartsAProgramAgainWhenItEnds) {
    Supervised part{{shell("echo run"), {}, {}}};
    part.start();
    run_until([&] { return log() == "run\nrun\nrun\n"; });
    part.stop(SIGKILL);
}

TEST_F(SupervisorTest, WaitsForWhatAProgramNeeds) {
    const auto needed = folder + "/needed";
    Supervised part{{shell("test -e needed && echo there; sleep 60"), needed, {}}};
    part.start();
    EXPECT_FALSE(part.is_running());
    std::ofstream{needed};
    run_until([&] { return log() == "there\n"; });
    part.stop(SIGKILL);
    run_until([&] { return !part.is_running(); });
}

TEST_F(SupervisorTest, RemovesTheSocketOfAProgramThatEnded) {
    const auto socket = folder + "/socket";
    Supervised part{{shell("test -e socket && exit 1; : > socket; echo made"), {}, socket}};
    part.start();
    run_until([&] { return log() == "made\nmade\n"; });
    part.stop(SIGKILL);
}

TEST_F(SupervisorTest, LeavesAProgramAloneOnceItIsStopped) {
    Supervised part{{shell("echo run; sleep 60"), {}, {}}};
    part.start();
    run_until([&] { return log() == "run\n"; });
    part.stop(SIGTERM);
    run_until([&] { return !part.is_running(); });
    loop.after(200ms, [this] { loop.quit(); });  // twice the first delay
    loop.run();
    EXPECT_EQ(log(), "run\n");
}

TEST(FindProgram, LooksWhereAdministratorsKeepTheirs) {
    EXPECT_EQ(find_program("sh").substr(0, 1), "/");
    EXPECT_NE(find_program("ldconfig"), "");
    EXPECT_EQ(find_program("no-such-program"), "");
}

}  // namespace
}  // namespace vmcbridge::control
