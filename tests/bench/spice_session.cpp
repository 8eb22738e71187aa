#include "tests/bench/spice_session.hpp"

#include "tests/bench/guest_wire.hpp"
#include "tests/bench/spice_wire.hpp"

#include <spice/enums.h>

#include <utility>

namespace vmcbridge::bench {
namespace {

constexpr std::uint32_t server_session = 0x5e551011;

void send_main(int fd, std::uint16_t type, Bytes body) {
    std::vector<std::byte> message;
    append_main_message(message, type, body);
    send_all(fd, message);
}

/// Plays the server's main channel until its channels are known.
void serve_main(int fd) {
    std::vector<std::byte> init;
    for (const std::uint32_t word : {server_session, 1U, 1U, 1U, 0U, 0U, 0U, 0U}) append_u32(init, word);
    send_main(fd, SPICE_MSG_MAIN_INIT, init);
    MainReader reader{fd};
    while (reader.next().type != SPICE_MSGC_MAIN_ATTACH_CHANNELS) continue;
    std::vector<std::byte> channels;
    append_u32(channels, 2);
    for (const int each : {+SPICE_CHANNEL_DISPLAY, 0, +SPICE_CHANNEL_INPUTS, 0})
        channels.push_back(static_cast<std::byte>(each));
    send_main(fd, SPICE_MSG_MAIN_CHANNELS_LIST, channels);
}

/// The viewer's main channel, until it has the session; its id.
std::uint32_t view_main(int fd) {
    MainReader reader{fd};
    const auto init = reader.next();
    if (init.type != SPICE_MSG_MAIN_INIT) throw Failure{"the relay does not begin with INIT"};
    const auto session = read_u32(init.body, 0);
    send_main(fd, SPICE_MSGC_MAIN_ATTACH_CHANNELS, {});
    for (;;) {  // the list comes again when the server's is known
        const auto message = reader.next();
        if (message.type == SPICE_MSG_MAIN_CHANNELS_LIST && read_u32(message.body, 0) == 2) return session;
    }
}

}  // namespace

SpiceSession::SpiceSession(Fd server, std::uint16_t port)
    : listener_{std::move(server)}, port_{port}, key_{make_public_key()}, server_main_{accept_one(listener_)} {
    answer_link(server_main_.get(), key_);
    let_in(server_main_.get());
    serve_main(server_main_.get());
    viewer_main_ = connect_tcp(port);
    link_main_channel(viewer_main_.get());
    session_ = view_main(viewer_main_.get());
}

SpiceSession::Channel SpiceSession::open(std::uint8_t type) const {
    Channel channel;
    channel.viewer = connect_tcp(port_);
    ask_for_channel(channel.viewer.get(), {session_, type});
    channel.server = accept_one(listener_);
    answer_link(channel.server.get(), key_);
    log_in(channel.viewer.get());
    let_in(channel.server.get());
    expect_in(channel.viewer.get());
    return channel;
}

}  // namespace vmcbridge::bench
