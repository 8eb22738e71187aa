#include "src/io/held_agent.hpp"

#include "proto/limits.hpp"
#include "proto/qga/plain_text.hpp"
#include "src/io/answer_of.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::io {
namespace {

using qga::Power;

/// The holder's own deadline comes first: it knows better what to say.
constexpr std::chrono::milliseconds ahead{500};
/// The holder says when it is done, and when it finds no agent.
constexpr std::chrono::milliseconds silence{8'000};

/// nullptr: it is answered.
const Power* power_of(const qga::Command& command) noexcept {
    static constexpr std::array all{Power::shutdown, Power::reboot, Power::suspend};
    const auto* found = std::ranges::find(all, command, qga::command_of);
    return found == all.end() ? nullptr : found;
}

qga::Failure failure_of(const AgentHolder::Answer& answer) {
    using browser::Code;
    auto text = qga::plain_text(answer.problem, limits::qga_text);
    if (!answer.is_agent_there) return {.code = Code::no_agent, .detail = std::move(text)};
    return {.code = Code::guest_error,
            .detail = "the guest agent refuses the command",
            .error = {.kind = "GenericError", .text = std::move(text)}};
}

}  // namespace

void HeldAgent::update(const Port& port) {
    holder_ = port.agent_holder;
    is_connected_ = port.facts.is_open_in_guest.value_or(true);
}

Task<qga::Answer> HeldAgent::ask(qga::Command command, Clock::time_point deadline) {
    using Answer = AgentHolder::Answer;
    if (const auto* const power = power_of(command)) {
        auto start = [holder = holder_, what = std::string{qga::name(*power)}](std::function<void(Answer)> done) {
            holder->ask_power(what, std::move(done));
        };
        const auto answer = co_await answer_of<Answer>(std::move(start), Clock::now() + silence);
        if (!answer) {
            qga::Failure failure{.code = browser::Code::timeout, .detail = "libvirt does not say whether it is done"};
            co_return failure;
        }
        if (!answer->problem.empty()) co_return failure_of(*answer);
        co_return qga::Reply{};
    }
    const auto patience = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now() - ahead);
    auto start = [holder = holder_, line = qga::encode(command), patience](std::function<void(Answer)> done) {
        holder->ask(line, std::max(patience, std::chrono::seconds{1}), std::move(done));
    };
    const auto answer = co_await answer_of<Answer>(std::move(start), deadline);
    if (!answer) {
        qga::Failure failure{.code = browser::Code::timeout, .detail = "the guest agent does not answer"};
        co_return failure;
    }
    if (!answer->problem.empty()) co_return failure_of(*answer);
    if (answer->line.size() > limits::qga_line) co_return qga::junk("the answer is longer than an agent's may be");
    co_return qga::decode_reply(answer->line);
}

}  // namespace vmcbridge::io
