#include "src/control/supervisor.hpp"

#include "src/log.hpp"

#include <unistd.h>

#include <algorithm>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto first_delay = 100ms;
constexpr auto longest_delay = 2000ms;
constexpr auto steady_after = 5s;  // who ran this long begins again with the first delay
constexpr auto look_again = 20ms;  // for what a program needs

}  // namespace

void Supervised::start() {
    if (stopping_) return;
    if (!settings_.needs.empty() && access(settings_.needs.c_str(), F_OK) != 0)
        return timer_.start(look_again, [this] { start(); });
    started_ = steady_clock::now();
    auto child = Child::start(settings_.program, [this](const std::string& how) { handle_ended(how); });
    if (!child) return handle_ended(child.error().text);
    child_ = std::move(*child);
}

void Supervised::handle_ended(const std::string& how) {
    if (!settings_.removes.empty()) unlink(settings_.removes.c_str());
    if (stopping_) return;
    const bool was_steady = steady_clock::now() - started_ > steady_after;
    delay_ = was_steady || delay_ == 0ms ? first_delay : std::min<std::chrono::milliseconds>(delay_ * 2, longest_delay);
    log::warning("demo-program-ended", {{"program", name()}, {"how", how}, {"again_ms", delay_.count()}});
    timer_.start(delay_, [this] { start(); });
}

void Supervised::stop(int signal) {
    stopping_ = true;
    timer_.stop();
    if (child_) child_->signal(signal);
}

}  // namespace vmcbridge::control
