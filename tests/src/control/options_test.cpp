#include "src/control/options.hpp"

#include "src/control/address.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Parsed<Command> parse(std::vector<const char*> arguments) { return parse_command_line(arguments, "1.2.3"); }

/// The command of this kind, or its defaults and a failed test.
template <class T>
T parsed(std::vector<const char*> arguments) {
    const auto command = parse(std::move(arguments));
    EXPECT_TRUE(command) << command.error().text;
    if (!command || !std::holds_alternative<T>(*command)) return ADD_FAILURE() << "another command", T{};
    return std::get<T>(*command);
}

std::string problem_of(std::vector<const char*> arguments) {
    const auto command = parse(std::move(arguments));
    return command ? "" : command.error().text;
}

/// A file that goes with the test.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& text)
        : path{testing::TempDir() + "options_test-" + std::to_string(getpid()) + ".conf"} {
        std::ofstream{path} << text;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { unlink(path.c_str()); }
    const std::string path;
};

TEST(CommandLine, OfServeIsAllThere) {
    const auto serve = parsed<ServeCommand>({"serve", "--config", "/x.conf", "--vm", "a=unix:/a=1", "--vm=b=fd:3",
                                             "--display", "a=vnc:h:1", "--listen", "127.0.0.1:1", "--listen", "[::1]:1",
                                             "--admin", "unix:/adm", "--threads", "2", "--web-root", "/web", "-v"});
    EXPECT_EQ(serve.config, "/x.conf");
    ASSERT_EQ(serve.vms.size(), 2U);
    EXPECT_EQ(serve.vms[0].first, "a");
    EXPECT_EQ(serve.vms[0].second.address.path, "/a=1");
    EXPECT_EQ(serve.vms[1].second.fd, 3);
    ASSERT_EQ(serve.displays.size(), 1U);
    EXPECT_EQ(serve.displays[0].second.text, "vnc:h:1");
    EXPECT_EQ(serve.listen.size(), 2U);
    EXPECT_EQ(serve.admin, (Address{{}, 0, "/adm"}));
    EXPECT_EQ(serve.threads, 2U);
    EXPECT_EQ(serve.web_root, "/web");
    EXPECT_TRUE(serve.verbose);
}

TEST(CommandLine, NamesLibvirtsDaemonsInPlaceOfTheFiles) {
    const TemporaryFile file{"[libvirt]\nuri = qemu:///system\nexclude = x*; y\n"};
    const auto from_file = load_config(parsed<ServeCommand>({"serve", "-c", file.path.c_str()}));
    ASSERT_TRUE(from_file);
    EXPECT_THAT(from_file->config.sources.libvirt_uris, ElementsAre("qemu:///system"));
    const auto over_it = load_config(
        parsed<ServeCommand>({"serve", "-c", file.path.c_str(), "--libvirt", "test:///a", "--libvirt", "test:///b"}));
    ASSERT_TRUE(over_it);
    EXPECT_THAT(over_it->config.sources.libvirt_uris, ElementsAre("test:///a", "test:///b"));
    EXPECT_THAT(over_it->config.sources.libvirt_exclude, ElementsAre("x*", "y"));
    EXPECT_THAT(problem_of({"serve", "--libvirt", "x"}), StartsWith("--libvirt: \"x\" is not a URI"));
}

TEST(CommandLine, NamesListenersForSpiceClientsInPlaceOfTheFiles) {
    const auto serve = parsed<ServeCommand>({"serve", "--spice-listen", "127.0.0.1:1", "--spice-listen", "unix:/s"});
    EXPECT_EQ(serve.spice_listen, (std::vector{Address{"127.0.0.1", 1, {}}, Address{{}, 0, "/s"}}));
    EXPECT_THAT(problem_of({"serve", "--spice-listen", "x"}), StartsWith("--spice-listen: \"x\": not an address"));
    const TemporaryFile file{"[server]\nspice-listen = 127.0.0.1:7\n"};
    const auto from_file = load_config(parsed<ServeCommand>({"serve", "-c", file.path.c_str()}));
    ASSERT_TRUE(from_file);
    EXPECT_EQ(from_file->config.server.spice_listen, std::vector{(Address{"127.0.0.1", 7, {}})});
    const auto over_it =
        load_config(parsed<ServeCommand>({"serve", "-c", file.path.c_str(), "--spice-listen", "unix:/s"}));
    ASSERT_TRUE(over_it);
    EXPECT_EQ(over_it->config.server.spice_listen, std::vector{(Address{{}, 0, "/s"})});
}

TEST(CommandLine, TakesOptionsBeforeAndAfterArguments) {
    EXPECT_EQ(parsed<CheckConfigCommand>({"check-config", "a.conf"}).file, "a.conf");
    EXPECT_THAT(parsed<PrintCommand>({"check-config", "a.conf", "--help"}).text, HasSubstr("check-config"));
    EXPECT_THAT(parsed<PrintCommand>({"check-config", "--help", "a.conf"}).text, HasSubstr("check-config"));
    EXPECT_EQ(parsed<CheckConfigCommand>({"check-config", "--", "--help"}).file, "--help");
}

TEST(CommandLine, NamesDomainsOfLibvirt) {
    EXPECT_THAT(parsed<ServeCommand>({"serve", "--domain", "a.xml", "--domain=b.xml"}).domains,
                ElementsAre("a.xml", "b.xml"));
    const auto check = parsed<CheckConfigCommand>({"check-config", "--domain", "a.xml", "x.conf"});
    EXPECT_EQ(check.file, "x.conf");
    EXPECT_THAT(check.domains, ElementsAre("a.xml"));
    EXPECT_EQ(parsed<CheckConfigCommand>({"check-config", "--domain", "a.xml"}).file, "");
}

TEST(CommandLine, OfDemoHasOneListener) {
    EXPECT_EQ(parsed<DemoCommand>({"demo"}).listen, std::nullopt);
    EXPECT_EQ(parsed<DemoCommand>({"demo", "--listen", "127.0.0.1:9"}).listen, (Address{"127.0.0.1", 9, {}}));
}

TEST(CommandLine, TakesTextInAnyEncoding) {
    EXPECT_EQ(parsed<ServeCommand>({"serve", "--web-root", "/\xff"}).web_root, "/\xff");
}

TEST(CommandLine, PrintsTheVersion) { EXPECT_EQ(parsed<PrintCommand>({"--version"}).text, "vmcbridge 1.2.3\n"); }

TEST(CommandLine, NamesWhatIsWrong) {
    EXPECT_THAT(problem_of({}), HasSubstr("there are serve, demo and check-config"));
    EXPECT_THAT(problem_of({"sevre"}), HasSubstr("did you mean serve?"));
    EXPECT_THAT(problem_of({"--listen", "a:1", "serve"}), HasSubstr("the command comes first"));
    EXPECT_THAT(problem_of({"serve", "--lisen"}), AllOf(HasSubstr("--lisen"), HasSubstr("vmcbridge serve --help")));
    EXPECT_THAT(problem_of({"serve", "--config"}), HasSubstr("--config"));
    EXPECT_THAT(problem_of({"serve", "x"}), HasSubstr("unexpected argument \"x\""));
    EXPECT_THAT(problem_of({"serve", "--vm", "a"}), StartsWith("--vm: \"a\" has no ="));
    EXPECT_THAT(problem_of({"serve", "--vm", "a b=fd:3"}), StartsWith("--vm: \"a b\": the name of a VM"));
    EXPECT_THAT(problem_of({"serve", "--vm", "a=fd:3", "--vm", "a=fd:4"}), HasSubstr("given twice"));
    EXPECT_THAT(problem_of({"serve", "--display", "a=x"}), StartsWith("--display: \"x\": not a display"));
    EXPECT_THAT(problem_of({"serve", "--listen", "x"}), StartsWith("--listen: \"x\": not an address"));
    EXPECT_THAT(problem_of({"serve", "--admin", "h:1"}), StartsWith("--admin: the management interface is a unix"));
    EXPECT_THAT(problem_of({"serve", "--threads", "x"}), StartsWith("--threads: \"x\" is not a number"));
    EXPECT_THAT(problem_of({"demo", "x"}), HasSubstr("unexpected argument"));
    EXPECT_THAT(problem_of({"check-config"}), HasSubstr("check-config FILE"));
    EXPECT_THAT(problem_of({"check-config", "a", "b"}), HasSubstr("check-config FILE"));
}

TEST(CommandLine, NamesFurtherPorts) {
    const auto serve = parsed<ServeCommand>({"serve", "--port", "a/console=pty:/dev/pts/1", "--port", "a/b=tcp:h:1"});
    ASSERT_EQ(serve.ports.size(), 2U);
    EXPECT_EQ(serve.ports[0].vm, "a");
    EXPECT_EQ(serve.ports[0].port.name, "console");
    EXPECT_EQ(serve.ports[0].port.channel->text, "pty:/dev/pts/1");
    EXPECT_THAT(problem_of({"serve", "--port", "a=unix:/x"}), HasSubstr("write NAME/PORT=CHANNEL"));
    EXPECT_THAT(problem_of({"serve", "--port", "a/b"}), HasSubstr("write NAME/PORT=CHANNEL"));
    EXPECT_THAT(problem_of({"serve", "--port", "a/b=spice:h:1"}), HasSubstr("not the host end of a port"));
    EXPECT_THAT(problem_of({"serve", "--port", "a/b=fd:3"}), HasSubstr("not the host end of a port"));
    EXPECT_THAT(problem_of({"serve", "--port", "a/b/c=unix:/x"}), HasSubstr("the name of a port"));
    EXPECT_THAT(problem_of({"serve", "--port", "a/b=unix:/x", "--port", "a/b=unix:/y"}),
                HasSubstr("\"a/b\" is given twice"));
}

TEST(CommandLine, IsHonestAboutWhatThisVersionLacks) {
    for (const auto* command : {"token", "status", "trace", "copy", "paste", "send", "resize", "decode"})
        EXPECT_THAT(problem_of({command}), HasSubstr("not supported by this version"));
}

TEST(Help, FitsAScreenAndEndsWithAnExample) {
    for (std::vector<const char*> arguments : {std::vector{"--help"}, std::vector{"serve", "--help"},
                                               std::vector{"demo", "-h"}, std::vector{"check-config", "-h"}}) {
        const auto text = parsed<PrintCommand>(arguments).text;
        EXPECT_LE(std::ranges::count(text, '\n'), 26) << text;
        const auto example = text.rfind("Example:");
        ASSERT_NE(example, std::string::npos) << text;
        EXPECT_THAT(text.substr(example), HasSubstr("vmcbridge "));
        EXPECT_EQ(text.find("\n\n", example), std::string::npos) << text;
    }
}

TEST(Help, MentionsEveryOption) {
    const auto serve = parsed<PrintCommand>({"serve", "--help"}).text;
    for (const auto* option :
         {"--config=FILE", "--vm=NAME=GUEST", "--display=NAME=DISPLAY", "--port=NAME/PORT=CHANNEL", "--domain=FILE.xml",
          "--listen=ADDR", "--admin=unix:PATH", "--threads=N", "--web-root=FOLDER", "--verbose", "--help"})
        EXPECT_THAT(serve, HasSubstr(option));
    EXPECT_THAT(serve, HasSubstr("vmcbridge serve [OPTION"));
    EXPECT_THAT(parsed<PrintCommand>({"demo", "--help"}).text, HasSubstr("--listen=ADDR"));
}

TEST(LoadedConfig, HasTheCommandLineBeforeTheFile) {
    const TemporaryFile file{
        "[server]\nlisten = 0.0.0.0:1\nthreads = 1\n[policy]\nresize = any\n[vm a]\nguest = unix:/a\nresize = off\n"};
    const auto config =
        load_config(parsed<ServeCommand>({"serve", "--config", file.path.c_str(), "--listen", "127.0.0.1:2", "--vm",
                                          "a=unix:/b", "--vm", "c=unix:/c", "--display", "c=vnc:h:1"}));
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    EXPECT_THAT(config->config.server.listen, ElementsAre(Address{"127.0.0.1", 2, {}}));
    EXPECT_EQ(config->config.server.threads, 1U);
    EXPECT_EQ(config->config.vms.at("a").guest->text, "unix:/b");
    EXPECT_EQ(config->config.vms.at("a").policy.resize, policy::ResizeRule::off);
    EXPECT_EQ(config->config.vms.at("c").name, "c");
    EXPECT_EQ(config->config.vms.at("c").policy.resize, policy::ResizeRule::any);
    EXPECT_EQ(config->config.vms.at("c").display->text, "vnc:h:1");
}

TEST(LoadedConfig, ListensOnLoopbackByDefault) {
    const TemporaryFile file{""};
    const auto config = load_config(parsed<ServeCommand>({"serve", "--config", file.path.c_str()}));
    ASSERT_TRUE(config);
    EXPECT_THAT(config->config.server.listen, ElementsAre(Address{"127.0.0.1", 8006, {}}));
}

TEST(LoadedConfig, NamesConflictsOfTheCommandLine) {
    const TemporaryFile file{"[server]\nlisten = 127.0.0.1:1\n"};
    const auto config = load_config(parsed<ServeCommand>(
        {"serve", "--config", file.path.c_str(), "--listen", "0.0.0.0:2", "--display", "x=vnc:h:1"}));
    ASSERT_FALSE(config);
    ASSERT_EQ(config.error().size(), 2U);
    EXPECT_THAT(to_text(config.error()[0]), StartsWith("command line: --display: no VM is named \"x\""));
    EXPECT_THAT(to_text(config.error()[1]), StartsWith("command line: [server] listen: \"0.0.0.0:2\" is reachable"));
}

TEST(LoadedConfig, NeedsTheFileThatIsNamed) {
    EXPECT_FALSE(load_config(parsed<ServeCommand>({"serve", "--config", "/nonexistent"})));
}

TEST(DefaultAdminSocket, NeedsAWritableFolder) {
    EXPECT_EQ(default_admin(testing::TempDir()), (Address{{}, 0, testing::TempDir() + "/admin.sock"}));
    EXPECT_EQ(default_admin("/nonexistent"), std::nullopt);
}

}  // namespace
}  // namespace vmcbridge::control
