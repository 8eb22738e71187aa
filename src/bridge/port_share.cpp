#include "src/bridge/port_share.hpp"

#include <algorithm>

namespace vmcbridge::bridge {

void PortShare::handle_gone() {
    connected_ = false;
    pending_.clear();
}

const PortShare::Reader* PortShare::find(ClientId client) const noexcept {
    const auto found = std::ranges::find(readers_, client, &Reader::id);
    return found == readers_.end() ? nullptr : &*found;
}

std::size_t PortShare::most_behind() const noexcept {
    std::size_t most = 0;
    for (const auto& reader : readers_) most = std::max(most, behind(reader));
    return most;
}

std::size_t PortShare::room() const noexcept { return limits::port_backlog - most_behind(); }

void PortShare::handle_bytes(Bytes bytes, Time now) {
    history_.append(bytes);
    said_ += bytes.size();
    const auto kept = std::max(limits::port_scroll_back, most_behind());
    if (history_.size() > kept) history_.consume(history_.size() - kept);
    for (auto& reader : readers_)
        if (behind(reader) == limits::port_backlog && !reader.full_since) reader.full_since = now;
}

ClientId PortShare::join() {
    const ClientId id{++last_id_};
    readers_.push_back({.id = id, .at = said_ - std::min(history_.size(), limits::port_scroll_back)});
    return id;
}

void PortShare::leave(ClientId client) {
    std::erase_if(readers_, [&](const Reader& each) { return each.id == client; });
}

Bytes PortShare::to_client(ClientId client) const noexcept {
    const auto* const reader = find(client);
    if (reader == nullptr) return {};
    return history_.from(history_.size() - behind(*reader), behind(*reader));
}

void PortShare::taken(ClientId client, std::size_t count) noexcept {
    const auto reader = std::ranges::find(readers_, client, &Reader::id);
    if (reader == readers_.end()) return;
    reader->at += count;
    if (behind(*reader) <= limits::port_backlog / 2) reader->full_since.reset();
}

std::optional<ClientId> PortShare::writer() const noexcept {
    if (readers_.empty()) return std::nullopt;
    return readers_.front().id;
}

std::size_t PortShare::write(ClientId client, Bytes bytes) {
    if (!connected_ || writer() != client) return bytes.size();
    const auto taken = bytes.first(std::min(bytes.size(), limits::port_to_guest - pending_.size()));
    pending_.append(taken);
    return taken.size();
}

std::optional<Time> PortShare::poll_timeout() const noexcept {
    std::optional<Time> first;
    for (const auto& reader : readers_)
        if (reader.full_since && (!first || *reader.full_since + port_stall < *first))
            first = *reader.full_since + port_stall;
    return first;
}

std::vector<ClientId> PortShare::too_slow(Time now) const {
    std::vector<ClientId> slow;
    for (const auto& reader : readers_)
        if (reader.full_since && *reader.full_since + port_stall <= now) slow.push_back(reader.id);
    return slow;
}

}  // namespace vmcbridge::bridge
