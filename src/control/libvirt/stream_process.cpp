// start: socket pair, pipe, process -> what comes through the pipe: its end, or a reason -> done -> the process' end
#include "src/control/libvirt/stream_process.hpp"

#include "src/control/glib.hpp"
#include "src/control/timer.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace vmcbridge::control {
namespace {

constexpr std::size_t report_max = 1000;
/// For a connection to the daemon and what it opens there.
constexpr std::chrono::milliseconds open_deadline{10'000};

/// How many are started at once: each logs in at the daemon's host, which may take few at a time.
constexpr std::size_t at_once = 16;

/// Lets so many in, and the others later. Main thread only.
class Gate {
public:
    void enter(std::function<void()> task) {
        waiting_.push_back(std::move(task));
        go_on();
    }
    void leave() {
        --inside_;
        go_on();
    }

private:
    void go_on() {
        while (inside_ < at_once && !waiting_.empty()) {
            ++inside_;
            const auto next = std::move(waiting_.front());
            waiting_.pop_front();
            next();
        }
    }

    std::deque<std::function<void()>> waiting_;  // one for each stream at most
    std::size_t inside_ = 0;
};

Gate& gate() {
    static Gate only;
    return only;
}

/// A process that is being started. Lives until it has said what became of it, and it has ended.
class Starting : public std::enable_shared_from_this<Starting> {
public:
    Starting(int socket, Opener::Done done) : socket_{socket}, done_{std::move(done)} {}
    Starting(const Starting&) = delete;
    Starting& operator=(const Starting&) = delete;
    ~Starting() {
        if (socket_ >= 0) ::close(socket_);
    }

    void watch(GSubprocess* process) {
        process_.reset(process);
        deadline_.start(open_deadline, [this] { g_subprocess_force_exit(process_.get()); });
        g_subprocess_wait_async(process, nullptr, ended, new std::shared_ptr{shared_from_this()});
        read();
    }

private:
    using Self = std::shared_ptr<Starting>;

    void read() {
        g_input_stream_read_async(g_subprocess_get_stdout_pipe(process_.get()), part_.data(), part_.size(),
                                  G_PRIORITY_DEFAULT, nullptr, came, new Self{shared_from_this()});
    }

    static void came(GObject* stream, GAsyncResult* result, gpointer data) noexcept {
        const std::unique_ptr<Self> self{static_cast<Self*>(data)};
        const auto count = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, nullptr);
        if (count > 0) (*self)->report_.append((*self)->part_.data(), static_cast<std::size_t>(count));
        if (count > 0 && (*self)->report_.size() < report_max) return (*self)->read();
        (*self)->answer();
    }

    void answer() {
        deadline_.stop();
        gate().leave();
        if (report_ == stream_is_open) return done_(std::exchange(socket_, -1), {});
        done_(-1, report_.empty() ? "libvirt's daemon does not answer" : report_);
    }

    static void ended(GObject* process, GAsyncResult* result, gpointer data) noexcept {
        const std::unique_ptr<Self> self{static_cast<Self*>(data)};
        g_subprocess_wait_finish(G_SUBPROCESS(process), result, nullptr);
    }

    int socket_;
    Opener::Done done_;
    GObjectPtr<GSubprocess> process_;
    std::array<char, 256> part_{};
    std::string report_;
    Timer deadline_;
};

void spawn(const StreamEnd& what, const Opener::Done& done) {
    const auto refuse = [&](const std::string& reason) {
        gate().leave();
        done(-1, reason);
    };
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return refuse(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): the main thread
    const auto starting = std::make_shared<Starting>(ends[0], done);
    const GObjectPtr<GSubprocessLauncher> launcher{g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE)};
    g_subprocess_launcher_take_stdin_fd(launcher.get(), ends[1]);
    const std::string command{stream_command};
    const std::array arguments{"/proc/self/exe",
                               command.c_str(),
                               what.uri.c_str(),
                               what.uuid.c_str(),
                               what.kind.c_str(),
                               what.name.c_str(),
                               static_cast<const char*>(nullptr)};
    ErrorOut error;
    auto* process = g_subprocess_launcher_spawnv(launcher.get(), arguments.data(), error);
    if (process == nullptr) return refuse(error.message());
    starting->watch(process);
}

}  // namespace

void start_stream(const StreamEnd& what, Opener::Done done) {
    gate().enter([what, done = std::move(done)] { spawn(what, done); });
}

}  // namespace vmcbridge::control
