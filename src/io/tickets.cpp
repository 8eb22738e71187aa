// issue -> open_ -> redeem, or its time passes -> ended_ -> forgotten.
#include "src/io/tickets.hpp"

#include "src/io/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

namespace vmcbridge::io {
namespace {

using browser::Code;

bool is_equal(const TicketHash& a, const TicketHash& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Tickets::Tickets() {
    if (std::array<unsigned char, 32> key{}; fill_random(key)) key_ = key;
}

Tickets::~Tickets() {
    if (key_) OPENSSL_cleanse(key_->data(), key_->size());
}

std::string Tickets::issue(const Admitted& whom, std::chrono::seconds lifetime, Clock::time_point now) {
    forget_old(now);
    auto password = make_password();
    const auto hashed = hash(password);
    // An equal slot is as likely as a guessed ticket; whoever holds the other one keeps it.
    if (password.empty() || !hashed || tickets_.contains(slot_of(*hashed))) return {};
    auto& open = open_[whom.vm];
    expire(open, now);
    if (open.size() >= outstanding_per_vm) {
        tickets_.erase(open.front());
        open.pop_front();
    }
    const auto slot = slot_of(*hashed);
    open.push_back(slot);
    auto& ticket = tickets_[slot];
    ticket = {.state = State::open, .admitted = whom, .until = now + lifetime};
    ticket.admitted.ticket = *hashed;
    return password;
}

void Tickets::set_static(const std::map<std::string, std::string>& passwords) {
    std::erase_if(tickets_, [](const auto& each) { return each.second.state == State::permanent; });
    for (const auto& [vm, password] : passwords) {
        const auto hashed = hash(password);
        if (!hashed || password.empty() || password.size() > password_max) continue;
        Admitted whom{.vm = vm, .user = {}, .permissions = policy::PermissionSet::all_but_admin(), .ticket = *hashed};
        tickets_[slot_of(*hashed)] = {.state = State::permanent, .admitted = std::move(whom), .until = {}};
    }
}

Result<Admitted, Code> Tickets::redeem(std::string_view password, Clock::time_point now,
                                       std::optional<std::string_view> vm) {
    // One way for all: hash, look up, compare, copy. Only then do they part.
    const auto hashed = hash(password).value_or(TicketHash{});
    const auto slot = slot_of(hashed);
    const auto found = tickets_.find(slot);
    const auto& ticket = found == tickets_.end() ? nobody_ : found->second;
    const bool matches = is_equal(hashed, ticket.admitted.ticket);
    const bool is_here = vm.value_or(ticket.admitted.vm) == ticket.admitted.vm;
    const bool is_late = matches && ticket.state == State::open && now >= ticket.until;
    const auto state = !matches || !is_here ? State::absent : is_late ? State::expired : ticket.state;
    auto admitted = ticket.admitted;
    if (is_late || state == State::open) end(slot, is_late ? State::expired : State::used, now);
    forget_old(now);
    if (state == State::open || state == State::permanent) return admitted;
    if (state == State::used) return Code::token_used;
    return state == State::expired ? Code::token_expired : Code::bad_token;
}

bool Tickets::is_of(std::string_view password, const TicketHash& ticket) const noexcept {
    const auto hashed = hash(password);
    return hashed && is_equal(*hashed, ticket);
}

void Tickets::forget(std::string_view vm) {
    std::erase_if(tickets_, [&](const auto& each) {
        return each.second.admitted.vm == vm && each.second.state != State::permanent;
    });
    std::erase_if(ended_, [&](Slot slot) { return !tickets_.contains(slot); });
    if (const auto open = open_.find(vm); open != open_.end()) open_.erase(open);
}

// One byte over the limit is hashed at most: such a password is nobody's, whatever follows.
std::optional<TicketHash> Tickets::hash(std::string_view password) const noexcept {
    password = password.substr(0, password_max + 1);
    TicketHash out{};
    std::array<unsigned char, password_max + 1> bytes{};
    std::memcpy(bytes.data(), password.data(), password.size());
    if (!key_) return std::nullopt;
    unsigned size = 0;
    const auto* done = HMAC(EVP_sha256(), key_->data(), static_cast<int>(key_->size()), bytes.data(), password.size(),
                            out.data(), &size);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return done != nullptr && size == out.size() ? std::optional{out} : std::nullopt;
}

Tickets::Slot Tickets::slot_of(const TicketHash& hash) noexcept {
    Slot slot = 0;
    std::memcpy(&slot, hash.data(), sizeof slot);
    return slot;
}

/// An open ticket is used or has expired: it is remembered as that.
void Tickets::end(Slot slot, State how, Clock::time_point now) {
    auto& ticket = tickets_[slot];
    std::erase(open_[ticket.admitted.vm], slot);
    ticket.state = how;
    ticket.until = now + remembered_for;
    ended_.push_back(slot);
}

void Tickets::expire(const std::deque<Slot>& open, Clock::time_point now) {
    std::vector<Slot> late;  // ending one changes `open`
    std::ranges::copy_if(open, std::back_inserter(late), [&](Slot slot) { return now >= tickets_[slot].until; });
    for (const auto slot : late) end(slot, State::expired, now);
}

void Tickets::forget_old(Clock::time_point now) {
    while (!ended_.empty() && (ended_.size() > remembered || now >= tickets_[ended_.front()].until)) {
        tickets_.erase(ended_.front());
        ended_.pop_front();
    }
}

}  // namespace vmcbridge::io
