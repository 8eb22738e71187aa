#pragma once

#include "src/agent_holder.hpp"
#include "src/control/problem.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// libvirt's client library at arm's length: what a daemon has, and what happens there.
namespace vmcbridge::control {

/// Which domains are taken, by patterns of their names.
struct DomainFilter {
    std::vector<std::string> include{};  ///< empty: all
    std::vector<std::string> exclude{};  ///< goes before

    [[nodiscard]] bool takes(const std::string& name) const;
    friend bool operator==(const DomainFilter&, const DomainFilter&) = default;
};

/// A domain at one moment.
struct LiveDomain {
    std::string uuid;
    std::string name{};
    int id = -1;        ///< another one after each start; -1: it doesn't run
    std::string xml{};  ///< with passwords; empty: it doesn't run, or isn't taken
};

/// What a connection tells; called on the main loop, or on any thread, so it has to be quick.
struct LibvirtEvents {
    std::function<void(std::string uuid)> changed;                        ///< something of this domain is not as it was
    std::function<void(std::string domain, bool connected)> guest_agent;  ///< changed() is called too
    std::function<void()> closed;
};

/// A connection to a libvirt daemon. All of it may block, so none of it belongs on the main thread, the end of the last
/// reference included; its events need GLib's main loop to run.
class LibvirtLink {
public:
    /// Once, on the main thread, before the first link.
    static void use_main_loop();

    [[nodiscard]] static Parsed<std::shared_ptr<LibvirtLink>> open(const std::string& uri, LibvirtEvents events);
    LibvirtLink(const LibvirtLink&) = delete;
    LibvirtLink& operator=(const LibvirtLink&) = delete;
    ~LibvirtLink();

    /// The domains that run and are taken.
    [[nodiscard]] Parsed<std::vector<LiveDomain>> running(const DomainFilter& filter) const;
    /// These domains, one for each, whether they run or not.
    [[nodiscard]] Parsed<std::vector<LiveDomain>> look_up(const std::vector<std::string>& uuids,
                                                          const DomainFilter& filter) const;
    /// A socket to the server of these graphics of a domain that runs; the caller's. `index`: their place in the XML.
    [[nodiscard]] Parsed<int> open_graphics(const std::string& uuid, unsigned index) const;
    /// A command for the QEMU guest agent of a domain, as JSON, and its answer.
    [[nodiscard]] Parsed<AgentHolder::Answer> ask_agent(const std::string& uuid, const std::string& command,
                                                        std::chrono::seconds patience) const;
    /// shutdown, reboot or suspend, through that agent.
    [[nodiscard]] Parsed<AgentHolder::Answer> ask_power(const std::string& uuid, const std::string& what) const;

private:
    struct Impl;
    explicit LibvirtLink(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmcbridge::control
