// Who owns what. The contents' way is in clipboard_fetch.cpp.

#include "src/bridge/clipboard_broker.hpp"

#include "src/bridge/fetch.hpp"

#include <utility>

namespace vmcbridge::bridge {

using agent::Capability;
using browser::Code;
using policy::Permission;
using policy::Way;

namespace {
constexpr std::array selections{Selection::clipboard, Selection::primary, Selection::secondary};

/// An agent that is back is told of older grabs after this time only: a copy made in the guest just now is newer, and
/// an agent that reads our grab first gives it up.
constexpr std::chrono::milliseconds announce_delay{100};
}  // namespace

ClipboardBroker::ClipboardBroker(World& world, GuestSession& guest, SpoolFactory spools)
    : world_{world}, guest_{guest}, spools_{limits::vm_clipboard_memory, std::move(spools)} {}

ClipboardBroker::~ClipboardBroker() = default;

// ---- The guest's side

void ClipboardBroker::guest_grabbed(const agent::ClipboardGrab& grab, Time now) {
    auto& s = state(grab.selection);
    if (guest_.dialect().grab_serial) {
        // Both ends count every grab; an older number crossed one of ours on the way, and then ours stands.
        if (grab.serial.raw() < s.serial) {
            ++world_.counters.clipboard_stale;
            world_.trace.stopped(from_guest("grab"), Code::not_owner, "a client's newer copy crossed it");
            return;
        }
        s.serial = grab.serial.raw() + 1;
    }
    if (grab.selection != Selection::clipboard && !world_.settings.policy.primary_selection) return;
    world_.trace.passed(from_guest("grab"), to_text(grab.formats));
    set_owner(grab.selection, {.kind = Owner::Kind::guest, .client = {}, .formats = grab.formats, .generation = 0},
              now);
}

void ClipboardBroker::guest_released(Selection selection, Time now) {
    if (state(selection).owner.kind != Owner::Kind::guest) return;
    world_.trace.passed(from_guest("release"));
    set_owner(selection, {}, now);
}

void ClipboardBroker::agent_came(Time now) {
    for (const auto selection : selections) {
        auto& s = state(selection);
        s.serial = 0;
        s.told_generation = 0;
        s.given_up.clear();
        if (s.owner.kind == Owner::Kind::guest) set_owner(selection, {}, now);
    }
    announce_at_ = now + announce_delay;
}

void ClipboardBroker::announce_standing() {
    announce_at_.reset();
    for (const auto selection : selections) tell_guest(selection);
}

void ClipboardBroker::agent_went(Time now) {
    fail_where([](const Fetch& fetch) { return fetch.from_guest; }, Code::agent_gone,
               "the agent went before the contents came", now);
    announce_at_.reset();
    streaming_ = {};
    for (auto& fetch : fetches_) fetch.guest_waits = 0;
    drop_unwanted(now);
    for (const auto selection : selections) {
        auto& s = state(selection);
        s.told_generation = 0;
        s.given_up.clear();
        if (s.owner.kind == Owner::Kind::guest) set_owner(selection, {}, now);
    }
}

// ---- The clients' side

void ClipboardBroker::grabbed(Client& client, Selection selection, const FormatList& formats, Time now) {
    const auto refuse_with = [&](Code code, std::string_view why) {
        world_.trace.stopped(from_client(client.id(), "grab"), code, why);
        client.refused(code, "clipboard-grab", why);
    };
    const auto& policy = world_.settings.policy;
    if (policy.to_guest.formats.empty())
        return refuse_with(Code::policy_direction, "copying to this machine is switched off");
    if (!client.may(Permission::clipboard_to_guest))
        return refuse_with(Code::forbidden, "you may not copy to this machine");
    if (selection != Selection::clipboard && !policy.primary_selection)
        return refuse_with(Code::disabled, "only the clipboard selection is shared on this machine");
    if (!formats.empty() && policy::permitted_formats(policy, Way::to_guest, selection, formats).empty())
        return refuse_with(Code::policy_format, "none of these formats may be copied to this machine");
    if (formats.empty()) return release(client, selection, now);
    world_.trace.passed(from_client(client.id(), "grab"), to_text(formats));
    set_owner(selection, {.kind = Owner::Kind::client, .client = client.id(), .formats = formats, .generation = 0},
              now);
}

void ClipboardBroker::release(Client& client, Selection selection, Time now) {
    client.seen[static_cast<std::size_t>(selection)].own = false;
    const auto& owner = state(selection).owner;
    if (owner.kind == Owner::Kind::client && owner.client == client.id()) set_owner(selection, {}, now);
}

void ClipboardBroker::show_to(Client& client) {
    for (const auto selection : selections) show(client, selection);
}

void ClipboardBroker::client_lost(ClientId client, Time now) {
    for (auto& fetch : fetches_)
        std::erase_if(fetch.waiters, [&](const Fetch::Waiter& waiter) { return waiter.client == client; });
    fail_where(
        [&](const Fetch& fetch) {
            return !fetch.from_guest && fetch.owner == client && fetch.stage == Fetch::Stage::streaming;
        },
        Code::not_owner, "the connection of the contents' owner was lost", now);
    drop_unwanted(now);
    check_slow(now);
}

void ClipboardBroker::client_resumed(Client& client) {
    show_to(client);
    for (const auto& fetch : fetches_)
        if (!fetch.from_guest && fetch.owner == client.id() && fetch.stage == Fetch::Stage::asked)
            client.asked(fetch.id, fetch.selection, fetch.format);
}

void ClipboardBroker::client_gone(ClientId client, Time now) {
    for (auto& fetch : fetches_)
        std::erase_if(fetch.waiters, [&](const Fetch::Waiter& waiter) { return waiter.client == client; });
    fail_where([&](const Fetch& fetch) { return !fetch.from_guest && fetch.owner == client; }, Code::not_owner,
               "the owner of the contents went", now);
    drop_unwanted(now);
    for (const auto selection : selections) {
        const auto& owner = state(selection).owner;
        if (owner.kind == Owner::Kind::client && owner.client == client) set_owner(selection, {}, now);
    }
}

void ClipboardBroker::settings_changed(Time now) {
    for (const auto selection : selections) {
        const auto& owner = state(selection).owner;
        const auto* client = owner.kind == Owner::Kind::client ? world_.find(owner.client) : nullptr;
        if (client && !client->may(Permission::clipboard_to_guest)) {
            set_owner(selection, {}, now);
        } else {
            changed(selection);
        }
    }
    end_forbidden(now);
}

void ClipboardBroker::end_forbidden(Time now) {
    const auto& policy = world_.settings.policy;
    for (auto& fetch : fetches_) {
        std::erase_if(fetch.waiters, [&](const Fetch::Waiter& waiter) {
            auto* client = world_.find(waiter.client);
            const auto code = client ? refuse(*client, fetch.selection, fetch.format) : Code::forbidden;
            if (code && client) client->answer_failed(waiter.request, *code, "the rules changed");
            return code.has_value();
        });
        if (fetch.from_guest || fetch.guest_waits == 0) continue;
        const auto* owner = world_.find(fetch.owner);
        if (owner && owner->may(Permission::clipboard_to_guest) &&
            !policy::refuse_clipboard(policy, Way::to_guest, fetch.selection, fetch.format))
            continue;
        for (; fetch.guest_waits > 0; --fetch.guest_waits) answer_guest_empty(fetch.selection, fetch.format);
    }
    for (const auto& [id, client] : world_.clients)
        if (!client->may(Permission::clipboard_from_guest))
            client->drop_answers(Client::Answers::all, Code::policy_direction, "the rules changed");
    drop_unwanted(now);
    fail_where(
        [&](const Fetch& fetch) {
            return !fetch.from_guest &&
                   policy::refuse_clipboard(policy, Way::to_guest, fetch.selection, fetch.format).has_value();
        },
        Code::policy_format, "the rules changed", now);
    fail_where(
        [&](const Fetch& fetch) {
            return policy::refuse_size(policy, fetch.from_guest ? Way::from_guest : Way::to_guest, fetch.size)
                .has_value();
        },
        Code::too_large, "the contents are larger than the new limit", now);
}

// ---- Ownership

void ClipboardBroker::set_owner(Selection selection, Owner owner, Time now) {
    auto& current = state(selection).owner;
    const auto generation = current.generation + 1;
    current = owner;
    current.generation = generation;
    drop_superseded(selection, now);
    changed(selection);
}

/// The guest hears of it at once: what it says next is about this state.
void ClipboardBroker::changed(Selection selection) {
    news_.at(static_cast<std::size_t>(selection)) = true;
    tell_guest(selection);
}

void ClipboardBroker::publish() {
    for (const auto selection : selections) {
        if (!std::exchange(news_.at(static_cast<std::size_t>(selection)), false)) continue;
        for (auto& [id, client] : world_.clients) show(*client, selection);
    }
}

void ClipboardBroker::show(Client& client, Selection selection) {
    const auto& owner = state(selection).owner;
    auto& seen = client.seen[static_cast<std::size_t>(selection)];
    if (owner.kind == Owner::Kind::client && owner.client == client.id()) {
        seen = {.own = true, .generation = owner.generation, .formats = {}};
        return;
    }
    const auto visible = visible_to(client, selection);
    if (visible.empty()) {
        if (seen.own || !seen.formats.empty()) client.released(selection);
        if (seen.generation != owner.generation) trace_hidden(client, selection);
        seen = {.own = false, .generation = owner.generation, .formats = {}};
        return;
    }
    if (!seen.own && seen.generation == owner.generation && seen.formats == visible) return;
    seen = {.own = false, .generation = owner.generation, .formats = visible};
    world_.trace.passed(to_client(client.id(), "offer"), to_text(visible));
    client.offered(selection, visible, owner.generation);
}

void ClipboardBroker::trace_hidden(const Client& client, Selection selection) {
    const auto& owner = state(selection).owner;
    if (owner.kind == Owner::Kind::nobody) return;
    const auto first = owner.formats.empty() ? ClipboardFormat::none : *owner.formats.begin();
    const auto code = refuse(client, selection, first).value_or(Code::policy_format);
    world_.trace.stopped(to_client(client.id(), "offer"), code, browser::meaning(code));
}

FormatList ClipboardBroker::visible_to(const Client& client, Selection selection) const {
    const auto& owner = state(selection).owner;
    const auto& policy = world_.settings.policy;
    if (owner.kind == Owner::Kind::nobody || !client.may(Permission::clipboard_from_guest)) return {};
    if (owner.kind == Owner::Kind::client) {
        if (owner.client == client.id() || !policy.share_between_clients) return {};
        const auto sent = policy::permitted_formats(policy, Way::to_guest, selection, owner.formats);
        return policy::permitted_formats(policy, Way::from_guest, selection, sent);
    }
    return policy::permitted_formats(policy, Way::from_guest, selection, owner.formats);
}

bool ClipboardBroker::agent_has(Selection selection) const noexcept {
    return guest_.can(Capability::clipboard_by_demand) &&
           (selection == Selection::clipboard || guest_.dialect().selection);
}

void ClipboardBroker::tell_guest(Selection selection) {
    auto& s = state(selection);
    if (!agent_has(selection)) {
        if (s.owner.kind != Owner::Kind::client) return;
        const auto code = guest_.is_there() ? Code::not_supported : Code::no_agent;
        return world_.trace.stopped(to_guest("grab", s.owner.client), code, browser::meaning(code));
    }
    FormatList formats;
    if (s.owner.kind == Owner::Kind::client)
        formats = policy::permitted_formats(world_.settings.policy, Way::to_guest, selection, s.owner.formats);
    if (!formats.empty()) {
        if (s.told_generation == s.owner.generation && s.told_formats == formats) return;
        s.told_generation = s.owner.generation;
        s.told_formats = formats;
        world_.trace.passed(to_guest("grab", s.owner.client), to_text(formats));
        guest_.send(agent::ClipboardGrab{.selection = selection, .serial = GrabSerial{s.serial}, .formats = formats});
        if (guest_.dialect().grab_serial) ++s.serial;
        return;
    }
    if (std::exchange(s.told_generation, 0) != 0 && s.owner.kind != Owner::Kind::guest)
        guest_.send(agent::ClipboardRelease{.selection = selection});
}

std::optional<Code> ClipboardBroker::refuse(const Client& client, Selection selection, ClipboardFormat format) const {
    const auto& policy = world_.settings.policy;
    const auto& owner = state(selection).owner;
    if (policy.from_guest.formats.empty()) return Code::policy_direction;
    if (!client.may(Permission::clipboard_from_guest)) return Code::forbidden;
    if (selection != Selection::clipboard && !policy.primary_selection) return Code::disabled;
    if (owner.kind != Owner::Kind::client && !guest_.is_there()) return Code::no_agent;
    if (owner.kind == Owner::Kind::nobody) return Code::not_owner;
    if (owner.kind == Owner::Kind::client && (owner.client == client.id() || !policy.share_between_clients))
        return Code::not_owner;
    if (!owner.formats.has(format)) return Code::not_offered;
    if (const auto code = policy::refuse_clipboard(policy, Way::from_guest, selection, format)) return code;
    if (owner.kind == Owner::Kind::client) return policy::refuse_clipboard(policy, Way::to_guest, selection, format);
    return std::nullopt;
}

}  // namespace vmcbridge::bridge
