#include "src/app/bridge.hpp"

#include "src/app/web_root.hpp"
#include "src/log.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace vmcbridge::app {

namespace {

/// How long clients and guests may take to part, before their connections are cut.
constexpr std::chrono::seconds grace{3};

Config with_web_root(Config config) {
    if (config.server.web_root.empty()) config.server.web_root = find_web_root();
    if (config.server.web_root.empty())
        log::warning("no-pages", {{"reason", "no folder with the pages was found; name one with --web-root"}});
    return config;
}

/// By machine; those of all under no name.
std::map<std::string, std::vector<Address>> spice_listeners(const Config& config) {
    std::map<std::string, std::vector<Address>> all;
    all[{}] = config.server.spice_listen;
    for (const auto& [name, vm] : config.vms)
        if (!vm.spice_listen.empty()) all[name] = vm.spice_listen;
    return all;
}

}  // namespace

Bridge::Bridge(Config config)
    : config_{with_web_root(std::move(config))},
      plane_{config_.server.threads},
      vms_{plane_},
      server_{plane_, vms_, config_} {
    forget_passwords();
}

Bridge::~Bridge() { stop(); }

Result<std::vector<io::Listening>, std::string> Bridge::start() {
    auto listening = server_.start();
    if (!listening) return listening;
    plane_.start();
    runs_ = true;
    return listening;
}

void Bridge::set_machines(const std::map<std::string, VmConfig>& vms) {
    server_.set_machines(vms);
    vms_.apply(vms);
}

Result<void, std::string> Bridge::apply(Config config) {
    if (config.server.listen != config_.server.listen || config.server.admin != config_.server.admin ||
        config.server.threads != config_.server.threads || spice_listeners(config) != spice_listeners(config_))
        return std::string{
            "listen, spice-listen, admin and threads change with a restart only; restart, or put them back"};
    auto next = with_web_root(std::move(config));
    if (auto updated = server_.update(next); !updated) return updated;
    config_ = std::move(next);
    forget_passwords();
    return {};
}

void Bridge::stop() {
    if (!std::exchange(runs_, false)) return;
    if (!server_.stop(grace)) log::warning("stop-cut", {{"what", "requests"}});
    if (!vms_.stop(grace)) log::warning("stop-cut", {{"what", "clients or guests"}});
    plane_.stop();
}

}  // namespace vmcbridge::app
