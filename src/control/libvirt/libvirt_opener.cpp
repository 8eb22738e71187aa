#include "src/control/libvirt/libvirt_opener.hpp"

#include "src/control/background.hpp"
#include "src/control/libvirt/stream_process.hpp"
#include "src/control/timer.hpp"

#include <chrono>
#include <utility>

namespace vmcbridge::control {
namespace {

/// Before a stream that has ended is opened again. A machine that is being destroyed loses its sockets first, and a
/// daemon that is asked to open one of them then holds the machine's lock for seconds, and so the end of it up.
constexpr std::chrono::milliseconds reopen_pause{2'000};

/// Whoever opens something may be on any thread; what opens it is on the main one.
class StreamOpener final : public Opener, public std::enable_shared_from_this<StreamOpener> {
public:
    explicit StreamOpener(StreamEnd what) : what_{std::move(what)} {}
    void open(Done done) override {
        on_main([self = shared_from_this(), done = std::move(done)] { self->start(done); });
    }

private:
    void start(const Done& done) {
        const auto pause = std::exchange(is_first_, false) ? std::chrono::milliseconds{0} : reopen_pause;
        pause_.start(pause, [self = shared_from_this(), done] { start_stream(self->what_, done); });
    }

    const StreamEnd what_;
    bool is_first_ = true;
    Timer pause_;
};

using LinkNow = std::function<std::shared_ptr<LibvirtLink>()>;

/// Asks the daemon in the background; `done` is called on the main thread, where there is no daemon too.
template <class Value>
void ask(const LinkNow& link, std::function<Parsed<Value>(const LibvirtLink&)> what,
         std::function<void(Parsed<Value>)> done) {
    on_main([link, what = std::move(what), done = std::move(done)] {
        auto now = link();
        if (!now) return done(Problem{"libvirt's daemon is not there"});
        in_background(
            [now = std::move(now), what]() mutable {
                auto answer = what(*now);
                now.reset();  // its end may wait for the daemon
                return answer;
            },
            done);
    });
}

class GraphicsOpener final : public Opener {
public:
    GraphicsOpener(LinkNow link, std::string uuid, unsigned index)
        : link_{std::move(link)}, uuid_{std::move(uuid)}, index_{index} {}
    void open(Done done) override {
        ask<int>(
            link_, [uuid = uuid_, index = index_](const LibvirtLink& on) { return on.open_graphics(uuid, index); },
            [done = std::move(done)](Parsed<int> opened) {
                opened ? done(*opened, {}) : done(-1, opened.error().text);
            });
    }

private:
    LinkNow link_;
    std::string uuid_;
    unsigned index_;
};

class LibvirtAgent final : public AgentHolder {
public:
    LibvirtAgent(LinkNow link, std::string uuid) : link_{std::move(link)}, uuid_{std::move(uuid)} {}
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
    void hand_on(std::function<Parsed<Answer>(const LibvirtLink&)> what, Done done) {
        control::ask<Answer>(link_, std::move(what), [done = std::move(done)](Parsed<Answer> answer) {
            done(answer ? *std::move(answer) : Answer{.problem = answer.error().text, .is_agent_there = false});
        });
    }

    LinkNow link_;
    std::string uuid_;
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
    if (!opener) opener = std::make_shared<GraphicsOpener>(link_, uuid_, index);
    return opener;
}

std::shared_ptr<AgentHolder> LibvirtOpener::guest_agent() {
    if (!agent_) agent_ = std::make_shared<LibvirtAgent>(link_, uuid_);
    return agent_;
}

}  // namespace vmcbridge::control
