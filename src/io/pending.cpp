#include "src/io/pending.hpp"

#include "src/io/bounds.hpp"

#include <algorithm>

namespace vmcbridge::io {

// One that was ended before leaves the list only when its task has its turn.
bool Pending::end_oldest_of(auto matches) {
    const auto oldest =
        std::ranges::find_if(entries_, [&](const Connection& each) { return each.stream->is_open() && matches(each); });
    if (oldest == entries_.end()) return false;
    oldest->stream->close();
    return true;
}

Pending::Entry Pending::add(const std::string& address, Stream& stream) {
    if (++counts_[address] > bounds::pending_per_address) {
        end_oldest_of([&](const Connection& each) { return each.address == address; });
    } else if (entries_.size() >= most_) {
        end_oldest();
    }
    return entries_.insert(entries_.end(), {.address = address, .stream = &stream});
}

void Pending::remove(Entry entry) {
    const auto count = counts_.find(entry->address);
    if (--count->second == 0) counts_.erase(count);
    entries_.erase(entry);
}

bool Pending::end_oldest() {
    return end_oldest_of([](const Connection&) { return true; });
}

void Pending::end_idle() {
    for (auto& each : entries_) {
        if (each.idle) each.stream->close();
    }
}

}  // namespace vmcbridge::io
