#pragma once

#include "proto/qga/info.hpp"
#include "src/bridge/rate.hpp"
#include "src/io/guest_commands.hpp"
#include "src/io/presence.hpp"
#include "src/io/signal.hpp"
#include "src/policy/policy.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmcbridge::io {

/// What somebody wants of a guest's agent.
struct GuestAsk {
    std::optional<qga::Power> power{};  ///< nullopt: what it knows of the machine
    std::string peer{};                 ///< for the log
    std::shared_ptr<Presence> asker{};  ///< never null
};

struct GuestAnswered {
    std::shared_ptr<const qga::GuestInfo> info{};  ///< null: power was asked for, and the agent has taken it
    bool may_power = false;                        ///< by policy
};
using GuestAnswer = Result<GuestAnswered, qga::Failure>;

/// What clients ask of one machine's guest agent: who may, one thing at a time, in the order in which it was asked. All
/// who want to know share one survey of the guest, which also serves those who come within `fresh` after it. Lives on
/// the machine's context.
class GuestControl {
public:
    using Done = std::function<void(GuestAnswer)>;

    /// What is known of a guest is told again for so long.
    static constexpr std::chrono::milliseconds fresh{1'000};
    /// For the answer to one command, and for all of a survey.
    static constexpr std::chrono::milliseconds command_deadline{5'000};
    static constexpr std::chrono::milliseconds survey_deadline{10'000};

    /// `commands` outlive run(). REQUIRES: `rule` is not off.
    GuestControl(net::io_context& context, std::string vm, std::shared_ptr<GuestCommands> commands,
                 policy::GuestAgentRule rule);
    GuestControl(const GuestControl&) = delete;
    GuestControl& operator=(const GuestControl&) = delete;
    ~GuestControl() = default;

    /// Serves those who ask until stop(), which has to come before the end.
    [[nodiscard]] Task<> run(std::shared_ptr<GuestControl> self);
    /// REQUIRES: `rule` is not off. It holds for what was asked before too.
    void update(policy::GuestAgentRule rule) noexcept { rule_ = rule; }
    /// Tells all who wait that there is no answer, and ends run().
    void stop();

    /// `done` is called once, at once or later. Failures: those of GuestCommands; disabled, busy, cancelled, stopping.
    void ask(GuestAsk ask, Done done);
    /// Somebody who waits has gone.
    void forget_gone();
    [[nodiscard]] bool is_connected() const noexcept { return commands_->is_connected(); }

private:
    struct Waiter {
        GuestAsk ask;
        Done done;
    };
    /// One thing to ask, and all who wait for its answer.
    struct Job {
        std::optional<qga::Power> power;
        std::string peer;  // who asked first
        std::vector<Waiter> waiters;
    };

    [[nodiscard]] std::optional<qga::Failure> refusal(const GuestAsk& ask);
    [[nodiscard]] Job* shared_job(const GuestAsk& ask);
    [[nodiscard]] std::size_t waiting() const noexcept;
    [[nodiscard]] Task<GuestAnswer> serve_job();
    [[nodiscard]] Task<GuestAnswer> survey();
    [[nodiscard]] Task<GuestAnswer> command_power(qga::Power power);
    void finish(const GuestAnswer& answer);
    void note(std::optional<qga::Power> power, const std::string& peer, const GuestAnswer& answer);

    std::string vm_;
    std::shared_ptr<GuestCommands> commands_;
    policy::GuestAgentRule rule_;
    std::deque<Job> jobs_;  // the first one is under way
    std::shared_ptr<const qga::GuestInfo> known_;
    Clock::time_point known_at_;
    bridge::Rate notes_;
    bool stopping_ = false;
    Signal work_;
};

}  // namespace vmcbridge::io
