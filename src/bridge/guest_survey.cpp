#include "src/bridge/guest_survey.hpp"

namespace vmcbridge::bridge {

std::optional<qga::Command> GuestSurvey::poll_command() const {
    if (!parts_) return qga::support_command;
    if (next_ == parts_->size()) return std::nullopt;
    return (*parts_)[next_]->command;
}

std::optional<qga::Failure> GuestSurvey::handle_answer(const qga::Answer& answer) {
    if (!parts_) return handle_support(answer);
    const auto& part = *(*parts_)[next_++];
    if (answer)
        part.decode(answer->value(), info_);
    else if (!answer.error().is_agents_own())
        return answer.error();
    return std::nullopt;
}

std::optional<qga::Failure> GuestSurvey::handle_support(const qga::Answer& answer) {
    if (!answer) return answer.error();
    parts_ = qga::decode_support(answer->value(), info_);
    if (parts_) return std::nullopt;
    return qga::junk("the guest agent's answer to guest-info does not say which commands it has");
}

}  // namespace vmcbridge::bridge
