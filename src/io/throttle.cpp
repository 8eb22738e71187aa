#include "src/io/throttle.hpp"

#include <algorithm>

namespace vmcbridge::io {

milliseconds Throttle::delay(std::string_view address, Clock::time_point now) const {
    const auto* record = find(address);
    if (record == nullptr) return milliseconds{0};
    const auto recent = static_cast<std::size_t>(
        std::ranges::count_if(record->failures, [&](Clock::time_point failure) { return now < failure + window; }));
    if (recent <= free_failures) return milliseconds{0};
    return std::min(last_delay, first_delay * (1U << (recent - free_failures - 1)));
}

bool Throttle::is_refused(std::string_view address, Clock::time_point now) const {
    const auto* record = find(address);
    return record != nullptr && now < record->refused_until;
}

void Throttle::failed(std::string_view address, Clock::time_point now) {
    const auto known = by_address_.find(address);
    if (known != by_address_.end()) {
        records_.splice(records_.end(), records_, known->second);
    } else {
        if (by_address_.size() >= addresses) {
            by_address_.erase(records_.front().address);
            records_.pop_front();
        }
        const auto added = records_.insert(records_.end(), {.address = std::string{address}, .failures = {}});
        by_address_.emplace(added->address, added);
    }
    auto& record = records_.back();
    record.failures.push_back(now);
    while (record.failures.size() > most_failures) record.failures.pop_front();
    const bool full = record.failures.size() == most_failures;
    if (full && now < record.failures.front() + window) record.refused_until = now + refusal;
}

const Throttle::Record* Throttle::find(std::string_view address) const {
    const auto known = by_address_.find(address);
    return known == by_address_.end() ? nullptr : &*known->second;
}

}  // namespace vmcbridge::io
