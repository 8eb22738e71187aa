#include "src/control/config_file.hpp"

#include <gmock/gmock.h>

namespace vmcbridge::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> faults_in(std::string_view text) {
    const auto file = parse_config(text, "x.conf");
    std::vector<std::string> lines;
    for (const auto& fault : file ? conflicts(file->config, *file) : file.error()) lines.push_back(to_text(fault));
    return lines;
}

/// REQUIRES: `text` has no faults.
Config config_of(std::string_view text) {
    EXPECT_THAT(faults_in(text), IsEmpty());
    const auto file = parse_config(text, "x.conf");
    return file ? file->config : Config{};
}

TEST(ConfigFile, MayBeEmpty) {
    EXPECT_EQ(config_of(""), Config{});
    EXPECT_EQ(config_of("# nothing\n\n  # here\n[server]\n"), Config{});
}

TEST(ConfigFile, GivesEveryValue) {
    const auto config = config_of(R"(
[server]
listen = 127.0.0.1:8006; [::1]:8006, unix:/run/a.sock
admin = unix:/run/b.sock
allowed-origins = https://a.example, https://b.example
threads = 3
web-root = /srv/web
[auth]
mode = none
[policy]
clipboard-to-guest = text
clipboard-from-guest = off
clipboard-max = 1MiB
clipboard-from-guest-max = 2MiB
primary-selection = on
share-between-clients = on
files-to-guest = off
file-max = 5GiB
resize = any
several-clients = take-over
[limits]
resume-grace = 0
request-deadline = 250ms
[vm web1]
guest = unix:/run/web1.sock
display = vnc:127.0.0.1:5901
)");
    const auto& server = config.server;
    EXPECT_THAT(server.listen,
                ElementsAre(Address{"127.0.0.1", 8006, {}}, Address{"::1", 8006, {}}, Address{{}, 0, "/run/a.sock"}));
    EXPECT_EQ(server.admin, (Address{{}, 0, "/run/b.sock"}));
    EXPECT_THAT(server.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
    EXPECT_EQ(server.threads, 3U);
    EXPECT_EQ(server.web_root, "/srv/web");
    ASSERT_EQ(config.vms.size(), 1U);
    const auto& vm = config.vms.at("web1");
    EXPECT_EQ(vm.name, "web1");
    EXPECT_EQ(vm.guest->text, "unix:/run/web1.sock");
    EXPECT_EQ(vm.display->text, "vnc:127.0.0.1:5901");
    const policy::Policy expected{
        .to_guest = {.formats = {ClipboardFormat::text}, .max_bytes = policy::mebibyte},
        .from_guest = {.formats = {}, .max_bytes = 2 * policy::mebibyte},
        .primary_selection = true,
        .share_between_clients = true,
        .files_to_guest = false,
        .file_max = 5120 * policy::mebibyte,
        .resize = policy::ResizeRule::any,
        .several_clients = policy::SeveralClients::take_over,
    };
    EXPECT_EQ(vm.policy, expected);
    EXPECT_EQ(vm.limits, (Limits{0ms, 250ms}));
}

TEST(ConfigFile, LetsAVmOverridePolicyAndLimitsWhereverTheyStand) {
    const auto config = config_of(R"(
[vm a]
guest = unix:/a
resize = off
clipboard-to-guest-max = 3MiB
request-deadline = 1s
[vm b]
guest = unix:/b
[policy]
resize = any
clipboard-max = 2MiB
[limits]
request-deadline = 2s
)");
    EXPECT_EQ(config.vms.at("a").policy.resize, policy::ResizeRule::off);
    EXPECT_EQ(config.vms.at("a").policy.to_guest.max_bytes, 3 * policy::mebibyte);
    EXPECT_EQ(config.vms.at("a").policy.from_guest.max_bytes, 2 * policy::mebibyte);
    EXPECT_EQ(config.vms.at("a").limits.request_deadline, 1s);
    EXPECT_EQ(config.vms.at("b").policy.resize, policy::ResizeRule::any);
    EXPECT_EQ(config.vms.at("b").limits.request_deadline, 2s);
}

TEST(ConfigFile, MayHaveAVmWithADisplayAlone) {
    EXPECT_FALSE(config_of("[vm a]\ndisplay = vnc:h:1\n").vms.at("a").guest);
    EXPECT_THAT(faults_in("[vm a]\n"), ElementsAre("x.conf:1: [vm a]: has neither a guest nor a display"));
}

TEST(ConfigFile, TakesLineEndsByteOrderMarkAndSpacesOfOtherEditors) {
    const auto config = config_of("\xef\xbb\xbf[server]\r\n  threads\t=  2 \t\r\n[vm  a ]\r\nguest=unix:/a\r\n");
    EXPECT_EQ(config.server.threads, 2U);
    EXPECT_EQ(config.vms.at("a").guest->address.path, "/a");
}

TEST(ConfigFile, ResolvesEscapes) {
    EXPECT_EQ(config_of("[server]\nweb-root = /a\\sb\\\\c\n").server.web_root, "/a b\\c");
    EXPECT_THAT(faults_in("[server]\nthreads = 1\nweb-root = /a\\q\n"),
                ElementsAre(StartsWith("x.conf:3: [server] web-root: holds an escape")));
}

TEST(ConfigFile, NamesTheNearestOfAnUnknownKeyOrGroup) {
    EXPECT_THAT(faults_in("[server]\nlisten-on = 1\n[polcy]\nx = 1\n[vms a]\n[vm a]\nguest = unix:/a\nrezise = off\n"),
                ElementsAre("x.conf:2: [server] listen-on: unknown key; did you mean listen?",
                            "x.conf:3: [polcy]: unknown group; did you mean [policy]?",
                            "x.conf:5: [vms a]: unknown group; did you mean [vm NAME]?",
                            "x.conf:8: [vm a] rezise: unknown key; did you mean resize?"));
}

TEST(ConfigFile, SaysWhereAMisplacedKeyBelongs) {
    EXPECT_THAT(faults_in("[server]\nresize = off\n[policy]\nguest = unix:/a\n[vm a]\nguest = unix:/b\nlisten = a:1\n"),
                ElementsAre("x.conf:2: [server] resize: the key belongs to [policy]",
                            "x.conf:4: [policy] guest: the key belongs to [vm NAME]",
                            "x.conf:7: [vm a] listen: the key belongs to [server]"));
}

TEST(ConfigFile, IsHonestAboutWhatThisVersionLacks) {
    const auto faults = faults_in(
        "[auth]\nmode = token\nkeys = /c\n"
        "[audit]\n[vm a]\nguest = unix:/a\n");
    EXPECT_EQ(faults.size(), 3U);
    EXPECT_THAT(faults, testing::Each(HasSubstr("not supported by this version")));
}

TEST(ConfigFile, TakesFurtherPortsByTheirNames) {
    const auto file = parse_config(
        "[policy]\nports = console, any\n[vm a]\nguest = unix:/a\nport.console = pty:/dev/pts/1\n"
        "port.org.qemu.guest_agent.0 = unix:/b\n",
        "x.conf");
    ASSERT_TRUE(file) << to_text(file.error().at(0));
    const auto& vm = file->config.vms.at("a");
    ASSERT_EQ(vm.ports.size(), 2U);
    EXPECT_EQ(vm.ports[0].name, "console");
    EXPECT_EQ(vm.ports[0].channel->text, "pty:/dev/pts/1");
    EXPECT_FALSE(vm.ports[0].needs_leave);
    EXPECT_EQ(vm.ports[1].name, "org.qemu.guest_agent.0");
    EXPECT_TRUE(vm.ports[1].needs_leave);
    EXPECT_EQ(vm.policy.ports, (policy::PortRule{.any = true, .names = {"console"}}));
    EXPECT_THAT(faults_in("[vm a]\nguest = unix:/a\nport.b = spice:h:1\nport... = pty:/c\n[policy]\nports = a/b\n"),
                ElementsAre(HasSubstr("[vm a] port.b: \"spice:h:1\": not the host end of a port; write unix:PATH"),
                            HasSubstr("[vm a] port...: \"..\": the name of a port is a part of URLs"),
                            HasSubstr("[policy] ports: \"a/b\": the name of a port")));
}

TEST(ConfigFile, SaysWhatTheGuestAgentMayBeAsked) {
    const auto config = config_of(
        "[policy]\nguest-agent = info\n[vm a]\nguest = unix:/a\n[vm b]\nguest = unix:/b\n"
        "guest-agent = power\n[vm c]\nguest = unix:/c\nguest-agent = off\n");
    EXPECT_EQ(config.vms.at("a").policy.guest_agent, policy::GuestAgentRule::info);
    EXPECT_EQ(config.vms.at("b").policy.guest_agent, policy::GuestAgentRule::power);
    EXPECT_EQ(config.vms.at("c").policy.guest_agent, policy::GuestAgentRule::off);
    EXPECT_THAT(faults_in("[policy]\nguest-agent = on\n"),
                ElementsAre(HasSubstr("[policy] guest-agent: \"on\" is none of off, info, power")));
}

TEST(Conflicts, TheGuestAgentsPortIsRelayedOrHeldNotBoth) {
    const auto clash = HasSubstr(
        "\"org.qemu.guest_agent.0\" can't be relayed where the bridge itself speaks with the "
        "guest agent; take it out of ports, or write guest-agent = off");
    const auto at = [&](std::string_view place) { return testing::AllOf(StartsWith(std::string{place}), clash); };
    const std::string named = "ports = any, org.qemu.guest_agent.0\n";
    EXPECT_THAT(
        faults_in("[policy]\nguest-agent = info\n" + named + "[vm a]\nguest = unix:/a\n[vm b]\nguest = unix:/b\n"),
        ElementsAre(at("x.conf:3: [policy] ports: ")))
        << "once, whether there are machines or not";
    EXPECT_THAT(
        faults_in("[policy]\n" + named + "[vm a]\nguest = unix:/a\nguest-agent = power\n[vm b]\nguest = unix:/b\n"),
        ElementsAre(at("x.conf:5: [vm a] guest-agent: ")));
    EXPECT_THAT(faults_in("[policy]\nguest-agent = power\n[vm a]\nguest = unix:/a\n" + named),
                ElementsAre(at("x.conf:5: [vm a] ports: ")));
    EXPECT_THAT(faults_in("[policy]\nguest-agent = power\n" + named + "[vm a]\nguest = unix:/a\nguest-agent = off\n"),
                ElementsAre(at("x.conf:3: [policy] ports: ")));
    EXPECT_THAT(faults_in("[policy]\nguest-agent = power\n[vm a]\nguest = unix:/a\nguest-agent = off\n" + named),
                IsEmpty());
}

TEST(Conflicts, APortHasAHostEndToItself) {
    EXPECT_THAT(faults_in("[vm a]\nguest = unix:/x\nport.p = unix-listen:/x\n[vm b]\nguest = unix:/y\nport.q = "
                          "unix:/y\nport.r = pty:/z\n[vm c]\nguest = unix:/w\nport.s = pty:/z\n"),
                ElementsAre("x.conf:3: [vm a] port.p: \"unix-listen:/x\" is the guest of a too",
                            "x.conf:6: [vm b] port.q: \"unix:/y\" is the guest of b too",
                            "x.conf:10: [vm c] port.s: \"pty:/z\" is the port.r of b too"));
}

TEST(ConfigFile, FindsWhatStandsTwice) {
    EXPECT_THAT(faults_in("[server]\nthreads = 1\nthreads = 2\n[auth]\n[server]\nweb-root = /a\n[vm a]\nguest = "
                          "unix:/a\n[vm  a]\nguest = unix:/b\n"),
                ElementsAre("x.conf:3: [server] threads: the key stands twice, first in line 2",
                            "x.conf:5: [server]: the group stands twice, first in line 1",
                            "x.conf:9: [vm  a]: a VM of this name stands above"));
}

TEST(ConfigFile, NamesAllFaultsInTheOrderOfTheirLines) {
    const auto faults = faults_in(
        "stray = 1\n[server\nthreads = 1\n[server]\nthreads = many\nnonsense\n; remark\nbad key = 1\n[limits]\n"
        "request-deadline = 5\n[vm a/b]\nguest = libvirt:\n");
    EXPECT_THAT(faults, ElementsAre(StartsWith("x.conf:1: stray: stands before the first [group]"),
                                    StartsWith("x.conf:2: not a group"),  //
                                    StartsWith("x.conf:5: [server] threads: \"many\" is not a number"),
                                    StartsWith("x.conf:6: [server]: neither a [group], nor key = value"),
                                    StartsWith("x.conf:7: [server]: comments begin with #"),
                                    StartsWith("x.conf:8: [server] bad key: not the name of a key"),
                                    StartsWith("x.conf:10: [limits] request-deadline: \"5\" is not a duration"),
                                    StartsWith("x.conf:11: [vm a/b]: \"a/b\": the name of a VM"),
                                    StartsWith("x.conf:12: [vm a/b] guest: \"libvirt:\": no domain after the colon")));
}

TEST(ConfigFile, ExplainsACommentBehindAValue) {
    EXPECT_THAT(faults_in("[server]\nthreads = 2 # cores\n"),
                ElementsAre(HasSubstr("a comment needs a line of its own")));
}

TEST(ConfigFile, RefusesBytesThatAreNoText) {
    EXPECT_THAT(faults_in("[server]\nweb-root = /\xff\n"),
                ElementsAre(HasSubstr(":2: [server]: the line is not UTF-8")));
    EXPECT_THAT(faults_in(std::string_view{"[server]\nweb-root = /\0\n", 22}), ElementsAre(HasSubstr(":2: [server]")));
    EXPECT_THAT(faults_in(std::string(2 << 20, '#')), ElementsAre(HasSubstr("larger than 1 MiB")));
}

TEST(ConfigFile, NeverThrowsOnAnyPrefixOfAGoodOne) {
    const std::string text = "[server]\nlisten = [::1]:80\n[vm a]\nguest = unix:/a\\s\nport.b = pty:/c\n[policy]\nx=\n";
    for (std::size_t size = 0; size <= text.size(); ++size) (void)faults_in(text.substr(0, size));
}

TEST(ConfigFile, NeedsToBeThere) {
    EXPECT_THAT(to_text(read_config("/nonexistent/x.conf").error().at(0)),
                StartsWith("/nonexistent/x.conf: can't be read: "));
    EXPECT_THAT(to_text(read_config("/").error().at(0)), StartsWith("/: can't be read: "));
}

TEST(Conflicts, ACertificateNeedsItsKey) {
    EXPECT_THAT(faults_in("[server]\ntls-certificate = /a\n"),
                ElementsAre("x.conf:2: [server] tls-certificate: needs tls-key beside it"));
    EXPECT_THAT(faults_in("[server]\ntls-key = /a\n"),
                ElementsAre("x.conf:2: [server] tls-key: needs tls-certificate beside it"));
    EXPECT_THAT(faults_in("[server]\ntls-key = /a\ntls-certificate = /b\n"), testing::IsEmpty());
}

TEST(Conflicts, KeepTheUnauthenticatedBridgeOnThisMachine) {
    EXPECT_THAT(
        faults_in("[server]\nlisten = 127.0.0.1:1; 0.0.0.0:2\n"),
        ElementsAre(AllOf(StartsWith("x.conf:2: [server] listen: \"0.0.0.0:2\" is reachable from other machines"),
                          HasSubstr("listen on 127.0.0.1"))));
}

TEST(Conflicts, CountSpiceListenersToo) {
    const auto faults = faults_in(
        "[server]\nlisten = 127.0.0.1:1\nspice-listen = 0.0.0.0:2, 127.0.0.1:1\n[vm a]\nguest = unix:/a\n"
        "spice-listen = [::]:3\n[vm b]\nguest = unix:/b\nspice-listen = [::]:3\n");
    EXPECT_THAT(faults,
                ElementsAre(StartsWith("x.conf:3: [server] spice-listen: \"0.0.0.0:2\" is reachable from other"),
                            StartsWith("x.conf:6: [vm a] spice-listen: \"[::]:3\" is reachable from other"),
                            StartsWith("x.conf:9: [vm b] spice-listen: \"[::]:3\" is reachable from other"),
                            "x.conf:3: [server] spice-listen: \"127.0.0.1:1\" stands twice",
                            "x.conf:9: [vm b] spice-listen: \"[::]:3\" stands twice"));
}

TEST(Conflicts, IsTlsThatIsRequiredWithoutACertificate) {
    EXPECT_THAT(faults_in("[server]\nspice-tls = required\n"),
                ElementsAre(StartsWith("x.conf:2: [server] spice-tls: required needs a certificate")));
}

TEST(Conflicts, AreSeveralMachinesBehindOneListenerWithSasl) {
    const std::string sasl = "[server]\nspice-listen = 127.0.0.1:1\nspice-sasl = on\n[vm a]\nguest = unix:/a\n";
    EXPECT_THAT(faults_in(sasl), IsEmpty());
    EXPECT_THAT(faults_in(sasl + "[vm b]\nguest = unix:/b\nspice-listen = 127.0.0.1:2\n"), IsEmpty());
    EXPECT_THAT(faults_in(sasl + "[vm b]\nguest = unix:/b\n"),
                ElementsAre(AllOf(StartsWith("x.conf:3: [server] spice-sasl: "), HasSubstr("its own spice-listen"))));
}

TEST(ConfigFile, GivesWhatSpiceClientsNeed) {
    const auto config = config_of(
        "[server]\nspice-listen = 127.0.0.1:5930; unix:/run/s.sock\nspice-host = [2001:DB8::1]\nspice-tls = off\n"
        "spice-sasl = off\n[vm a]\nguest = unix:/a\nspice-listen = 127.0.0.1:0\nspice-ticket-file = /t\n"
        "uuid = 123E4567-e89b-12d3-a456-426614174000\n");
    EXPECT_EQ(config.server.spice_listen, (std::vector{Address{"127.0.0.1", 5930, {}}, Address{{}, 0, "/run/s.sock"}}));
    EXPECT_EQ(config.server.spice_host, "2001:DB8::1");
    EXPECT_EQ(config.server.spice_tls, SpiceTls::off);
    const auto& vm = config.vms.at("a");
    EXPECT_EQ(vm.spice_listen, std::vector{(Address{"127.0.0.1", 0, {}})});
    EXPECT_EQ(vm.spice_ticket_file, "/t");
    EXPECT_EQ(vm.uuid, "123e4567-e89b-12d3-a456-426614174000");
    EXPECT_TRUE(config.spice_passwords.empty()) << "parsing reads no other file";
}

TEST(Conflicts, AreTwoHoldersOfOneSocket) {
    EXPECT_THAT(faults_in("[server]\nlisten = unix:/a\nadmin = unix:/a\n"), ElementsAre(HasSubstr("stands twice")));
    EXPECT_THAT(faults_in("[vm a]\nguest = unix:/x\n[vm b]\nguest = unix:/x\n"),
                ElementsAre("x.conf:4: [vm b] guest: \"unix:/x\" is the guest of a too"));
    EXPECT_THAT(faults_in("[server]\nlisten = 127.0.0.1:0, 127.0.0.1:0\n[vm a]\nguest = tcp-listen:127.0.0.1:0\n"
                          "[vm b]\nguest = tcp-listen:127.0.0.1:0\n"),
                IsEmpty());
}

}  // namespace
}  // namespace vmcbridge::control
