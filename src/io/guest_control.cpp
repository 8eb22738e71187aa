// ask() -> a job, or a place in one that waits -> run(): job by job -> survey() or command_power() -> all who wait.
#include "src/io/guest_control.hpp"

#include "proto/limits.hpp"
#include "src/bridge/guest_survey.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vmcbridge::io {

using browser::Code;
using policy::GuestAgentRule;
using qga::Failure;

namespace {

Failure gone() { return {.code = Code::cancelled, .detail = "nobody waits for it any more"}; }

Failure power_is_off() {
    return {.code = Code::disabled,
            .detail = "guest-agent is not power for this machine, so clients can't switch it off"};
}

}  // namespace

GuestControl::GuestControl(net::io_context& context, std::string vm, std::shared_ptr<GuestCommands> commands,
                           GuestAgentRule rule)
    : vm_{std::move(vm)},
      commands_{std::move(commands)},
      rule_{rule},
      notes_{limits::qga_notes, std::chrono::minutes{1}},
      work_{context} {}

// ---- Who asks

void GuestControl::ask(GuestAsk ask, Done done) {
    const bool is_known = !ask.power && known_ && Clock::now() - known_at_ < fresh;
    if (is_known && !stopping_) return done(GuestAnswered{.info = known_, .may_power = rule_ == GuestAgentRule::power});
    if (auto refused = refusal(ask)) {
        note(ask.power, ask.peer, *refused);
        return done(std::move(*refused));
    }
    auto* job = shared_job(ask);
    if (job == nullptr) job = &jobs_.emplace_back(Job{.power = ask.power, .peer = ask.peer, .waiters = {}});
    job->waiters.push_back({std::move(ask), std::move(done)});
    work_.notify();
}

std::optional<Failure> GuestControl::refusal(const GuestAsk& ask) {
    if (stopping_) return Failure{.code = Code::stopping, .detail = "the machine is being detached"};
    if (ask.asker->is_gone()) return gone();
    if (ask.power && rule_ != GuestAgentRule::power) return power_is_off();
    if (!commands_->is_connected())
        return Failure{.code = Code::no_agent, .detail = "nobody is at the guest agent's port"};
    if (waiting() >= limits::qga_waiting)
        return Failure{.code = Code::busy, .detail = "too many wait for this guest agent already"};
    return std::nullopt;
}

GuestControl::Job* GuestControl::shared_job(const GuestAsk& ask) {
    if (ask.power) return nullptr;
    const auto job = std::ranges::find(jobs_, std::optional<qga::Power>{}, &Job::power);
    return job == jobs_.end() ? nullptr : &*job;
}

std::size_t GuestControl::waiting() const noexcept {
    std::size_t count = 0;
    for (const auto& job : jobs_) count += job.waiters.size();
    return count;
}

void GuestControl::forget_gone() {
    std::vector<Waiter> left;
    for (auto& job : jobs_) {
        const auto rest = std::ranges::stable_partition(
            job.waiters, [](const Waiter& waiter) { return !waiter.ask.asker->is_gone(); });
        std::ranges::move(rest, std::back_inserter(left));
        job.waiters.erase(rest.begin(), rest.end());
    }
    for (const auto& waiter : left) waiter.done(gone());
}

void GuestControl::stop() {
    stopping_ = true;
    work_.notify();
    std::vector<Waiter> left;
    for (auto& job : jobs_) std::ranges::move(std::exchange(job.waiters, {}), std::back_inserter(left));
    for (const auto& waiter : left)
        waiter.done(Failure{.code = Code::stopping, .detail = "the machine was detached, or its rules changed"});
}

// ---- The guest

Task<> GuestControl::run(std::shared_ptr<GuestControl> self) {
    while (!stopping_) {
        if (jobs_.empty()) {
            co_await work_.wait();
            continue;
        }
        const auto answer = co_await serve_job();
        finish(answer);
    }
    static_cast<void>(self);
}

Task<GuestAnswer> GuestControl::serve_job() {
    if (jobs_.front().waiters.empty()) co_return gone();
    const auto power = jobs_.front().power;
    if (!power) co_return co_await survey();
    co_return co_await command_power(*power);
}

Task<GuestAnswer> GuestControl::survey() {
    bridge::GuestSurvey survey;
    const auto last = Clock::now() + survey_deadline;
    while (const auto command = survey.poll_command()) {
        if (jobs_.front().waiters.empty()) co_return gone();
        const auto deadline = std::min<Clock::time_point>(last, Clock::now() + command_deadline);
        const auto answer = co_await commands_->ask(*command, deadline);
        if (auto failure = survey.handle_answer(answer)) co_return std::move(*failure);
    }
    known_ = std::make_shared<const qga::GuestInfo>(survey.info());
    known_at_ = Clock::now();
    GuestAnswered answered{.info = known_, .may_power = rule_ == GuestAgentRule::power};
    co_return answered;
}

Task<GuestAnswer> GuestControl::command_power(qga::Power power) {
    if (rule_ != GuestAgentRule::power) co_return power_is_off();
    const auto answer = co_await commands_->ask(qga::command_of(power), Clock::now() + command_deadline);
    if (!answer) co_return answer.error();
    GuestAnswered answered{.info = nullptr, .may_power = true};
    co_return answered;
}

void GuestControl::finish(const GuestAnswer& answer) {
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    note(job.power, job.peer, answer);
    for (const auto& waiter : job.waiters) waiter.done(answer);
}

/// What was done to the machine is always told; all else as often as a log can bear.
void GuestControl::note(std::optional<qga::Power> power, const std::string& peer, const GuestAnswer& answer) {
    const auto now = Clock::now();
    if (const auto count = notes_.take_surplus(now); count > 0)
        log::warning("guest-asks-left-out", {{"vm", vm_}, {"count", count}});
    const bool is_done = power && answer;
    if (!is_done && !notes_.take(now)) return;
    const auto command = power ? qga::name(*power) : "info";
    if (answer) return log::info("guest-asked", {{"vm", vm_}, {"command", command}, {"peer", peer}, {"result", "ok"}});
    log::info("guest-asked", {{"vm", vm_},
                              {"command", command},
                              {"peer", peer},
                              {"result", browser::name(answer.error().code)},
                              {"reason", answer.error().detail}});
}

}  // namespace vmcbridge::io
