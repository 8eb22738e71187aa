#include "src/app/app.hpp"

#include "proto/match.hpp"
#include "src/app/bridge.hpp"
#include "src/cli/check_config.hpp"
#include "src/control/address.hpp"
#include "src/control/demo.hpp"
#include "src/control/libvirt/stream_process.hpp"
#include "src/control/loop.hpp"
#include "src/control/machines.hpp"
#include "src/control/options.hpp"
#include "src/control/sources.hpp"
#include "src/io/tls.hpp"
#include "src/log.hpp"

#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <variant>

namespace vmcbridge::app {

namespace {

using control::CheckConfigCommand;
using control::DemoCommand;
using control::PrintCommand;
using control::ServeCommand;

int fail(std::string_view sentence) {
    std::cerr << "vmcbridge: " << sentence << '\n';
    return 1;
}

/// The bridge, and what tells it which machines there are.
struct Serving {
    explicit Serving(const Config& config) : bridge{config} {}

    void configure(control::ConfigFile file) {
        const auto wanted = file.config.sources;
        machines.configure(std::move(file));
        sources.configure(wanted);
    }

    Bridge bridge;
    control::Machines machines{[this](const auto& vms) { bridge.set_machines(vms); }};
    control::Sources sources{machines};
};

void reload(Serving& live, const ServeCommand& command) {
    auto file = control::load_config(command);
    if (!file) {
        for (const auto& fault : file.error()) log::error("reload-refused", {{"fault", control::to_text(fault)}});
        return;
    }
    if (const auto applied = live.bridge.apply(file->config); !applied)
        return log::error("reload-refused", {{"fault", applied.error()}});
    live.configure(*std::move(file));
    log::info("reloaded");
}

int run(const ServeCommand& command) {
    std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go away
    if (command.verbose) log::set_level(log::Level::debug);
    auto file = control::load_config(command);
    if (!file) {
        for (const auto& fault : file.error()) fail(control::to_text(fault));
        return 1;
    }
    control::Loop loop;
    Serving live{file->config};
    loop.on_stop([&] { loop.quit(); });
    loop.on_reload([&] { reload(live, command); });
    live.configure(*std::move(file));
    if (const auto started = live.bridge.start(); !started) return fail(started.error());
    loop.run();
    live.bridge.stop();
    log::info("stopped");
    return 0;
}

// ---- The demo

Config demo_config(const DemoCommand& command, const VmConfig& desktop, std::uint16_t port) {
    Config config;
    config.server.listen.push_back(command.listen.value_or(Address{.host = "127.0.0.1", .port = port, .path = {}}));
    config.server.web_root = command.web_root.value_or("");
    config.vms.emplace(desktop.name, desktop);
    return config;
}

/// On the address asked for; unless one was, on the usual port or where that is taken on any free one.
Result<std::string, std::string> start_demo_bridge(std::optional<Bridge>& bridge, const DemoCommand& command,
                                                   const VmConfig& desktop) {
    using Base = Result<std::string, std::string>;
    const auto config = demo_config(command, desktop, control::default_port);
    if (const auto faults = control::conflicts(config, {}); !faults.empty())
        return Base{boost::system::in_place_error, control::to_text(faults.front())};
    bridge.emplace(config);
    bridge->set_machines(config.vms);
    auto listening = bridge->start();
    if (!listening && !command.listen) {
        bridge.emplace(demo_config(command, desktop, 0));
        bridge->set_machines(config.vms);
        listening = bridge->start();
    }
    if (!listening) return Base{boost::system::in_place_error, listening.error()};
    return Base{boost::system::in_place_value, "http://" + control::to_text(listening->front().address)};
}

int run(const DemoCommand& command) {
    log::set_level(command.verbose ? log::Level::debug : log::Level::warning);
    control::Loop loop;
    loop.on_stop([&] { loop.quit(); });
    loop.on_reload([&] { loop.quit(); });  // its terminal has gone
    control::Demo demo{command.verbose};
    const auto desktop = demo.prepare();
    if (!desktop) return fail(desktop.error().text);

    std::optional<Bridge> bridge;
    const auto base = start_demo_bridge(bridge, command, *desktop);
    if (!base) return fail(base.error());
    int code = 0;
    demo.start({.ready = [&] { std::cout << control::demo_welcome(*base) << std::flush; },
                .stopped =
                    [&](std::string reason) {
                        code = fail(reason);
                        loop.quit();
                    }});
    loop.run();
    bridge->stop();
    return code;
}

std::string tls_fault(const TlsFiles& files) {
    const auto server = io::TlsServer::open(files);
    return server ? std::string{} : server.error();
}

int run(const CheckConfigCommand& command) { return cli::check_config(command, tls_fault); }

int run(const PrintCommand& command) {
    std::cout << command.text << std::flush;
    return 0;
}

}  // namespace

int run(std::span<const char* const> arguments) {
    if (!arguments.empty() && arguments.front() == control::stream_command)
        return control::run_stream(arguments.subspan(1));
    const auto command = control::parse_command_line(arguments, VMCBRIDGE_VERSION);
    if (!command) {
        std::cerr << "vmcbridge: " << command.error().text << '\n';
        return 2;
    }
    return std::visit([](const auto& chosen) { return run(chosen); }, *command);
}

}  // namespace vmcbridge::app
