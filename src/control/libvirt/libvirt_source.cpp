#include "src/control/libvirt/libvirt_source.hpp"

#include "src/control/background.hpp"
#include "src/control/domain/domain_xml.hpp"
#include "src/control/libvirt/libvirt_opener.hpp"
#include "src/control/timer.hpp"
#include "src/control/values.hpp"
#include "src/log.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

// There is one job at a time, in the background; what it gave comes back to the main loop, which then asks what is
// next:
//
//   no link                        -> open      (after a pause, where that failed)
//   new link, or another filter    -> running   all domains, against those that are known
//   events                         -> look_up   these domains alone

namespace vmcbridge::control {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_first{250};
constexpr milliseconds retry_last{5000};

}  // namespace

struct LibvirtSource::Impl : std::enable_shared_from_this<LibvirtSource::Impl> {
    using Link = std::shared_ptr<LibvirtLink>;
    using Domains = Parsed<std::vector<LiveDomain>>;

    Impl(std::string wanted, Machines& all) : uri{std::move(wanted)}, machines{all} {}

    /// A machine that we gave.
    struct Known {
        std::string name;
        int id;
        std::string xml;  // there are more events than changes
        bool is_given;
        std::shared_ptr<LibvirtOpener> opener;  // as long as it runs
    };

    // ---- What is next

    void go_on() {
        if (busy || pausing) return;
        if (!link) return open();
        if (std::exchange(all_dirty, false)) {
            dirty.clear();
            return ask([filter = filter](const LibvirtLink& on) { return on.running(filter); },
                       [](Impl& self, const std::vector<LiveDomain>& domains) { self.reconcile(domains); });
        }
        if (dirty.empty()) return;
        const std::vector<std::string> uuids{dirty.begin(), dirty.end()};
        dirty.clear();
        ask([uuids, filter = filter](const LibvirtLink& on) { return on.look_up(uuids, filter); },
            [](Impl& self, const std::vector<LiveDomain>& domains) {
                for (const auto& each : domains) self.take(each);
            });
    }

    void open() {
        busy = true;
        in_background([uri = uri, events = events()]() mutable { return LibvirtLink::open(uri, std::move(events)); },
                      [weak = weak_from_this()](Parsed<Link> opened) {
                          if (const auto self = weak.lock()) return self->opened(std::move(opened));
                          if (opened) release(*std::move(opened));
                      });
    }

    void opened(Parsed<Link> opened) {
        busy = false;
        if (!opened) return fail("libvirt-unreachable", opened.error().text);
        link = *std::move(opened);
        all_dirty = true;
        last_fault.clear();
        log::info("libvirt-connected", {{"uri", uri}});
        go_on();
    }

    template <class Work, class Done>
    void ask(Work work, Done done) {
        busy = true;
        in_background([link = link, work = std::move(work)] { return work(*link); },
                      [weak = weak_from_this(), asked = link, done](Domains domains) mutable {
                          if (const auto self = weak.lock()) self->answered(asked, domains, done);
                          release(std::move(asked));
                      });
    }

    template <class Done>
    void answered(const Link& asked, const Domains& domains, Done done) {
        busy = false;
        if (asked == link && !domains) return lose(domains.error().text);
        retry = retry_first;
        if (asked == link) done(*this, *domains);
        go_on();
    }

    // ---- What happens

    /// They come from any thread, and about a link that may have been given up.
    [[nodiscard]] LibvirtEvents events() {
        const auto generation = ++links;
        const auto hand_over = [weak = weak_from_this(), generation](std::function<void(Impl&)> what) {
            on_main([weak, generation, what = std::move(what)] {
                if (const auto self = weak.lock(); self && self->links == generation) what(*self);
            });
        };
        return {.changed =
                    [hand_over](std::string uuid) {
                        hand_over([uuid = std::move(uuid)](Impl& self) {
                            self.dirty.insert(uuid);
                            self.go_on();
                        });
                    },
                .guest_agent =
                    [hand_over](std::string domain, bool connected) {
                        hand_over([domain = std::move(domain), connected](Impl& self) {
                            log::info("guest-agent",
                                      {{"vm", domain}, {"uri", self.uri}, {"connected", connected ? "yes" : "no"}});
                        });
                    },
                .closed = [hand_over] { hand_over([](Impl& self) { self.lose("closed"); }); }};
    }

    /// The machines stay.
    void lose(const std::string& reason) {
        if (!link) return;
        release(std::exchange(link, nullptr));
        ++links;
        fail("libvirt-lost", reason);
    }

    void fail(std::string_view event, const std::string& reason) {
        if (last_fault != reason) log::warning(event, {{"uri", uri}, {"reason", reason}});
        last_fault = reason;
        pausing = true;
        pause.start(std::exchange(retry, std::min(retry * 2, retry_last)), [this] {
            pausing = false;
            go_on();
        });
    }

    // ---- Domains

    void reconcile(const std::vector<LiveDomain>& domains) {
        std::set<std::string> there;
        for (const auto& each : domains) there.insert(each.uuid);
        for (auto each = known.begin(); each != known.end();) {
            const auto next = std::next(each);
            if (!there.contains(each->first)) forget(each);
            each = next;
        }
        for (const auto& each : domains) take(each);
    }

    void take(const LiveDomain& seen) {
        const auto before = known.find(seen.uuid);
        if (before != known.end()) {
            if (before->second.id == seen.id && before->second.xml == seen.xml) return;
            if (before->second.id != seen.id || before->second.name != seen.name) forget(before);
        }
        if (seen.xml.empty()) return;
        const auto opener = opener_of(seen.uuid);
        auto domain = parse_domain(seen.xml, uri + " " + seen.name);
        if (domain) {
            domain->opener = opener;
            domain->remote_host = remote_host;
            machines.found(uri, seen.name, *std::move(domain));
        } else {
            refuse(seen, domain.error());
        }
        known.insert_or_assign(seen.uuid, Known{seen.name, seen.id, seen.xml, domain.has_value(), opener});
    }

    /// The one that it has, so that a machine which is seen anew is the same one.
    std::shared_ptr<LibvirtOpener> opener_of(const std::string& uuid) {
        if (const auto same = known.find(uuid); same != known.end()) return same->second.opener;
        if (!calls)
            calls = std::make_shared<DaemonCalls>([weak = weak_from_this()] {
                const auto self = weak.lock();
                return self ? self->link : nullptr;
            });
        return std::make_shared<LibvirtOpener>(uri, uuid, calls);
    }

    void refuse(const LiveDomain& seen, const ConfigFaults& faults) {
        for (const auto& fault : faults)
            log::warning("machine-refused", {{"vm", seen.name}, {"source", uri}, {"reason", to_text(fault)}});
        if (const auto before = known.find(seen.uuid); before != known.end()) forget(before);
    }

    void forget(std::map<std::string, Known>::iterator gone) {
        if (gone->second.is_given) machines.lost(uri, gone->second.name);
        known.erase(gone);
    }

    /// Its end may wait for the daemon.
    static void release(Link link) {
        in_background([link = std::move(link)]() mutable { link.reset(); });
    }

    const std::string uri;
    const std::optional<std::string> remote_host{remote_host_of(uri)};
    Machines& machines;
    DomainFilter filter;
    Link link;
    std::shared_ptr<DaemonCalls> calls;  // there from the first domain on
    unsigned links = 0;                  // made so far: events of others than the newest are stale
    bool busy = false;
    bool pausing = false;
    bool all_dirty = false;
    std::set<std::string> dirty;         // UUIDs
    std::map<std::string, Known> known;  // by UUID
    milliseconds retry = retry_first;
    std::string last_fault;
    Timer pause;
};

LibvirtSource::LibvirtSource(const std::string& uri, Machines& machines)
    : impl_{std::make_shared<Impl>(uri, machines)} {
    LibvirtLink::use_main_loop();
    impl_->go_on();
}

LibvirtSource::~LibvirtSource() {
    for (const auto& [uuid, each] : impl_->known)
        if (each.is_given) impl_->machines.lost(impl_->uri, each.name);
    if (impl_->link) Impl::release(std::move(impl_->link));
}

void LibvirtSource::configure(DomainFilter filter) {
    if (impl_->filter == filter) return;
    impl_->filter = std::move(filter);
    impl_->all_dirty = true;
    impl_->go_on();
}

}  // namespace vmcbridge::control
