#include "src/control/loop.hpp"

#include <gmock/gmock.h>

#include <signal.h>

#include <thread>
#include <vector>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(Loop, RunsWhatOtherThreadsInvokeInOrderOnItsOwnThread) {
    Loop loop;
    std::vector<int> order;
    std::thread other{[&] {
        for (const int number : {1, 2, 3})
            loop.invoke([&order, number, id = std::this_thread::get_id()] {
                EXPECT_NE(id, std::this_thread::get_id());
                order.push_back(number);
            });
        loop.quit();
    }};
    loop.run();
    other.join();
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(Loop, RunsWhatATaskInvokesAfterTheTask) {
    Loop loop;
    std::vector<int> order;
    loop.invoke([&] {
        loop.invoke([&] { order.push_back(2); });
        order.push_back(1);
        loop.quit();
    });
    loop.run();
    EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(Loop, EndsThoughQuitComesBeforeRun) {
    Loop loop;
    loop.quit();
    loop.run();
}

TEST(Loop, WaitsBeforeADelayedTask) {
    Loop loop;
    const auto start = std::chrono::steady_clock::now();
    loop.after(30ms, [&] { loop.quit(); });
    loop.run();
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST(Loop, TellsOfSignals) {
    Loop loop;
    std::vector<int> order;
    loop.on_reload([&] {
        order.push_back(SIGHUP);
        raise(order.size() == 1 ? SIGINT : SIGTERM);
    });
    loop.on_stop([&] {
        order.push_back(SIGTERM);
        if (order.size() < 4)
            raise(SIGHUP);
        else
            loop.quit();
    });
    raise(SIGHUP);
    loop.run();
    EXPECT_THAT(order, ElementsAre(SIGHUP, SIGTERM, SIGHUP, SIGTERM));
}

TEST(Loop, DropsWhatIsLeftWhenItGoes) {
    auto token = std::make_shared<int>(1);
    bool ran = false;
    {
        Loop loop;
        loop.invoke([&ran, token] { ran = true; });
        loop.after(0ms, [&ran, token] { ran = true; });
    }
    Loop next;
    next.invoke([&] { next.quit(); });
    next.run();
    EXPECT_FALSE(ran);
    EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace vmcbridge::control
