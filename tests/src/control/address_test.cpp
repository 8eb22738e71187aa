#include "src/control/address.hpp"

#include <gmock/gmock.h>

#include <string>
#include <tuple>

namespace vmcbridge::control {
namespace {

using testing::HasSubstr;

template <class T>
std::string problem_of(const Parsed<T>& parsed) {
    return parsed ? "" : parsed.error().text;
}

TEST(Listener, IsAHostAndAPort) {
    const auto address = parse_listener("127.0.0.1:8006");
    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (Address{"127.0.0.1", 8006, {}}));
}

TEST(Listener, HasAV6HostInBrackets) {
    const auto address = parse_listener("[::1]:8006");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "::1");
    EXPECT_TRUE(parse_listener("[fe80::1%eth0]:1"));
}

TEST(Listener, MayAskForAnyFreePort) {
    const auto address = parse_listener("localhost:0");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->port, 0);
}

TEST(Listener, IsAUnixSocketOfUpTo107Bytes) {
    const auto address = parse_listener("unix:/run/x:1.sock");
    ASSERT_TRUE(address);
    EXPECT_TRUE(address->is_unix());
    EXPECT_EQ(address->path, "/run/x:1.sock");
    EXPECT_TRUE(parse_listener("unix:/" + std::string(106, 'a')));
    EXPECT_THAT(problem_of(parse_listener("unix:/" + std::string(107, 'a'))), HasSubstr("107 bytes"));
}

TEST(Listener, IsWrittenAsItIsRead) {
    for (const std::string text : {"127.0.0.1:8006", "[::1]:0", "unix:/run/x.sock", "host.example-1.org:65535"}) {
        const auto address = parse_listener(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_text(*address), text);
    }
}

TEST(Listener, SaysWhatIsWrongWithTheText) {
    const std::tuple<const char*, const char*> cases[] = {
        {"", "not an address"},      {"8006", "not an address"},
        {":8006", "no host"},        {"::1:8006", "brackets"},
        {"[::1]", "no port"},        {"[localhost]:1", "no IPv6 address"},
        {"[]:1", "no IPv6 address"}, {"a:65536", "0 to 65535"},
        {"a:-1", "0 to 65535"},      {"a:", "0 to 65535"},
        {"a:1x", "0 to 65535"},      {"a: 1", "0 to 65535"},
        {"a b:1", "neither a name"}, {"http://a:1", "neither a name"},
        {"*:1", "neither a name"},   {"a/b:1", "neither a name"},
        {"unix:", "no path"},        {"unix:@hidden", "abstract"},
        {"[:1", "neither a name"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_THAT(problem_of(parse_listener(text)), HasSubstr(expected)) << text;
}

TEST(Guest, HasAFormForEachWayToAPort) {
    const std::tuple<const char*, Guest::Kind, Address> cases[] = {
        {"unix:/a", Guest::Kind::unix_connect, {{}, 0, "/a"}},
        {"unix-listen:rel/a", Guest::Kind::unix_listen, {{}, 0, "rel/a"}},
        {"pty:/dev/pts/4", Guest::Kind::pty, {{}, 0, "/dev/pts/4"}},
        {"tcp:h:1", Guest::Kind::tcp_connect, {"h", 1, {}}},
        {"tcp:[::1]:1", Guest::Kind::tcp_connect, {"::1", 1, {}}},
        {"tcp-listen:127.0.0.1:0", Guest::Kind::tcp_listen, {"127.0.0.1", 0, {}}},
    };
    for (const auto& [text, kind, address] : cases) {
        const auto guest = parse_guest(text);
        ASSERT_TRUE(guest) << text;
        EXPECT_EQ(guest->kind, kind) << text;
        EXPECT_EQ(guest->address, address) << text;
        EXPECT_EQ(guest->text, text);
    }
}

TEST(Guest, IsAnInheritedDescriptor) {
    const auto guest = parse_guest("fd:3");
    ASSERT_TRUE(guest);
    EXPECT_EQ(guest->kind, Guest::Kind::fd);
    EXPECT_EQ(guest->fd, 3);
    for (const auto* text : {"fd:", "fd:-1", "fd:1", "fd:2", "fd:x", "fd:3x", "fd:99999999999"})
        EXPECT_FALSE(parse_guest(text)) << text;
}

TEST(Guest, ADomainIsTheMachineAndNotItsGuest) {
    VmConfig vm;
    set_guest(vm, *parse_guest("libvirt:odd name"));
    EXPECT_EQ(vm.domain, "odd name");
    EXPECT_FALSE(vm.guest);
    set_guest(vm, *parse_guest("unix:/a"));
    EXPECT_EQ(vm.domain, "");
    EXPECT_TRUE(vm.guest);
    EXPECT_THAT(problem_of(parse_guest("libvirt:")), HasSubstr("no domain"));
    EXPECT_THAT(problem_of(parse_channel("libvirt:a")), HasSubstr("not the host end of a port"));
}

TEST(Guest, SaysWhatIsWrongWithTheText) {
    const std::tuple<const char*, const char*> cases[] = {
        {"", "not the host end"},     {"/run/x.sock", "not the host end"},
        {"unix", "not the host end"}, {"UNIX:/a", "not the host"},
        {"pty:4", "whole path"},      {"tcp:h", "no port"},
        {"tcp:h:0", "1 to 65535"},    {"tcp-listen::1", "no host"},
    };
    for (const auto& [text, expected] : cases) EXPECT_THAT(problem_of(parse_guest(text)), HasSubstr(expected)) << text;
}

TEST(Display, IsVncOverTcpOrAUnixSocket) {
    const auto tcp = parse_display("vnc:127.0.0.1:5901");
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->address, (Address{"127.0.0.1", 5901, {}}));
    EXPECT_EQ(tcp->text, "vnc:127.0.0.1:5901");
    const auto socket = parse_display("vnc+unix:/run/vnc.sock");
    ASSERT_TRUE(socket);
    EXPECT_EQ(socket->address.path, "/run/vnc.sock");
    for (const auto* text : {"", "vnc", "vnc:", "vnc:h", "vnc:h:0", "vnc+unix:", "rdp:h:1"})
        EXPECT_FALSE(parse_display(text)) << text;
}

TEST(VmName, IsAPartOfUrls) {
    EXPECT_TRUE(parse_vm_name("Web-1.example_x"));
    EXPECT_TRUE(parse_vm_name(std::string(64, 'a')));
    for (const auto& text : {std::string{}, std::string(65, 'a'), std::string{"a b"}, std::string{"a/b"},
                             std::string{"."}, std::string{".."}, std::string{"é"}, std::string{"a\n"}})
        EXPECT_FALSE(parse_vm_name(text)) << text;
}

TEST(LocalAddress, IsReachableFromThisMachineOnly) {
    for (const auto* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/a"})
        EXPECT_TRUE(is_local(*parse_listener(text))) << text;
    for (const auto* text : {"0.0.0.0:1", "[::]:1", "128.0.0.1:1", "example.org:1", "127.example.org:1"})
        EXPECT_FALSE(is_local(*parse_listener(text))) << text;
}

TEST(Host, IsANameOrAnAddressWithoutAPort) {
    for (const auto* text : {"a", "vm.example.org", "192.0.2.1", "2001:db8::1"}) EXPECT_EQ(*parse_host(text), text);
    EXPECT_EQ(*parse_host("[::1]"), "::1");
    for (const auto* text : {"", "a:1", "[a]", "[]", "::1:x", "[::1]:1", "a b", "a/b", "fe80::1%eth0"})
        EXPECT_FALSE(parse_host(text)) << text;
}

TEST(SpiceGuest, HasOptionsBehindAQuestionMark) {
    const auto guest =
        parse_guest("spice+tls:host:5901?user=alice@example&password-file=/p&ca-file=/c&host-subject=CN=x");
    ASSERT_TRUE(guest);
    EXPECT_EQ(guest->user, "alice@example");
    EXPECT_EQ(guest->password_file, "/p");
    EXPECT_EQ(guest->ca_file, "/c");
    EXPECT_EQ(guest->host_subject, "CN=x");
    for (const auto* text : {"spice:host:5900?user=alice", "spice+unix:/run/s?user=alice"}) {
        const auto plain = parse_guest(text);
        ASSERT_TRUE(plain) << text;
        EXPECT_EQ(plain->user, "alice");
    }
}

TEST(SpiceGuest, SaysWhatIsWrongWithAnOption) {
    EXPECT_THAT(problem_of(parse_guest("spice:host:1?username=a")), HasSubstr("there are user, password-file"));
    EXPECT_THAT(problem_of(parse_guest("spice:host:1?user=")), HasSubstr("user has no value"));
    EXPECT_THAT(problem_of(parse_guest("spice:host:1?ca-file=/c")), HasSubstr("ca-file is for spice+tls:"));
    EXPECT_THAT(problem_of(parse_guest("tcp:host:1?user=a")), HasSubstr("port"));
}

TEST(SpiceGuest, WrittenAsAUrlIsToldHowToBeWritten) {
    EXPECT_THAT(problem_of(parse_guest("spice://host:5900")), HasSubstr("write spice:HOST:PORT, without //"));
    EXPECT_THAT(problem_of(parse_guest("spice+tls://host:5900")), HasSubstr("write spice+tls:HOST:PORT, without //"));
    EXPECT_THAT(problem_of(parse_display("vnc://host:5900")), HasSubstr("write vnc:HOST:PORT, without //"));
}

}  // namespace
}  // namespace vmcbridge::control
