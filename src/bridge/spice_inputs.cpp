#include "src/bridge/spice_inputs.hpp"

#include "proto/limits.hpp"
#include "proto/spice/compose.hpp"
#include "proto/spice/link.hpp"

#include <algorithm>

namespace vmcbridge::bridge {
namespace {

/// dx i32 | dy i32 | buttons u16
constexpr std::size_t motion_body = 10;
/// button u8 | buttons u16
constexpr std::size_t release_body = 3;
/// scan codes u8[4], up to the first 0
constexpr std::size_t key_body = 4;
constexpr std::byte released{0x80};

/// The server pushes the codes of both types alike: it is the code that says whether the key goes down.
bool is_release(Bytes codes) noexcept {
    if (codes.size() != key_body) return false;
    const auto sent = codes.first(static_cast<std::size_t>(std::ranges::find(codes, std::byte{0}) - codes.begin()));
    return std::ranges::all_of(sent, [](std::byte code) { return (code & released) != std::byte{0}; });
}

/// Goes on to the server where its viewer has no right: what belongs to the channel, and that it lets go.
enum class Verdict : unsigned char {
    pass,
    hold,
    still,   ///< a motion of no distance in its place
    let_go,  ///< the release of all buttons in its place: the server believes which of them are down, too
};

bool is_press(const spice::Message& message) noexcept {
    return message.type == SPICE_MSGC_INPUTS_KEY_DOWN || message.type == SPICE_MSGC_INPUTS_KEY_SCANCODE ||
           message.type == SPICE_MSGC_INPUTS_MOUSE_PRESS;
}

Verdict judge(const spice::Message& message) {
    switch (message.type) {
        case SPICE_MSGC_INPUTS_KEY_UP: return is_release(message.body) ? Verdict::pass : Verdict::hold;
        case SPICE_MSGC_INPUTS_MOUSE_RELEASE: return Verdict::let_go;
        case SPICE_MSGC_INPUTS_MOUSE_MOTION:
        case SPICE_MSGC_INPUTS_MOUSE_POSITION: return Verdict::still;
        case SPICE_MSGC_ACK_SYNC:
        case SPICE_MSGC_ACK:
        case SPICE_MSGC_PONG:
        case SPICE_MSGC_DISCONNECTING: return Verdict::pass;
        default: return Verdict::hold;
    }
}

}  // namespace

std::optional<std::size_t> SpiceInputs::limit(spice::MessageType) { return limits::spice_inputs_body; }

std::optional<std::string> SpiceInputs::handle_client(Bytes bytes, bool may_input, std::vector<std::byte>& out) {
    for (;;) {
        const auto message = reader_.next(bytes);
        if (!message) return "inputs channel: " + to_text(message.error());
        if (!*message) return std::nullopt;
        const auto& given = **message;
        const auto put = [&](spice::MessageType type, std::size_t size) {
            spice::compose(type, header_, out, [size](Writer& to) { to.zeros(size); });
        };
        if (may_input)
            holds_ = held_is_news_ = false;
        else if (is_press(given) && !std::exchange(holds_, true))
            held_is_news_ = true;
        switch (may_input ? Verdict::pass : judge(given)) {
            case Verdict::pass:
                spice::compose(given.type, header_, out, [&](Writer& to) { to.bytes(given.body); });
                break;
            case Verdict::still: put(SPICE_MSGC_INPUTS_MOUSE_MOTION, motion_body); break;
            case Verdict::let_go: put(SPICE_MSGC_INPUTS_MOUSE_RELEASE, release_body); break;
            case Verdict::hold: break;
        }
    }
}

}  // namespace vmcbridge::bridge
