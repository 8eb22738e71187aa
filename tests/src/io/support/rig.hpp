#pragma once

#include "src/io/data_plane.hpp"
#include "src/io/server.hpp"
#include "src/io/vm_registry.hpp"
#include "tests/src/io/support/frames.hpp"
#include "tests/src/io/support/loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <map>
#include <string>

namespace vmcbridge::io::test {

/// A plain blocking socket of the test, with a deadline on every call.
class Wire {
public:
    explicit Wire(UniqueFd fd) : fd_{std::move(fd)} {
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    static Wire tcp(std::uint16_t port) {
        UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd.get(), static_cast<const sockaddr*>(static_cast<const void*>(&to)), sizeof to), 0);
        return Wire{std::move(fd)};
    }
    static Wire local(const std::string& path) {
        UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
        EXPECT_EQ(::connect(fd.get(), static_cast<const sockaddr*>(static_cast<const void*>(&to)), sizeof to), 0)
            << path;
        return Wire{std::move(fd)};
    }

    void write(std::string_view text) {
        while (!text.empty()) {
            const auto count = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count <= 0) return;  // the peer has closed; reading tells
            text.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// At least one byte, or empty at the end.
    std::string read_some(std::size_t most = 65536) {
        std::string out(most, '\0');
        const auto count = ::recv(fd_.get(), out.data(), out.size(), 0);
        out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return out;
    }
    std::string read(std::size_t size) {
        std::string out;
        while (out.size() < size) {
            const auto piece = read_some(size - out.size());
            if (piece.empty()) break;
            out += piece;
        }
        return out;
    }
    std::string read_until(std::string_view end) {
        std::string out;
        while (!out.ends_with(end)) {
            const auto byte = read(1);
            if (byte.empty()) break;
            out += byte;
        }
        return out;
    }
    std::string read_all() {
        std::string out;
        for (auto piece = read_some(); !piece.empty(); piece = read_some()) out += piece;
        return out;
    }
    void finish_writing() { ::shutdown(fd_.get(), SHUT_WR); }
    int native() const { return fd_.get(); }

private:
    UniqueFd fd_;
};

/// An answer, by its head and body.
struct Answer {
    std::string head;
    std::string body;
    [[nodiscard]] unsigned status() const { return static_cast<unsigned>(std::stoul("0" + head.substr(9, 3))); }
};

inline Answer read_answer(Wire& wire) {
    Answer out{.head = wire.read_until("\r\n\r\n"), .body = {}};
    const auto at = out.head.find("Content-Length: ");
    if (at != std::string::npos) out.body = wire.read(std::stoul(out.head.substr(at + 16)));
    return out;
}

/// A WebSocket of the test.
class SocketClient {
public:
    SocketClient(Wire wire, std::string_view path, std::string_view subprotocol, std::string_view more = {})
        : wire_{std::move(wire)} {
        std::string request = "GET " + std::string{path} +
                              " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        if (!subprotocol.empty()) request += "Sec-WebSocket-Protocol: " + std::string{subprotocol} + "\r\n";
        wire_.write(request + std::string{more} + "\r\n");
        head = wire_.read_until("\r\n\r\n");
    }
    /// Opcode and payload of the next frame; opcode 0 at the end.
    std::pair<unsigned, std::string> next() {
        const auto first = wire_.read(2);
        if (first.size() < 2) return {0, {}};
        std::size_t size = static_cast<unsigned char>(first[1]) & 0x7fU;
        if (size >= 126) {
            const auto length = wire_.read(size == 126 ? 2 : 8);
            size = 0;
            for (const char byte : length) size = size << 8U | static_cast<unsigned char>(byte);
        }
        return {static_cast<unsigned char>(first[0]) & 0xfU, wire_.read(size)};
    }
    void send(unsigned first_byte, std::string_view payload) {
        wire_.write(websocket::client_frame(first_byte, payload));
    }
    Wire& wire() { return wire_; }
    [[nodiscard]] bool is_open() const { return head.starts_with("HTTP/1.1 101"); }

    std::string head;

private:
    Wire wire_;
};

/// "1001 stopping" of a close frame's payload.
inline std::string close_text(const std::string& payload) {
    if (payload.size() < 2) return "none";
    const auto code = static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
    return std::to_string(code) + ' ' + payload.substr(2);
}

/// The data plane with its machines and its server, on free ports.
class Rig {
public:
    explicit Rig(std::map<std::string, VmConfig> vms, ServerConfig config = {})
        : server{plane, registry, with(std::move(config), vms)} {
        for (auto& [name, vm] : vms) vm.name = name;
        registry.apply(vms);
        server.set_machines(vms);
        auto started = server.start();
        EXPECT_TRUE(started.has_value()) << started.error();
        port = started->front().address.port;
        plane.start();
    }
    ~Rig() { stop(); }
    bool stop() {
        if (std::exchange(stopped_, true)) return true;
        const bool requests = server.stop(3s);
        const bool machines = registry.stop(3s);
        plane.stop();
        return requests && machines;
    }
    Wire http() const { return Wire::tcp(port); }
    Answer get(const std::string& path, const std::string& method = "GET") const {
        auto wire = http();
        wire.write(method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        return read_answer(wire);
    }

    DataPlane plane{2};
    VmRegistry registry{plane};
    Server server;
    std::uint16_t port = 0;

private:
    static Config with(ServerConfig server, const std::map<std::string, VmConfig>& vms) {
        server.listen = {{.host = "127.0.0.1", .port = 0, .path = {}}};
        return {.server = std::move(server), .sources = {}, .vms = vms, .spice_passwords = {}};
    }
    bool stopped_ = false;
};

}  // namespace vmcbridge::io::test
