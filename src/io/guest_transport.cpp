#include "src/io/guest_transport.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::io {
namespace {

using Factory = std::unique_ptr<GuestTransport> (*)(net::io_context&, const Guest&, TransportOwner);

struct Row {
    Guest::Kind kind;
    Factory make;
};

constexpr std::array registry{
    Row{Guest::Kind::unix_connect, make_unix_transport}, Row{Guest::Kind::unix_listen, make_listening_transport},
    Row{Guest::Kind::tcp_connect, make_tcp_transport},   Row{Guest::Kind::tcp_listen, make_listening_transport},
    Row{Guest::Kind::pty, make_pty_transport},           Row{Guest::Kind::fd, make_fd_transport},
    Row{Guest::Kind::spice, make_spice_transport},       Row{Guest::Kind::spice_tls, make_spice_transport},
    Row{Guest::Kind::spice_unix, make_spice_transport},
};

}  // namespace

std::unique_ptr<GuestTransport> make_guest_transport(net::io_context& context, const Guest& guest,
                                                     TransportOwner owner) {
    const auto* row = std::ranges::find(registry, guest.kind, &Row::kind);
    return row->make(context, guest, std::move(owner));
}

}  // namespace vmcbridge::io
