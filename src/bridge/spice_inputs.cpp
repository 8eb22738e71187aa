#include "src/bridge/spice_inputs.hpp"

#include "proto/limits.hpp"
#include "proto/spice/compose.hpp"

#include <spice/enums.h>

namespace vmcbridge::bridge {
namespace {

/// dx i32 | dy i32 | buttons u16
constexpr std::size_t motion_body = 10;
/// Up to here types mean the same on all channels.
constexpr spice::MessageType common_messages = 100;

enum class Verdict { pass, hold, still };

/// What a viewer without the right may say: what belongs to the channel, and that it lets go.
Verdict judge(spice::MessageType type) {
    switch (type) {
        case SPICE_MSGC_INPUTS_KEY_UP:
        case SPICE_MSGC_INPUTS_MOUSE_RELEASE: return Verdict::pass;
        case SPICE_MSGC_INPUTS_MOUSE_MOTION:
        case SPICE_MSGC_INPUTS_MOUSE_POSITION: return Verdict::still;
        default: return type <= common_messages ? Verdict::pass : Verdict::hold;
    }
}

}  // namespace

std::optional<std::size_t> SpiceInputs::limit(spice::MessageType) { return limits::spice_inputs_body; }

std::optional<std::string> SpiceInputs::handle_client(Bytes bytes, bool may_input, std::vector<std::byte>& out) {
    for (;;) {
        const auto message = reader_.next(bytes);
        if (!message) return "inputs channel: " + to_text(message.error());
        if (!*message) return std::nullopt;
        const auto& [type, body] = **message;
        const auto verdict = may_input ? Verdict::pass : judge(type);
        if (verdict == Verdict::pass)
            spice::compose(type, header_, out, [&](Writer& to) { to.bytes(body); });
        else if (verdict == Verdict::still)
            spice::compose(SPICE_MSGC_INPUTS_MOUSE_MOTION, header_, out, [](Writer& to) { to.zeros(motion_body); });
    }
}

}  // namespace vmcbridge::bridge
