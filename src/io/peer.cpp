#include "src/io/peer.hpp"

#include "src/io/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace vmcbridge::io {
namespace {

constexpr std::size_t most_groups = 256;
constexpr std::size_t v6_network = 8;  // bytes: one household or machine has a /64 to itself

std::string text_of(int family, const void* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, address, text.data(), text.size()) == nullptr ? "?" : text.data();
}

}  // namespace

Peer peer_of(int socket, bool admin) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Peer peer{.text = "?", .address = "?", .admin = admin, .tcp = true};
    if (getpeername(socket, static_cast<sockaddr*>(static_cast<void*>(&storage)), &size) != 0) return peer;
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        peer.address = text_of(AF_INET, &v4.sin_addr);
        peer.text = to_text(Address{.host = peer.address, .port = ntohs(v4.sin_port), .path = {}});
    } else if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        peer.text = to_text(Address{.host = text_of(AF_INET6, &v6.sin6_addr), .port = ntohs(v6.sin6_port), .path = {}});
        std::fill(std::begin(v6.sin6_addr.s6_addr) + v6_network, std::end(v6.sin6_addr.s6_addr), 0);
        peer.address = text_of(AF_INET6, &v6.sin6_addr);
    } else {
        peer.tcp = false;
        ucred credentials{};
        socklen_t length = sizeof credentials;
        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;
        peer.address = "uid " + std::to_string(credentials.uid);
        peer.text = "pid " + std::to_string(credentials.pid) + ' ' + peer.address;
    }
    return peer;
}

bool may_administrate(int socket, const std::string& path) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
    if (credentials.uid == 0 || credentials.uid == ::geteuid()) return true;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return false;
    if (credentials.gid == status.st_gid) return true;
    std::array<gid_t, most_groups> groups{};
    size = sizeof groups;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
    const auto count = static_cast<std::ptrdiff_t>(size / sizeof(gid_t));
    return std::find(groups.begin(), groups.begin() + count, status.st_gid) != groups.begin() + count;
}

}  // namespace vmcbridge::io
