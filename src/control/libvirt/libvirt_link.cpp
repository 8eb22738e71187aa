#include "src/control/libvirt/libvirt_link.hpp"

#include "src/control/glib.hpp"

#include <libvirt-glib/libvirt-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::control {
namespace {

using DomainPtr = GPtr<virDomain, virDomainFree>;

/// A daemon that is silent for so long has gone.
constexpr int keepalive_seconds = 5;
constexpr unsigned keepalive_count = 3;
/// For the answer of a guest agent to what it is asked last.
constexpr int agent_seconds = 5;

void stay_quiet(void* /*none*/, virError* /*error*/) noexcept {}

/// Of this thread.
Problem last_problem() { return {virGetLastErrorMessage()}; }

std::string uuid_of(virDomain* domain) {
    std::array<char, VIR_UUID_STRING_BUFLEN> text{};
    return virDomainGetUUIDString(domain, text.data()) == 0 ? std::string{text.data()} : std::string{};
}

/// Why it has not answered; libvirt hands on its own refusals as texts.
AgentHolder::Answer refusal_of_agent() {
    const auto code = virGetLastErrorCode();
    const bool is_there = code != VIR_ERR_AGENT_UNRESPONSIVE && code != VIR_ERR_AGENT_UNSYNCED &&
                          code != VIR_ERR_OPERATION_INVALID && code != VIR_ERR_ARGUMENT_UNSUPPORTED;
    return {.problem = virGetLastErrorMessage(), .is_agent_there = is_there};
}

/// The XML with passwords, where whoever we are may see them.
GText xml_of(virDomain* domain) {
    GText secure{virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_SECURE)};
    return secure ? std::move(secure) : GText{virDomainGetXMLDesc(domain, 0)};
}

LiveDomain as_seen(virDomain* domain, const DomainFilter& filter) {
    const char* name = virDomainGetName(domain);
    LiveDomain seen{.uuid = uuid_of(domain), .name = name == nullptr ? "" : name};
    if (virDomainIsActive(domain) != 1 || !filter.takes(seen.name)) return seen;
    if (const auto xml = xml_of(domain)) {
        seen.xml = xml.get();
        const auto id = virDomainGetID(domain);
        seen.id = static_cast<int>(id);
    }
    return seen;
}

// ---- Events: libvirt calls back with an opaque pointer that it frees itself

using Opaque = std::shared_ptr<LibvirtEvents>;

LibvirtEvents& events_of(void* opaque) { return **static_cast<Opaque*>(opaque); }
void free_opaque(void* opaque) noexcept { delete static_cast<Opaque*>(opaque); }

int on_lifecycle(virConnect* /*link*/, virDomain* domain, int /*event*/, int /*detail*/, void* opaque) noexcept {
    events_of(opaque).changed(uuid_of(domain));
    return 0;
}

void on_device(virConnect* /*link*/, virDomain* domain, const char* /*alias*/, void* opaque) noexcept {
    events_of(opaque).changed(uuid_of(domain));
}

void on_metadata(virConnect* /*link*/, virDomain* domain, int /*type*/, const char* /*uri*/, void* opaque) noexcept {
    events_of(opaque).changed(uuid_of(domain));
}

void on_agent(virConnect* /*link*/, virDomain* domain, int state, int /*reason*/, void* opaque) noexcept {
    events_of(opaque).guest_agent(virDomainGetName(domain),
                                  state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED);
    events_of(opaque).changed(uuid_of(domain));
}

void on_close(virConnect* /*link*/, int /*reason*/, void* opaque) noexcept { events_of(opaque).closed(); }

}  // namespace

bool DomainFilter::takes(const std::string& name) const {
    const auto fits = [&](const std::string& pattern) {
        return g_pattern_match_simple(pattern.c_str(), name.c_str()) != 0;
    };
    if (std::ranges::any_of(exclude, fits)) return false;
    return include.empty() || std::ranges::any_of(include, fits);
}

struct LibvirtLink::Impl {
    explicit Impl(virConnect* opened) : connection{opened} {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        for (const auto id : callbacks) virConnectDomainEventDeregisterAny(connection, id);
        virConnectUnregisterCloseCallback(connection, on_close);
        virConnectClose(connection);
    }

    template <class Callback>
    void listen(int event, Callback callback, const Opaque& events) {
        auto* opaque = new Opaque{events};
        const auto id = virConnectDomainEventRegisterAny(connection, nullptr, event,
                                                         VIR_DOMAIN_EVENT_CALLBACK(callback), opaque, free_opaque);
        if (id < 0)
            free_opaque(opaque);  // a driver that has no such event
        else
            callbacks.push_back(id);
    }

    void listen_to_all(const Opaque& events) {
        auto* opaque = new Opaque{events};
        if (virConnectRegisterCloseCallback(connection, on_close, opaque, free_opaque) < 0) free_opaque(opaque);
        virConnectSetKeepAlive(connection, keepalive_seconds, keepalive_count);  // of remote drivers alone
        listen(VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_lifecycle, events);
        listen(VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, on_device, events);
        listen(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, on_device, events);
        listen(VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, on_metadata, events);
        listen(VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, on_agent, events);
    }

    virConnect* connection;
    std::vector<int> callbacks;
};

LibvirtLink::LibvirtLink(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
LibvirtLink::~LibvirtLink() = default;

void LibvirtLink::use_main_loop() {
    [[maybe_unused]] static const bool once = [] {
        virSetErrorFunc(nullptr, stay_quiet);  // its own writes to stderr
        gvir_event_register();
        return true;
    }();
}

Parsed<std::shared_ptr<LibvirtLink>> LibvirtLink::open(const std::string& uri, LibvirtEvents events) {
    auto* opened = virConnectOpen(uri.c_str());  // asks nobody for a password: there is nobody
    if (opened == nullptr) return last_problem();
    auto impl = std::make_unique<Impl>(opened);
    impl->listen_to_all(std::make_shared<LibvirtEvents>(std::move(events)));
    if (impl->callbacks.empty()) return last_problem();
    return std::shared_ptr<LibvirtLink>{new LibvirtLink{std::move(impl)}};
}

Parsed<std::vector<LiveDomain>> LibvirtLink::running(const DomainFilter& filter) const {
    virDomain** list = nullptr;
    const auto count = virConnectListAllDomains(impl_->connection, &list, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (count < 0) return last_problem();
    std::vector<LiveDomain> all;
    for (auto** each = list; *each != nullptr; ++each) {  // ends with a nullptr
        const DomainPtr domain{*each};
        auto seen = as_seen(domain.get(), filter);
        if (!seen.xml.empty()) all.push_back(std::move(seen));
    }
    free(list);  // NOLINT(cppcoreguidelines-no-malloc): libvirt's way
    return all;
}

Parsed<std::vector<LiveDomain>> LibvirtLink::look_up(const std::vector<std::string>& uuids,
                                                     const DomainFilter& filter) const {
    std::vector<LiveDomain> all;
    for (const auto& uuid : uuids) {
        const DomainPtr domain{virDomainLookupByUUIDString(impl_->connection, uuid.c_str())};
        if (domain)
            all.push_back(as_seen(domain.get(), filter));
        else if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
            all.push_back({.uuid = uuid});
        else
            return last_problem();
    }
    return all;
}

Parsed<AgentHolder::Answer> LibvirtLink::ask_agent(const std::string& uuid, const std::string& command,
                                                   std::chrono::seconds patience) const {
    const DomainPtr domain{virDomainLookupByUUIDString(impl_->connection, uuid.c_str())};
    if (!domain) return last_problem();
    const GText line{virDomainQemuAgentCommand(domain.get(), command.c_str(), static_cast<int>(patience.count()), 0)};
    if (!line) return refusal_of_agent();
    return AgentHolder::Answer{.line = line.get()};
}

Parsed<AgentHolder::Answer> LibvirtLink::ask_power(const std::string& uuid, const std::string& what) const {
    const DomainPtr domain{virDomainLookupByUUIDString(impl_->connection, uuid.c_str())};
    if (!domain) return last_problem();
    // Of the three suspend alone would wait for ever for an agent that is silent.
    virDomainAgentSetResponseTimeout(domain.get(), agent_seconds, 0);
    const auto done = what == "shutdown" ? virDomainShutdownFlags(domain.get(), VIR_DOMAIN_SHUTDOWN_GUEST_AGENT)
                      : what == "reboot"
                          ? virDomainReboot(domain.get(), VIR_DOMAIN_REBOOT_GUEST_AGENT)
                          : virDomainPMSuspendForDuration(domain.get(), VIR_NODE_SUSPEND_TARGET_MEM, 0, 0);
    if (done != 0) return refusal_of_agent();
    return AgentHolder::Answer{};
}

Parsed<int> LibvirtLink::open_graphics(const std::string& uuid, unsigned index) const {
    const DomainPtr domain{virDomainLookupByUUIDString(impl_->connection, uuid.c_str())};
    if (!domain) return last_problem();
    const auto fd = virDomainOpenGraphicsFD(domain.get(), index, 0);
    if (fd < 0) return last_problem();
    return fd;
}

}  // namespace vmcbridge::control
