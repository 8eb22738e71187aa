#include "src/control/libvirt/libvirt_opener.hpp"

#include "src/control/background.hpp"
#include "src/control/libvirt/stream_process.hpp"
#include "src/control/timer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vmcbridge::control {
namespace {

/// Before a stream that has ended is opened again. A machine that is being destroyed loses its sockets first, and a
/// daemon that is asked to open one of them then holds the machine's lock for seconds, and so the end of it up.
constexpr std::chrono::milliseconds pause_first{2'000};
/// After one failure after the other: each try is a process, and a connection to the daemon. Whoever waits learns of a
/// failure within the time that it gives an opener.
constexpr std::chrono::milliseconds pause_last{10'000};

/// Whoever opens something may be on any thread; what opens it is on the main one. One try at a time, whose outcome
/// goes to who asked last.
class StreamOpener final : public Opener, public std::enable_shared_from_this<StreamOpener> {
public:
    explicit StreamOpener(StreamEnd what) : what_{std::move(what)} {}
    void open(Done done) override {
        on_main([self = shared_from_this(), done = std::move(done)] { self->start(done); });
    }

private:
    void start(const Done& done) {
        const auto before = std::exchange(asker_, done);
        if (before) return before(-1, "it was asked for anew");
        timer_.start(pause_, [self = shared_from_this()] {
            start_stream(self->what_, [self](int fd, std::string problem) { self->finish(fd, std::move(problem)); });
        });
    }

    void finish(int fd, std::string problem) {
        pause_ = fd >= 0 ? pause_first : std::clamp(pause_ * 2, pause_first, pause_last);
        std::exchange(asker_, nullptr)(fd, std::move(problem));
    }

    const StreamEnd what_;
    std::chrono::milliseconds pause_{0};
    Done asker_;  // there while a try is under way
    Timer timer_;
};

class GraphicsOpener final : public Opener {
public:
    GraphicsOpener(std::shared_ptr<DaemonCalls> calls, std::string uuid, unsigned index)
        : calls_{std::move(calls)}, uuid_{std::move(uuid)}, index_{index} {}
    void open(Done done) override {
        on_main([calls = calls_, uuid = uuid_, index = index_, done = std::move(done)] {
            calls->call<int>(
                [uuid, index](const LibvirtLink& on) { return on.open_graphics(uuid, index); },
                [done](Parsed<int> opened) { opened ? done(*opened, {}) : done(-1, opened.error().text); });
        });
    }

private:
    std::shared_ptr<DaemonCalls> calls_;
    std::string uuid_;
    unsigned index_;
};

/// One command at a time: libvirt may be at one for longer than whoever asked waits.
class LibvirtAgent final : public AgentHolder, public std::enable_shared_from_this<LibvirtAgent> {
public:
    LibvirtAgent(std::shared_ptr<DaemonCalls> calls, std::string uuid)
        : calls_{std::move(calls)}, uuid_{std::move(uuid)} {}
    void ask(std::string command, std::chrono::seconds patience, Done done) override {
        hand_on([uuid = uuid_, command = std::move(command),
                 patience](const LibvirtLink& on) { return on.ask_agent(uuid, command, patience); },
                std::move(done));
    }
    void ask_power(std::string what, Done done) override {
        hand_on([uuid = uuid_, what = std::move(what)](const LibvirtLink& on) { return on.ask_power(uuid, what); },
                std::move(done));
    }

private:
    using Work = std::function<Parsed<Answer>(const LibvirtLink&)>;

    void hand_on(Work work, Done done) {
        on_main(
            [self = shared_from_this(), work = std::move(work), done = std::move(done)] { self->start(work, done); });
    }

    void start(const Work& work, const Done& done) {
        if (std::exchange(is_asked_, true))
            return done({.problem = "the guest agent has not answered libvirt yet", .is_agent_there = false});
        calls_->call<Answer>(work, [self = shared_from_this(), done](Parsed<Answer> answer) {
            self->is_asked_ = false;
            done(answer ? *std::move(answer) : Answer{.problem = answer.error().text, .is_agent_there = false});
        });
    }

    std::shared_ptr<DaemonCalls> calls_;
    std::string uuid_;
    bool is_asked_ = false;
};

}  // namespace

std::shared_ptr<Opener> LibvirtOpener::channel(const std::string& name) { return stream("channel", name); }
std::shared_ptr<Opener> LibvirtOpener::console(const std::string& alias) { return stream("console", alias); }

std::shared_ptr<Opener> LibvirtOpener::stream(const std::string& kind, const std::string& name) {
    auto& opener = openers_[kind + " " + name];
    if (!opener) opener = std::make_shared<StreamOpener>(StreamEnd{uri_, uuid_, kind, name});
    return opener;
}

std::shared_ptr<Opener> LibvirtOpener::graphics(unsigned index) {
    auto& opener = openers_["graphics " + std::to_string(index)];
    if (!opener) opener = std::make_shared<GraphicsOpener>(calls_, uuid_, index);
    return opener;
}

std::shared_ptr<AgentHolder> LibvirtOpener::guest_agent() {
    if (!agent_) agent_ = std::make_shared<LibvirtAgent>(calls_, uuid_);
    return agent_;
}

}  // namespace vmcbridge::control
