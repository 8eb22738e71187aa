#pragma once

#include "src/io/asio.hpp"
#include "src/io/stream.hpp"
#include "src/io/task_group.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <chrono>
#include <concepts>
#include <filesystem>
#include <string>

namespace vmcbridge::io::test {

using namespace std::chrono_literals;

inline constexpr auto patience = 10s;  // until a condition counts as never met

/// A context that the test's own thread runs, until what is waited for has happened.
class Loop {
public:
    ~Loop() { stop(); }
    /// Ends all tasks; to be called before what they use goes.
    void stop() {
        tasks.request_stop();
        EXPECT_TRUE(until([&] { return tasks.size() == 0; })) << "a task did not end";
    }
    [[nodiscard]] bool until(const std::predicate auto& condition) {
        const auto deadline = Clock::now() + patience;
        while (!condition()) {
            if (Clock::now() > deadline) return false;
            context.restart();
            context.run_one_for(5ms);
        }
        return true;
    }
    /// Lets it run, to see that something does not happen.
    void run_for(milliseconds time) {
        const auto deadline = Clock::now() + time;
        static_cast<void>(until([&] { return Clock::now() >= deadline; }));
    }

    net::io_context context{1};
    TaskGroup tasks{context};
};

/// A folder of one test, gone with it.
class Folder {
public:
    Folder() {
        auto name = (std::filesystem::temp_directory_path() / "vmcbridge-io.XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// All that a stream takes or gives until it would block.
inline std::string read_now(Stream& stream) {
    std::string out;
    std::string piece(65536, '\0');
    for (;;) {
        const auto result = stream.try_read(std::as_writable_bytes(std::span{piece}));
        if (result.state != IoResult::State::moved) return out;
        out.append(piece, 0, result.bytes);
    }
}

/// Bytes that tell their own place, so that a lost or doubled one is seen.
inline std::string pattern(std::size_t size, std::size_t from = 0) {
    std::string out(size, '\0');
    for (std::size_t at = 0; at < size; ++at) {
        const auto place = from + at;
        out[at] = static_cast<char>((place * 131 + place / 251 + place / 65521) & 0xffU);
    }
    return out;
}

}  // namespace vmcbridge::io::test
